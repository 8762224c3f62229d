import { join } from "node:path";
import { runOnPool } from "../../pool.ts";
import { probesOf, SKYPILOT } from "../kinds/source.ts";
import type { ReplayOptions } from "./paper.ts";
import type { BatchResult, Probes, TickBatch, TickOutcome } from "./tick-worker.ts";

/** Runs batches on worker threads, equal ones once. @returns what came of a batch. @throws TraceError; Error where one fails */
export async function runBatches(
  folder: string,
  batches: readonly TickBatch[],
  { jobs, progress }: ReplayOptions,
): Promise<(batch: TickBatch) => readonly TickOutcome[]> {
  const all = [...new Map(batches.map((batch) => [keyOf(batch), batch]))];
  const probes = new Map<string, Probes>();
  for (const { trace } of batches) {
    if (probes.has(trace)) continue;
    const { values, gapS } = await probesOf(SKYPILOT, join(folder, trace));
    probes.set(trace, { counts: values, tickS: gapS });
  }
  const outcomes = new Map<string, readonly TickOutcome[]>();
  let failure: string | undefined;
  const done = progress(all.length);
  await runOnPool<TickBatch, BatchResult>(
    all.map(([, item]) => ({ item, group: item.trace, kind: `${item.policy} ${item.trace} ${item.job.R_hours}` })),
    {
      worker: new URL("./tick-worker.ts", import.meta.url),
      threads: jobs,
      timeoutS: 600,
      memoryMiB: 2_048,
      sharedBy: (trace) => probes.get(trace),
      onDone: (index, result) => {
        if ("error" in result) failure ??= result.error;
        else outcomes.set(all[index]![0], result.outcomes);
        done();
      },
      onFailed: (index, why) => {
        failure ??= `${all[index]![0]} ${why}`;
      },
    },
  );
  if (failure !== undefined) throw new Error(failure);
  return (batch) => outcomes.get(keyOf(batch))!;
}

const keyOf = (batch: TickBatch): string => JSON.stringify(batch);
