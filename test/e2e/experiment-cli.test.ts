import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { scratchFolder, studyFile } from "../experiments/support/studies.ts";
import { root } from "../rules/project-files.ts";
import { copiedTree, type Ended, start } from "../support/command.ts";

// The command itself, as a process, on the real engine. Everything lies in folders that are gone afterwards.

const startExperiment = (args: readonly string[], tree = root) => start("experiments/main.ts", args, { tree });
const run = (args: readonly string[], tree?: string): Promise<Ended> => startExperiment(args, tree).ended;

const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");
const records = (folder: string) =>
  read(folder, "runs.ndjson")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const storedIn = (folder: string): number =>
  existsSync(join(folder, "cells.ndjson")) ? read(folder, "cells.ndjson").split("\n").length - 2 : 0;

/** Waits for a condition while a process runs; one that ends before is an error, not a wait without end. */
async function until(holds: () => boolean, ended: Promise<Ended>): Promise<void> {
  let end: Ended | undefined;
  void ended.then((early) => {
    end = early;
  });
  while (!holds()) {
    if (end !== undefined) throw new Error(`ended too early: ${JSON.stringify(end)}`);
    await sleep(5);
  }
}

/** Twelve seeds of a fleet that takes some tens of milliseconds a cell. */
const longStudy = () =>
  studyFile([
    ["seeds: 2", "seeds: 12"],
    ["tasks: 20", "tasks: 2500"],
  ]);

