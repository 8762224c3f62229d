import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunRecord } from "../../experiments/record.ts";
import { scratchFolder, studyFile } from "../experiments/support/studies.ts";
import { root } from "../rules/project-files.ts";
import { start } from "../support/command.ts";

const run = (args: readonly string[]) => start("experiments/main.ts", args).ended;
const read = (folder: string, file: string) => readFileSync(join(folder, file), "utf8");
const records = (folder: string) =>
  read(folder, "runs.ndjson")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunRecord & { readonly error?: string; readonly fingerprint?: string });

/** The small study with these policies beside it, as files and as its lines name them. */
function studyWith(files: Readonly<Record<string, string>>, entries: readonly string[]): string {
  const lines = entries.map((entry) => `  - { ${entry}, assignment: earliest-node }\n`).join("");
  const study = studyFile([["baseline:", `${lines}baseline:`]]);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dirname(study), file), text);
  return study;
}

describe("a policy in another language", () => {
  test("takes part: same bytes with one worker and two, marked in record, manifest and report; what ends fails alone", async () => {
    const study = studyWith(
      { "ends.py": "from workbench import run\nrun(lambda view, *_: exit(f'no way at {view.nowS}'))\n" },
      ["id: python, scheduling: { name: ./greedy.py, params: { retryS: 60 } }", "id: ends, scheduling: ./ends.py"],
    );
    cpSync(join(root, "test", "experiments", "bridge", "greedy.py"), join(dirname(study), "greedy.py"));
    const [one, two] = [scratchFolder(), scratchFolder()];
    expect(await run([study, "--jobs", "1", "--out", one])).toMatchObject({ code: 1 });
    expect(await run([study, "--jobs", "2", "--out", two])).toMatchObject({ code: 1 });
    expect(read(two, "runs.ndjson")).toBe(read(one, "runs.ndjson"));

    const of = (id: string) => records(one).filter(({ spec }) => spec.policyId === id);
    expect(of("python").map(({ fingerprint }) => fingerprint)).toEqual(
      of("greedy").map(({ fingerprint }) => fingerprint),
    );
    expect(of("python")).toMatchObject([
      { ok: true, assumptions: expect.arrayContaining([expect.stringContaining("in another language")]) },
      { ok: true },
    ]);
    expect(of("ends").map(({ error }) => error)).toEqual(
      Array.from({ length: 2 }, () =>
        expect.stringMatching(
          /^ForeignPolicyError: \.\/ends\.py: at \S+ s, it ended \(exit code 1\); its last words: no way at/,
        ),
      ),
    );
    const { ownPolicies } = JSON.parse(read(one, "manifest.json")) as { readonly ownPolicies: unknown };
    expect(ownPolicies).toEqual([
      {
        policyId: "python",
        policy: "./greedy.py",
        foreign: expect.stringMatching(/^CPython 3\.\d+\.\d+, in a process of its own$/),
        laws: "kept",
      },
      expect.objectContaining({ policyId: "ends" }),
    ]);
    expect(read(one, "report.html")).toMatch(
      /<li>python is .\/greedy\.py, run by CPython [\d.]+, in a process of its own: slow/,
    );
  }, 180_000);

  test("that cannot begin is told before anything is run, where the study names it", async () => {
    const study = studyWith({ "none.py": "import not_there\n" }, [
      "id: none, scheduling: ./none.py",
      "id: bad, scheduling: { command: [./none.py, ./not-there] }",
    ]);
    const missing = await run([study, "--out", scratchFolder()]);
    expect(missing.err).toMatch(/study\.yaml:\d+:\d+: policies\.3\.scheduling: there is no file .*not-there; correct/);
    writeFileSync(join(dirname(study), "not-there"), "");
    const { code, err } = await run([study, "--out", scratchFolder()]);
    expect(err).toMatch(
      /^StudyError: .*policies\.2\.scheduling: \.\/none\.py: it ended \(exit code 1\); its last words: ModuleNotFoundError: No module named 'not_there'$/m,
    );
    expect(err).toMatch(/policies\.3\.scheduling: .*cannot be started \(EACCES\)/);
    expect(code).toBe(2);
  });
});

describe("a policy of the user's own is held against the laws of the contract before the sweep", () => {
  const CHANCE =
    "import random\nfrom workbench import run\nrun(lambda view, act, *_: act.wakeAt(view.nowS + random.randint(1, 900)))\n";

  test("one that breaks one is told with the law and the seed, and nothing is run; unless it is said, which the report tells", async () => {
    const study = studyWith({ "chance.py": CHANCE }, ["id: chance, scheduling: ./chance.py"]);
    const out = scratchFolder();
    const { code, err } = await run([study, "--out", out]);
    expect(err).toMatch(
      /^StudyError: .*policies\.2\.scheduling: \.\/chance\.py breaks a law of the contract on one-zone\/seed [12]\/0: it is reproducible: run twice in the same world, it does something else; mend it, or say --skip-laws/m,
    );
    expect(code).toBe(2);
    const small = ["--set", "traces.one-zone.windows.lengthH=1", "--set", "workload.params.arrivals.spanH=1"];
    await run([study, "--skip-laws", "--out", out, ...small]);
    expect(read(out, "report.html")).toContain("chance (./chance.py) was not held against the contract");
  });
});
