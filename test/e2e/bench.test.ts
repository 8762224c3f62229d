import { expect, test } from "vitest";
import { start } from "../support/command.ts";

test.each([
  [["--fast"], "UsageError: Unknown argument: fast; see --help\n"],
  [["--only", "nothing"], /^UsageError: Invalid values: Argument: only, Given: "nothing", Choices: .*; see --help\n$/],
])("bench %j ends with exit code 2 and one line", async (args, err) => {
  expect(await start("bench/main.ts", args).ended).toEqual({
    code: 2,
    out: "",
    err: typeof err === "string" ? err : expect.stringMatching(err),
  });
});
