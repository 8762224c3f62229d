import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    // One more than the cores: many of these wait for processes of their own.
    maxWorkers: availableParallelism() + 1,
    reporters: ["default"],
  },
});
