import { spawnSync } from "node:child_process";
import { arch, cpus, release, type } from "node:os";
import { dataSets } from "../traces/datasets.ts";
import { presets } from "../traces/presets.ts";
import { publicSetNamed } from "../traces/public-sets.ts";
import { digestOf } from "./digest.ts";
import type { Grid } from "./grid.ts";
import type { PreparedStudy } from "./prepared-study.ts";
import type { OwnPolicyNote } from "./record.ts";
import { policyIds } from "./study-checks.ts";

/** What a manifest says beside what the study and its code say. */
export interface ManifestAbout {
  readonly command: string;
  readonly startedAt: Date;
  /** What is to be known of policies in files of the user's own. */
  readonly ownPolicies?: readonly OwnPolicyNote[];
  /** Of a part of a study: which, and what failed in it, by key. */
  readonly shard?: {
    readonly index: number;
    readonly of: number;
    readonly failures: readonly { readonly key: string; readonly error: string }[];
  };
  /** Where the parts were run that these results were joined from. */
  readonly shards?: readonly unknown[];
}

/** Where results come from: everything that is needed to get them again, and to know whether one has. */
export async function manifestOf(
  { root, loaded, grid, code, versions }: PreparedStudy,
  { command, startedAt, ownPolicies = [], shard, shards }: ManifestAbout,
): Promise<Record<string, unknown>> {
  const { study } = loaded;
  const ids = policyIds(study);
  const policies = await Promise.all(study.policies.map((policy) => code.scenario(policy)));
  return {
    command,
    ...(ownPolicies.length === 0 ? {} : { ownPolicies }),
    ...(shard === undefined ? {} : { shard }),
    ...(shards === undefined ? {} : { shards }),
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    ...commitOf(root),
    workbench: versions.engine,
    node: versions.node,
    os: `${type()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    study: loaded.path,
    studySha256: loaded.sha256,
    overrides: loaded.sets,
    seeds: seedsOf(grid),
    codeDigests: { engine: await code.engine(), ...Object.fromEntries(ids.map((id, i) => [id, policies[i]])) },
    runsDigest: digestOf(grid.cells.map(({ key }) => key)),
    traces: study.traces.map((entry) => {
      const trace = { ...entry, onDemandUsdPerHour: grid.onDemand.get(entry.name) };
      const opened = grid.traces.get(trace.name);
      if ("generate" in trace) {
        return {
          ...trace,
          kind: "generated",
          source: presets.find(({ name }) => name === trace.generate.preset)?.source,
        };
      }
      if (opened === undefined) return trace;
      const set = "dataset" in trace ? dataSets.find(({ name }) => name === trace.dataset) : undefined;
      const origin = set && publicSetNamed(set.set);
      return { ...trace, kind: "imported", digest: opened.digest, ...origin, name: trace.name, report: opened.report };
    }),
    config: study,
  };
}

/** Each record has its own; a sweep may have a hundred thousand. */
function seedsOf({ cells }: Grid): Record<string, unknown> {
  const seeds = [...new Set(cells.map(({ spec }) => spec.seed))];
  return { form: "trace/unit/replicate", count: seeds.length, first: seeds[0], last: seeds.at(-1) };
}

/** null where this is no checkout, or git is not there. */
function commitOf(root: string): { readonly commit: string | null; readonly dirty: boolean | null } {
  const git = (...args: readonly string[]): string | undefined => {
    const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git("rev-parse", "HEAD");
  const changes = commit === undefined ? undefined : git("status", "--porcelain");
  return { commit: commit ?? null, dirty: changes === undefined ? null : changes !== "" };
}
