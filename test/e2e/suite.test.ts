import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { preparedStudy } from "../../experiments/prepared-study.ts";
import { loadStudy } from "../../experiments/study.ts";
import type { Scoreboard } from "../../experiments/suite/scoreboard.ts";
import { worldOf } from "../../experiments/suite/suite-file.ts";
import { scratchFolder, studyFile } from "../experiments/support/studies.ts";
import { root } from "../rules/project-files.ts";
import { start } from "../support/command.ts";

test("a policy of one's own enters a suite: its row says what it is; looks at what confirms add up; a changed suite is refused", async () => {
  const study = studyFile([
    ["seeds: 2", "seeds: 12"],
    ["primary:", "confirmShare: 0.5\nprimary:"],
  ]);
  const { settings, traces } = worldOf(await preparedStudy(loadStudy(study), root));
  const suite = join(dirname(study), "suite.yaml");
  const track = `tracks: [{ id: small, study: study.yaml, settings: ${settings}, traces: ${traces} }]`;
  writeFileSync(suite, `suite: tiny\nabout: a test\n${track}\n`);
  const cwd = scratchFolder();
  cpSync(join(root, "test", "experiments", "bridge", "greedy.py"), join(cwd, "mine.py"));
  const run = (...args: readonly string[]) => start("experiments/main.ts", ["suite", suite, ...args], { cwd }).ended;

  const { code, out } = await run("--policy", "./mine.py");
  expect(code).toBe(0);
  expect(out).toMatch(/^small, usdPerWorkHour \(against on-demand, confirmed\):$/m);
  expect(out).toContain("scoreboard: results/tiny/scoreboard.json");
  const board = () => JSON.parse(readFileSync(join(cwd, "results", "tiny", "scoreboard.json"), "utf8")) as Scoreboard;
  const [onDemand, greedy, mine] = board().rows;
  expect(onDemand).toMatchObject({ track: "small", policyId: "on-demand", confirmed: null, units: 6 });
  // The same policy in another language: the same numbers, by other code.
  expect(mine).toMatchObject({ policyId: "mine", settings, traces, looks: 1, value: greedy!.value });
  expect(mine!.confirmed!.mean).toBe(greedy!.confirmed!.mean);
  expect(mine!.policyDigest).not.toBe(greedy!.policyDigest);

  writeFileSync(join(cwd, "mine.py"), `${readFileSync(join(cwd, "mine.py"), "utf8")}\n# tuned\n`);
  expect(await run("--policy", "./mine.py", "--skip-laws")).toMatchObject({ code: 0 });
  const tuned = board().rows.filter(({ policyId }) => policyId === "mine");
  expect(tuned.map(({ looks }) => looks)).toEqual([1, 2]);

  const told = await run("--track", "smal");
  expect(told).toMatchObject({ code: 2, err: expect.stringContaining("did you mean small?") });
  expect(await run("--set", "drainH=1")).toMatchObject({ code: 2, err: expect.stringContaining("a suite is frozen") });
  writeFileSync(study, readFileSync(study, "utf8").replace("drainH: 12", "drainH: 11"));
  const other = scratchFolder();
  const changed = await run("--out", join(other, "out"));
  expect(changed.err).toMatch(
    /^SuiteError: tiny, small: its settings come to \w+, and \w+ was frozen; restore its study/,
  );
  expect({ code: changed.code, existing: existsSync(join(other, "out")) }).toEqual({ code: 2, existing: false });
}, 240_000);
