import { expect, it } from "vitest";
import { archive } from "../../bench/archive.ts";

// Ratios and memory hold on a busy machine as well; rates of text are for `npm run bench`.
it("a tenth of a month of all AWS is imported in bounded memory, split far faster than fast-csv, and opened as fast as a hundredth", async () => {
  const results = await archive.run({ quick: process.env.CI === undefined, full: false });
  const of = (part: string) => results.find(({ name }) => name.includes(part))!.value;
  expect(of("memory at most")).toBeLessThan(1.5);
  expect(of("against fast-csv")).toBeGreaterThan(3);
  expect(of("opening one market's day")).toBeLessThan(2.5);
}, 400_000);
