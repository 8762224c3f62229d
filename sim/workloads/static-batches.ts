import type { Seconds } from "../../policies/contract/units.ts";

/** So many requests of those ready start together: the largest power of two that neither of the two bounds forbids. */
export function staticBatch(ready: number, batchMax: number): number {
  let batch = 1;
  while (2 * batch <= Math.min(ready, batchMax)) batch *= 2;
  return batch;
}

/** Pipelines that serve one queue. */
export interface StaticPipelines {
  readonly pipelines: number;
  readonly batchMax: number;
  latencyS(batch: number): Seconds;
}

/**
 * Latency of each request where identical pipelines that nothing interrupts serve one queue in static batches: first come,
 * first served; a batch ends together, and what arrives while it runs waits. The steady state of a model-parallel service,
 * and the yardstick of a run with interruptions.
 *
 * The pipeline free earliest is next (the first of equals). It starts when it is free and the head of the queue has arrived,
 * with those that have arrived by then.
 * Source: the dispatch of SpotServe's artifact (Miao et al., ASPLOS 2024).
 * @param arrivalsS in order of time.
 * @example staticBatchLatenciesS([0, 1, 1], { pipelines: 1, batchMax: 4, latencyS: (batch) => 2 + batch }) // [3, 6, 6]
 */
export function staticBatchLatenciesS(
  arrivalsS: ArrayLike<Seconds>,
  { pipelines, batchMax, latencyS }: StaticPipelines,
): Float64Array {
  const latenciesS = new Float64Array(arrivalsS.length); // [request]
  const freeS = new Float64Array(pipelines);
  for (let head = 0; head < arrivalsS.length; ) {
    let next = 0;
    for (let pipe = 1; pipe < pipelines; pipe++) if (freeS[pipe]! < freeS[next]!) next = pipe;
    const startS = Math.max(freeS[next]!, arrivalsS[head]!);
    let ready = 1;
    while (ready < batchMax && arrivalsS[head + ready]! <= startS) ready++;
    const batch = staticBatch(ready, batchMax);
    const endS = startS + latencyS(batch);
    freeS[next] = endS;
    for (const last = head + batch; head < last; head++) latenciesS[head] = endS - arrivalsS[head]!;
  }
  return latenciesS;
}
