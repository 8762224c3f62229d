import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { scratchFolder, studyFile } from "../experiments/support/studies.ts";
import { root } from "../rules/project-files.ts";
import { type Ended, start } from "../support/command.ts";

/** Three windows of four runs each, of which one policy's cells fail. */
function study(): string {
  const folder = scratchFolder();
  const contract = JSON.stringify(join(root, "policies", "contract", "policy.ts"));
  writeFileSync(
    join(folder, "fails.ts"),
    `import { definePolicy } from ${contract};
export const fails = definePolicy({
  name: "fails", summary: "", source: "house",
  params: { parse: () => ({}) }, memory: () => ({}),
  create: () => ({ decide() { throw new Error("on purpose"); } }),
});
`,
  );
  const fails = "  - { id: fails, scheduling: ./fails.ts, assignment: earliest-node }";
  return studyFile(
    [
      ["seeds: 2", "seeds: 4"],
      ["baseline:", `${fails}\nsweep: { cloud.interruptions.perHour: [0.05, 0.1] }\nreplicates: 2\nbaseline:`],
    ],
    folder,
  );
}

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  start("experiments/main.ts", args, { env }).ended;
const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");

describe("a study in shards", () => {
  test("comes to the same bytes as in one process, failed cells included; each shard is told by its scheduler", async () => {
    const file = study();
    const base = scratchFolder();
    const whole = join(base, "whole");
    expect(await run([file, "--jobs", "1", "--out", whole])).toMatchObject({ code: 1 });
    const shards = [0, 1, 2].map((index) => join(base, `part-${index}`));
    for (const [index, out] of shards.entries()) {
      const ended = await run([file, "--out", out], {
        AWS_BATCH_JOB_ARRAY_INDEX: `${index}`,
        AWS_BATCH_JOB_ARRAY_SIZE: "3",
      });
      expect(ended.err).toContain(
        `shard ${index + 1} of 3, by AWS_BATCH_JOB_ARRAY_INDEX; all of the study: --shard 1/1`,
      );
      expect(ended).toMatchObject({ code: 1, out: "" });
      expect(existsSync(join(out, "runs.ndjson"))).toBe(false);
    }
    const merged = join(base, "merged");
    const ended = await run(["merge", ...shards.toReversed(), "--out", merged]);
    expect(ended.out.trimEnd().split("\n").at(-1)).toBe(`report: ${join(merged, "report.html")}`);
    expect(ended.code).toBe(1);
    for (const name of ["runs.ndjson", "summary.json", "summary.csv", "timeline-1.json"]) {
      expect(read(merged, name)).toBe(read(whole, name));
    }
    const manifest = JSON.parse(read(merged, "manifest.json"));
    expect(manifest.shards).toMatchObject([{ shard: "3/3" }, { shard: "2/3" }, { shard: "1/3" }]);
    expect(manifest.shards[0].command).toContain(`--out ${shards[2]}`);
    // What was joined is a results folder like any other: only what failed is tried again.
    expect((await run([file, "--dry-run", "--out", merged])).out).toMatch(/^48 cells: 32 stored .*, 16 to run/);
  });

  test("is not joined when a part lacks, is of another study, or of another code, and says which", async () => {
    const file = studyFile([["seeds: 2", "seeds: 3"]]);
    const base = scratchFolder();
    const shards = [1, 2, 3].map((index) => join(base, `part-${index}`));
    for (const [i, out] of shards.entries()) {
      expect(await run([file, "--shard", `${i + 1}/3`, "--out", out])).toMatchObject({ code: 0 });
    }
    const refused = async (folders: readonly string[], message: RegExp) => {
      const merged = join(base, "merged");
      const { code, err, out } = await run(["merge", ...folders, "--out", merged]);
      expect(err).toMatch(message);
      expect({ code, out, existing: existsSync(merged) }).toEqual({ code: 2, out: "", existing: false });
    };
    await refused(shards.slice(0, 2), /^MergeError: 2 cells .* those of shard 3 of 3; name all of its shards/);
    await refused(
      [shards[0]!, base],
      /^MergeError: .*manifest\.json: cannot be read \(ENOENT\), so this is no finished shard/,
    );

    const altered = (change: (manifest: { [key: string]: unknown }) => void): string => {
      const folder = join(scratchFolder(), "altered");
      cpSync(shards[2]!, folder, { recursive: true });
      const manifest = JSON.parse(read(folder, "manifest.json"));
      change(manifest);
      writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
      return folder;
    };
    const withThird = (third: string) => [shards[0]!, shards[1]!, third];
    await refused(
      withThird(altered((each) => Object.assign(each, { studySha256: "0" }))),
      /^MergeError: \S+altered: studySha256 is "0", but "[0-9a-f]+" in \S+part-1; run that shard again/,
    );
    await refused(
      withThird(altered((each) => Object.assign(each.codeDigests as object, { greedy: "1" }))),
      /altered: codeDigests\.greedy is "1", but/,
    );
    await refused(
      withThird(altered((each) => Object.assign(each, { node: "24.0.0" }))),
      /altered: node is "24\.0\.0", but/,
    );
    // All parts agree, and the checkout that joins them is another.
    writeFileSync(file, readFileSync(file, "utf8").replace("Which", "What"));
    await refused(shards, /part-1: studySha256 is "[0-9a-f]+", but "[0-9a-f]+" in this checkout/);
  });
});

