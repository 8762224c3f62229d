import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { root } from "../rules/project-files.ts";
import { start } from "../support/command.ts";

it("every command of the page on live operation is one that the command line knows, with the options that the page gives it", async () => {
  const page = readFileSync(`${root}/docs/live.md`, "utf8");
  const typed = [...page.matchAll(/^ {4}npm run (orchestrate|promote) -- (.+)$/gm)].map(([, script, line]) =>
    script === "promote" ? `promote ${line}` : line!,
  );
  expect(typed.length).toBeGreaterThan(9);
  const options = new Map<string, Set<string>>();
  for (const line of typed) {
    const [command] = line.split(" ") as [string];
    const known = options.get(command) ?? new Set();
    for (const [option] of line.matchAll(/--[a-z-]+/g)) known.add(option);
    options.set(command, known);
  }
  for (const [command, given] of options) {
    const { code, out } = await start("orchestrator/main.ts", [command, "--help"]).ended;
    expect(code, command).toBe(0);
    expect(out, command).toMatch(new RegExp(`^npm run orchestrate -- ${command} `, "m"));
    for (const option of given) expect(out, `${command} ${option}`).toContain(option);
  }
}, 60_000);
