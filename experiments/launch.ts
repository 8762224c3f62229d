import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { oneLine, print } from "./event-output.ts";
import { resultsFolder } from "./experiment.ts";
import { shellWord } from "./shell-word.ts";
import { unwritable } from "./store.ts";
import type { LoadedStudy } from "./study.ts";
import { UsageError } from "./usage-error.ts";

export const schedulers = ["slurm", "kubernetes"] as const;

/** An array job that runs a study, one shard a task. */
export interface JobFile {
  readonly scheduler: (typeof schedulers)[number];
  readonly shards: number;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Kubernetes only: an image with the workbench in /workbench, and the claim of a volume that all tasks write to. */
  readonly image: string | undefined;
  readonly claim: string | undefined;
}

/** Writes the file beside where the command was typed, and says how to use it. @throws UsageError, ResultsError */
export function writeJobFile(study: LoadedStudy, job: JobFile): void {
  const file = job.scheduler === "slurm" ? `${study.name}.sbatch` : `${study.name}.job.yaml`;
  const text = jobFile(study, job);
  try {
    // One that is there may have been edited.
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(file, error);
    throw new UsageError(`${file} is there already; move it away or delete it`);
  }
  const submit = job.scheduler === "slurm" ? `sbatch ${shellWord(file)}` : `kubectl apply -f ${shellWord(file)}`;
  print(`wrote ${file}\nsubmit: ${submit}\nthen:   npm run experiment -- merge ${shardFolders(study.name)}`);
}

/** @throws UsageError for Kubernetes without an image or a claim. */
export function jobFile(study: LoadedStudy, job: JobFile): string {
  return job.scheduler === "slurm" ? slurm(study, job) : kubernetes(study, job);
}

/** Quoted for a shell but for the star, which it is to expand. */
const shardFolders = (name: string): string => oneLine(`${shellWord(resultsFolder(name))}.shard-*`);

function runWords({ path, sets }: LoadedStudy, jobs: string, shard: string): string[] {
  const words = ["npm", "run", "--silent", "experiment", "--", path, ...sets.flatMap((set) => ["--set", set])];
  return [...words, "--shard", shard, "--jobs", jobs];
}

/** In the folder in which it is submitted, which is sbatch's own habit. */
function slurm(study: LoadedStudy, { shards, cpus, memoryMiB }: JobFile): string {
  const name = plain(study.name);
  return `#!/usr/bin/env bash
# A shard a task, on a file system that all nodes share. Submit it in the workbench's folder, after \`npm ci\`. A task that is
# requeued goes on where it stopped. Afterwards:
#   npm run experiment -- merge ${shardFolders(study.name)}
#SBATCH --job-name=${name}
#SBATCH --array=1-${shards}
#SBATCH --cpus-per-task=${cpus}
#SBATCH --mem=${memoryMiB}M
#SBATCH --output=${name}.slurm-%a.log
#SBATCH --requeue
set -euo pipefail
export PATH="$PWD/node_modules/.bin:$PATH"
exec ${runWords(study, String(cpus), `auto/${shards}`).map(shellWord).join(" ")}
`;
}

/** Source: Kubernetes documentation, "Indexed Job for Parallel Processing with Static Work Assignment", "Pod failure policy". */
function kubernetes(study: LoadedStudy, { shards, cpus, memoryMiB, image, claim }: JobFile): string {
  if (image === undefined || claim === undefined) {
    throw new UsageError(
      "kubernetes: expected --image, one with this checkout in /workbench after `npm ci`, and --claim, the claim of a volume that all tasks can write to",
    );
  }
  const resources = { cpu: cpus, memory: `${memoryMiB}Mi` };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: plain(study.name).toLowerCase() },
    spec: {
      completionMode: "Indexed",
      completions: shards,
      parallelism: shards,
      // A pod that was evicted goes on where it stopped; cells that failed (exit code 1) would fail again.
      backoffLimitPerIndex: 6,
      podFailurePolicy: {
        rules: [{ action: "FailIndex", onExitCodes: { containerName: "shard", operator: "In", values: [1] } }],
      },
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              name: "shard",
              image,
              workingDir: "/workbench",
              // Counted from 0 there, and from 1 here: `auto` knows.
              command: runWords(study, String(cpus), `auto/${shards}`),
              resources: { requests: resources, limits: resources },
              volumeMounts: [{ name: "results", mountPath: "/workbench/results" }],
            },
          ],
          volumes: [{ name: "results", persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
  return `# A shard a task. Afterwards, where the volume is mounted as results/: npm run experiment -- merge ${shardFolders(study.name)}\n${stringify(job)}`;
}

/** What schedulers take for a name. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9-]+/g, "-").replace(/^-+|-+$/g, "") || "study";