describe("a run", () => {
  test("ends in a results folder, a ranked table and the path of a report; again, nothing is run", async () => {
    const out = join(scratchFolder(), "results");
    const first = await run([studyFile(), "--out", out]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.err).toContain("2  greedy: never run");
    expect(first.out).toMatch(/│ +1 │ greedy/);
    expect(first.out.trimEnd().split("\n").at(-1)).toBe(`report: ${join(out, "report.html")}`);
    expect(readdirSync(out).sort()).toEqual(
      ["cells.ndjson", "manifest.json", "report.html", "runs.ndjson", "summary.csv", "summary.json"].concat([
        "sweep.json",
        "timeline-1.json",
        "timeline-2.json",
        "timings.ndjson",
      ]),
    );
    expect(records(out).map(({ spec, ok }) => [spec.unit, spec.policyId, ok])).toEqual([
      ["seed 1", "on-demand", true],
      ["seed 1", "greedy", true],
      ["seed 2", "on-demand", true],
      ["seed 2", "greedy", true],
    ]);
    expect(JSON.parse(read(out, "manifest.json"))).toMatchObject({
      node: process.versions.node,
      seeds: { count: 2, first: "one-zone/seed 1/0", last: "one-zone/seed 2/0" },
      config: { baseline: "on-demand", drainH: 12 },
      traces: [{ name: "one-zone", generate: { preset: "synkti-seed" } }],
    });
    expect(read(out, "report.html")).toMatch(/<\/html>\s*$/);
    expect(JSON.parse(read(out, "timeline-1.json"))).toMatchObject({ policyId: "greedy", unit: "seed 1" });

    const before = read(out, "runs.ndjson");
    const again = await run([studyFile(), "--out", out]);
    expect(again.code).toBe(0);
    expect(again.err).toContain("4 stored");
    expect(again.err).toContain("0 to run");
    expect(read(out, "runs.ndjson")).toBe(before);
  });

  test("comes to the same bytes with one worker, with two, and killed in the middle and run again", {
    timeout: 120_000,
  }, async () => {
    const study = longStudy();
    const [one, two, killed] = [scratchFolder(), scratchFolder(), scratchFolder()];
    expect(await run([study, "--jobs", "1", "--out", one])).toMatchObject({ code: 0 });
    expect(records(one)).toHaveLength(24);
    expect(await run([study, "--jobs", "2", "--out", two])).toMatchObject({ code: 0 });

    const { child, ended } = startExperiment([study, "--out", killed]);
    await until(() => storedIn(killed) >= 5, ended);
    child.kill("SIGKILL");
    await ended;
    const kept = storedIn(killed);
    expect(kept).toBeLessThan(24);
    expect(existsSync(join(killed, "runs.ndjson"))).toBe(false);
    const resumed = await run([study, "--out", killed]);
    expect(resumed.code).toBe(0);
    expect(resumed.err).toMatch(new RegExp(`24 cells: ${kept} stored in .*, ${24 - kept} to run`));

    for (const file of ["runs.ndjson", "summary.json", "summary.csv", "timeline-1.json"]) {
      expect(read(two, file)).toBe(read(one, file));
      expect(read(killed, file)).toBe(read(one, file));
    }
  });

  test("interrupted, it says how to go on, with exit code 130, and keeps what is done", async () => {
    const study = longStudy();
    const out = scratchFolder();
    const { child, ended } = startExperiment([study, "--out", out]);
    await until(() => storedIn(out) >= 3, ended);
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect(code).toBe(130);
    expect(err).toContain(`To go on: npm run experiment -- ${study} --out ${out}`);
    expect(existsSync(join(out, "lock"))).toBe(false);
    expect((await run([study, "--out", out])).err).toMatch(/24 cells: ([3-9]|1\d|2[0-3]) stored/);
  });

  test("with --json, stdout is one event a line", async () => {
    const { code, out } = await run([studyFile(), "--json", "--out", scratchFolder()]);
    expect(code).toBe(0);
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(["planned", "cell", "cell", "cell", "cell", "computed", "end"]);
    expect(events.at(-1)).toMatchObject({ how: "complete", failed: 0, summary: { cells: { ok: 4 } } });
  });

  test("with replicates: auto ends at the first look that decides, as if so many replicates had been asked for", async () => {
    const study = studyFile([
      ["seeds: 2", "seeds: 8"],
      ["baseline:", "replicates: auto\nbaseline:"],
    ]);
    const out = scratchFolder();
    const auto = await run([study, "--out", out]);
    expect(auto.code).toBe(0);
    expect(auto.err).toMatch(/look 1 of 4, 1 replicate: decided/);
    expect(JSON.parse(read(out, "summary.json")).look).toEqual({ at: 1, of: 4 });
    expect(records(out)).toHaveLength(16);

    // Two policies that differ in nothing but name are never told apart: all looks are taken.
    const same: [string, string] = ["scheduling: greedy", "scheduling: on-demand-only"];
    const tied = studyFile([["baseline:", "replicates: auto\nbaseline:"], same]);
    const [all, eight] = [scratchFolder(), scratchFolder()];
    const ended = await run([tied, "--out", all]);
    expect(ended.err).toMatch(/look 1 of 4, 1 replicate: not decided: greedy against on-demand\n/);
    expect(ended.err).toMatch(/look 3 of 4, 4 replicates: not decided: greedy against on-demand\n/);
    expect(await run([tied, "--set", "replicates=8", "--out", eight])).toMatchObject({ code: 0 });
    expect(read(all, "runs.ndjson")).toBe(read(eight, "runs.ndjson"));
    expect(await run([tied, "--shard", "1/2"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^shard 1 of 2.*\nShardError: replicates: auto is decided by all cells/),
    });
  });

  test("of a part of the study keeps what it ran, and draws nothing of the part", async () => {
    const out = join(scratchFolder(), "results");
    const study = studyFile();
    const { code, err } = await run([study, "--only", "policy=gree*", "--out", out]);
    expect(code).toBe(0);
    expect(err).toContain("2 of 4 cells: 0 stored");
    expect(err).toContain("2 cells of the study have not been run, so nothing is drawn");
    expect(readdirSync(out).sort()).toEqual(["cells.ndjson", "sweep.json"]);
    expect((await run([study, "--dry-run", "--out", out])).out).toMatch(
      /4 cells: 2 stored .*\n +2 {2}on-demand: never run/,
    );
  });
});

describe("editing one policy", () => {
  test("runs its cells again and no others; --dry-run says so beforehand, and writes nothing", async () => {
    const tree = copiedTree();
    const study = studyFile();
    expect(await run([study], tree)).toMatchObject({ code: 0 });
    const out = join(tree, "results", "study");
    const before = records(out);

    const policy = join(tree, "policies", "scheduling", "greedy.ts");
    const source = readFileSync(policy, "utf8");
    writeFileSync(policy, `${source}\n// One line more.\n`);
    const written = readdirSync(out).map((file) => read(out, file));
    const dry = await run([study, "--dry-run"], tree);
    expect(dry.out).toMatch(
      /4 cells: 2 stored in .*, 2 to run, about .* with \d+ workers?\n +2 {2}greedy: policy code changed\n/,
    );
    expect(readdirSync(out).map((file) => read(out, file))).toEqual(written);

    expect(await run([study], tree)).toMatchObject({
      code: 0,
      err: expect.stringContaining("2  greedy: policy code changed"),
    });
    const after = records(out);
    const changed = after.filter(({ key }, i) => key !== before[i].key).map(({ spec }) => spec.policyId);
    expect(changed).toEqual(["greedy", "greedy"]);
    expect(storedIn(out)).toBe(6);

    // Back as it was: those cells are still there.
    writeFileSync(policy, source);
    expect((await run([study, "--dry-run"], tree)).out).toContain("4 cells: 4 stored");
  });
});

