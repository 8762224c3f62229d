import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is gone after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "experiments-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A small study: two policies on two seeds of one zone, a few hundred events a cell. */
export const SMALL_STUDY = `question: Which is cheaper?
traces:
  - name: one-zone
    generate: { preset: synkti-seed }
    windows: { lengthH: 24, seeds: 2 }
drainH: 12
onDemandUsdPerHour: 1
workload:
  model: tasks
  params:
    tasks: 20
    arrivals: { kind: uniform, spanH: 20 }
    workH: { kind: uniform, min: 1, max: 4 }
    memoryMiB: 1000
    state: { maxMiB: 100, baseMiB: 100 }
    onReclaim: restart
cloud:
  profile: aws
  interruptions: { model: hazard, perHour: 0.1 }
  visibility: tried
  depth: unlimited
  slotsPerInstance: 1
  instanceTypes:
    seed.24gb: { gpuMemoryMiB: 24000, networkMiBPerS: 1000 }
policies:
  - { id: on-demand, scheduling: on-demand-only, assignment: earliest-node }
  - { id: greedy, scheduling: greedy, assignment: earliest-node }
baseline: on-demand
primary: { metric: usdPerWorkHour, comparisons: [[greedy, on-demand]] }
`;

/** Writes a study with some of its lines replaced, into a folder of its own. */
export function studyFile(
  changes: readonly (readonly [from: string, to: string])[] = [],
  folder = scratchFolder(),
): string {
  const path = join(folder, "study.yaml");
  writeFileSync(
    path,
    changes.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`the small study has no "${from}"`);
      return text.replace(from, to);
    }, SMALL_STUDY),
  );
  return path;
}
