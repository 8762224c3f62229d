import { afterEach, describe, expect, test, vi } from "vitest";
import { adviseCommand } from "../../experiments/advice/cli.ts";
import { backtestCommand } from "../../experiments/backtest/cli.ts";
import { compareResults } from "../../experiments/compare-results.ts";
import { workerCommand } from "../../experiments/queue/cli.ts";
import { validateCommand } from "../../experiments/validation/cli.ts";
import { reportCommand } from "../../reports/command.ts";

afterEach(() => void vi.restoreAllMocks());

describe("asked for its help, a command", () => {
  test.each([
    ["advise", adviseCommand],
    ["backtest", backtestCommand],
    ["worker", workerCommand],
    ["validate", validateCommand],
    ["report", (args: readonly string[]) => reportCommand(args, compareResults)],
  ] as const)("%s prints it, complains of nothing that is missing, and ends well", async (name, command) => {
    const out = vi.spyOn(console, "log").mockReturnValue();
    const err = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await command(["--help"])).toBe(0);
    expect(out.mock.calls.flat().join("\n")).toMatch(new RegExp(`^npm run ${name} -- `));
    expect(err).not.toHaveBeenCalled();
  });
});