/** A study with policies in files of their own beside it: what they do at each ask, by name. */
function studyWith(bodies: Readonly<Record<string, string>>): string {
  const folder = scratchFolder();
  mkdirSync(join(folder, "own"));
  const contract = JSON.stringify(join(root, "policies", "contract", "policy.ts"));
  for (const [name, body] of Object.entries(bodies)) {
    writeFileSync(
      join(folder, "own", `${name}.ts`),
      `import { definePolicy } from ${contract};
export const mine = definePolicy({
  name: "mine", summary: "", source: "house",
  params: { parse: () => ({}) }, memory: () => ({}),
  create: () => ({ decide(view, act) {
    ${body}
  } }),
});
`,
    );
  }
  const entries = Object.keys(bodies).map(
    (name) => `  - { id: ${name}, scheduling: ./own/${name}.ts, assignment: earliest-node }`,
  );
  return studyFile([["baseline:", `${entries.join("\n")}\nbaseline:`]], folder);
}
const LAUNCH = "if (view.work.pending.length > 0 && view.instances.withRoom.length === 0) act.launch(view.markets[1]);";

describe("a policy in a file of the user's own", () => {
  test("is a policy like any other", async () => {
    const out = scratchFolder();
    expect(await run([studyWith({ mine: LAUNCH }), "--out", out])).toMatchObject({ code: 0 });
    expect(records(out).filter(({ spec }) => spec.policyId === "mine")).toMatchObject([{ ok: true }, { ok: true }]);
  });

  test("that is wrong fails its own cells and no others, each with a command that runs it again", async () => {
    const wrong: Readonly<Record<string, readonly [body: string, error: RegExp]>> = {
      throws: ['throw new TypeError("no such market");', /^TypeError: no such market \(own\/throws\.ts:6\)$/],
      hangs: ["for (;;);", /^took longer than 3 s; raise --cell-timeout/],
      hungers: [
        "for (const kept = []; ; ) kept.push(new Array(1000).fill(0));",
        /^(needed more than 200 MiB of memory; raise --cell-memory|took longer than 3 s)/,
      ],
      exits: ["process.exit(5);", /^ended its thread: .*5/],
      unsettled: ["act.launch(view.markets[1]);", /does not settle/],
      lost: ["act.launch(view.markets[7]);", /^\w*Error: /],
      prints: [`console.log("to be seen by nobody"); ${LAUNCH} throw "nothing";`, /^threw "nothing"$/],
    };
    const out = scratchFolder();
    const study = studyWith(Object.fromEntries(Object.entries(wrong).map(([name, [body]]) => [name, body])));
    const ended = await run([study, "--cell-timeout", "3", "--cell-memory", "200", "--skip-laws", "--out", out]);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain("14 cells failed");
    expect(ended.err).toMatch(/^ +2 {2}throws: TypeError: no such market \(own\/throws\.ts:6\)$/m);
    expect(ended.out).toMatch(/│ +1 │ greedy/);
    expect(ended.out).not.toContain("to be seen by nobody");

    const good = records(out).filter(({ ok }) => ok);
    expect(good.map(({ spec }) => spec.policyId)).toEqual(["on-demand", "greedy", "on-demand", "greedy"]);
    const failed = records(out).filter(({ ok }) => !ok);
    expect(failed.map(({ spec }) => spec.policyId)).toEqual([...Object.keys(wrong), ...Object.keys(wrong)]);
    for (const { spec, key, error, replay } of failed) {
      expect(error).toMatch(wrong[spec.policyId]![1]);
      expect(replay).toBe(`npm run experiment -- ${study} --only cell=${key.slice(0, 16)}`);
    }
    // Nothing of them is stored: the next run tries again.
    expect(storedIn(out)).toBe(4);
  });

  test.each([
    ["no code", "}}}", /broken\.ts is no TypeScript that runs: \S/],
    ["no policy", 'export const policy = "none";', /broken\.ts exports 0 policies; export one/],
    ["an error", 'throw new RangeError("at once");', /broken\.ts fails when it is loaded: RangeError: at once/],
    ["the end of its process", "process.exit(3);", /broken\.ts ends its process when it is loaded \(exit code 3\)/],
  ])("that is %s is told before anything is run, where the study names it", async (_, source, fault) => {
    const study = studyWith({ mine: LAUNCH, broken: "" });
    writeFileSync(join(dirname(study), "own", "broken.ts"), source);
    const out = join(scratchFolder(), "results");
    const { code, err } = await run([study, "--out", out]);
    expect(err).toMatch(/^StudyError: .*study\.yaml:\d+:\d+: policies\.3\.scheduling: /);
    expect(err).toMatch(fault);
    expect(err).not.toMatch(/^\s+at /m);
    expect({ code, existing: existsSync(out) }).toEqual({ code: 2, existing: false });
  });

  test("that failed runs again by the command in its record, and it is shown where it failed", async () => {
    const tree = copiedTree();
    expect(await run([studyWith({ mine: 'throw new Error("on purpose");' })], tree)).toMatchObject({ code: 1 });
    const [first] = records(join(tree, "results", "study")).filter(({ ok }) => !ok);
    const child = spawn("/bin/sh", ["-c", first.replay], { cwd: tree, stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(1);
    expect(err).toContain("1 of 6 cells: 0 stored");
    expect(existsSync(join(tree, "results", "study", "report.html"))).toBe(true);
    expect(err).toMatch(/Error: on purpose\n +at .*own\/mine\.ts:6/);
  });

  test("that leaves its decisions to chance is found out by its traced run", async () => {
    const study = studyWith({ mine: `if (Math.random() < 0.5) act.wakeAt(view.nowS + 60); else { ${LAUNCH} }` });
    const { code, err } = await run([study, "--set", "baseline=mine", "--skip-laws", "--out", scratchFolder()]);
    expect(err).toMatch(/DeterminismError: mine did something else when it was run again on seed \d/);
    expect(code).toBe(1);
  });

  test("while it runs, no other process writes to its folder; that one is told which does", async () => {
    const study = studyWith({ mine: "for (;;);" });
    const out = scratchFolder();
    const { child, ended } = startExperiment([study, "--jobs", "1", "--skip-laws", "--out", out]);
    await until(() => storedIn(out) >= 1, ended);
    const { code, err } = await run([study, "--out", out]);
    expect(err).toMatch(new RegExp(`^LockError: .*process ${child.pid} is writing here`));
    expect(code).toBe(2);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130 });
  });
});