describe("the file for a cluster", () => {
  const launch = (args: readonly string[]) => {
    const cwd = scratchFolder();
    return { cwd, ended: start("experiments/main.ts", ["launch", ...args], { cwd }).ended };
  };

  test("of Slurm is a script that a shell can read, with a task a shard, and words quoted as a shell needs it", async () => {
    const file = studyFile();
    const { cwd, ended } = launch([
      "slurm",
      file,
      "--shards",
      "12",
      "--set",
      "question=It's; $(touch x)",
      "--cpus",
      "4",
    ]);
    expect((await ended).out).toContain(
      "submit: sbatch study.sbatch\nthen:   npm run experiment -- merge results/study.shard-*",
    );
    const text = read(cwd, "study.sbatch");
    expect(text).toContain("#SBATCH --array=1-12\n#SBATCH --cpus-per-task=4\n");
    expect(spawnSync("bash", ["-n", join(cwd, "study.sbatch")]).status).toBe(0);
    // Run as a task of Slurm would be, with an npm that says what it was asked.
    const npm = 'npm() { printf "%s\\n" "$@"; }; exec() { "$@"; };';
    const said = spawnSync("bash", ["-c", `${npm} . ./study.sbatch`], { cwd, encoding: "utf8" });
    expect(said.stdout.trimEnd().split("\n")).toEqual([
      ...["run", "--silent", "experiment", "--", file, "--set", "question=It's; $(touch x)"],
      ...["--shard", "auto/12", "--jobs", "4"],
    ]);
    expect(existsSync(join(cwd, "x"))).toBe(false);
    const again = await start("experiments/main.ts", ["launch", "slurm", file, "--shards", "2"], { cwd }).ended;
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining("study.sbatch is there already") });
    expect(read(cwd, "study.sbatch")).toBe(text);
  });

  test("of Kubernetes is an indexed Job whose index the command reads", async () => {
    const file = studyFile();
    const { cwd, ended } = launch([
      "kubernetes",
      file,
      "--shards",
      "3",
      "--image",
      "lab/workbench:1",
      "--claim",
      "sweeps",
    ]);
    expect(await ended).toMatchObject({ code: 0 });
    const job = parse(read(cwd, "study.job.yaml"));
    expect(job).toMatchObject({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "study" } });
    expect(job.spec).toMatchObject({ completionMode: "Indexed", completions: 3, parallelism: 3 });
    const { containers, volumes, restartPolicy } = job.spec.template.spec;
    expect(restartPolicy).toBe("Never");
    expect(containers[0]).toMatchObject({ image: "lab/workbench:1", workingDir: "/workbench" });
    expect(containers[0].command).toEqual(expect.arrayContaining(["--shard", "auto/3"]));
    expect(volumes).toEqual([{ name: "results", persistentVolumeClaim: { claimName: "sweeps" } }]);
    expect(job.spec.podFailurePolicy.rules[0].onExitCodes.containerName).toBe(containers[0].name);
  });

  test("of Kubernetes is not written without its image, which is asked for", async () => {
    const { cwd, ended } = launch(["kubernetes", studyFile(), "--shards", "3"]);
    expect(await ended).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^UsageError: kubernetes: expected --image/),
    });
    expect(existsSync(join(cwd, "study.job.yaml"))).toBe(false);
  });

  test("of Kubernetes needs an image and a claim", async () => {
    const { ended } = launch(["kubernetes", studyFile(), "--shards", "3"]);
    expect(await ended).toMatchObject({ code: 2, err: expect.stringContaining("expected --image") });
  });
});