describe("bad input ends with exit code 2, one line a fault, no stack and nothing written", () => {
  test.each([
    [
      "a typo in a key",
      () => [studyFile([["drainH: 12", "drainhH: 12"]])],
      /^StudyError: .*study\.yaml:6:1: drainhH: no such key; did you mean "drainH"\?/,
    ],
    [
      "an unknown option",
      () => [studyFile(), "--jbos", "2"],
      /^UsageError: Unknown argument: jbos; did you mean --jobs\?/,
    ],
    [
      "a number of workers that is none",
      () => [studyFile(), "--jobs", "0"],
      /^UsageError: --jobs: expected a whole number above 0/,
    ],
    [
      "an option without its value",
      () => [studyFile(), "--set"],
      /^UsageError: Not enough arguments following: set; see --help/,
    ],
    [
      "an unknown path",
      () => [studyFile(), "--set", "cloud.depht=observed"],
      /^StudyError: --set cloud\.depht=observed: .*did you mean "depth"\?/,
    ],
    ["a Redis that is none", () => [studyFile(), "--queue", "foo"], /^UsageError: --queue foo: expected redis:\/\//],
    [
      "a folder that holds nothing of a data set",
      () => ["experiments/configs/real-p3.yaml", "--set", "traces.root=test"],
      /^TraceError: .*test: holds nothing of the data set skynomad-p3; name the folder in which data\/v100/,
    ],
    ["a choice of nothing", () => [studyFile(), "--only", "policy=grredy"], /^OnlyError: .*did you mean "greedy"\?/],
    [
      "a data set whose folder was not named",
      () => ["experiments/configs/real-p3.yaml"],
      /^TraceError: .*--set traces\.root=FOLDER/,
    ],
  ])("%s", async (_, args, message) => {
    const out = join(scratchFolder(), "results");
    const { code, out: printed, err } = await run([...args(), "--out", out]);
    expect({ code, printed, existing: existsSync(out) }).toEqual({ code: 2, printed: "", existing: false });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test.skipIf(process.platform !== "linux")("a folder that cannot be written", async () => {
    const { code, err } = await run([studyFile(), "--out", "/proc/results"]);
    expect(code).toBe(2);
    expect(err).toMatch(/^ResultsError: \/proc\/results: cannot be written \(ENOENT\)/);
  });

  test("results of another version", async () => {
    const out = scratchFolder();
    writeFileSync(join(out, "cells.ndjson"), "workbench-cells 99\n");
    expect(await run([studyFile(), "--out", out])).toMatchObject({
      code: 2,
      err: expect.stringContaining("start over with --fresh"),
    });
    expect(read(out, "cells.ndjson")).toBe("workbench-cells 99\n");
    expect(await run([studyFile(), "--out", out, "--fresh"])).toMatchObject({ code: 0 });
  });
});

describe("a run that cannot go on", () => {
  test.skipIf(process.platform !== "linux")("for want of room says so, and goes on from what it kept", async () => {
    // A file may have 24 blocks of 1024 bytes: the store reaches that in the middle of a line.
    const study = studyFile([["seeds: 2", "seeds: 12"]]);
    const out = join(scratchFolder(), "results");
    const command = 'ulimit -f 24; exec "$0" "$@"';
    const args = [process.execPath, join(root, "experiments/main.ts"), study, "--out", out];
    const full = spawnSync("bash", ["-c", command, ...args], { encoding: "utf8" });
    expect(full.status).toBe(2);
    expect(full.stderr).toMatch(/ResultsError: cells\.ndjson: cannot be written \(EFBIG\); make room/);
    expect(full.stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(join(out, "lock"))).toBe(false);
    expect(existsSync(join(out, "runs.ndjson"))).toBe(false);
    const kept = storedIn(out);
    expect(kept).toBeGreaterThan(0);
    const again = await run([study, "--out", out]);
    expect(again.err).toMatch(new RegExp(`24 cells: ${kept} stored`));
    expect(again.code).toBe(0);
    const whole = scratchFolder();
    await run([study, "--out", whole]);
    expect(read(out, "runs.ndjson")).toBe(read(whole, "runs.ndjson"));
  });

  test("ends at once when it is told to while its grid is built: there is nothing to keep", async () => {
    const out = join(scratchFolder(), "results");
    const { child, ended } = startExperiment([studyFile([["seeds: 2", "seeds: 100000"]]), "--out", out]);
    await sleep(3000);
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    await ended;
    expect(child.signalCode).toBe("SIGTERM");
    expect(existsSync(out)).toBe(false);
  });
});

describe("the studies that ship", () => {
  const data = join(root, "..", "shared", "data", "skynomad");
  const isThere = existsSync(data);

  test.skipIf(!isThere && process.env.REQUIRE_ALL !== "1")(
    "real-p3 replays the real traces and says what was read; skipped without ../shared/data/skynomad",
    async () => {
      const out = scratchFolder();
      const args = ["experiments/configs/real-p3.yaml", "--set", `traces.root=${data}`, "--out", out];
      const ended = await run([...args, "--set", "traces.p3.windows=[{ fromH: 0, lengthH: 24 }]"]);
      expect(ended).toMatchObject({ code: 0 });
      const [trace] = JSON.parse(read(out, "manifest.json")).traces;
      // Nine zones, 20,158 probes each, and a price for each of them (shared/data/skynomad/SOURCE.md).
      expect(trace.report.rowsRead).toBe(9 * 20_158 * 2);
      expect(trace).toMatchObject({
        licence: "Apache-2.0",
        report: { kept: expect.any(Number), collapsed: expect.any(Number) },
      });
      expect(records(out)).toHaveLength(4);
      expect(records(out)[1].metrics.beyondDataShare).toBeTypeOf("number");
    },
  );
});
