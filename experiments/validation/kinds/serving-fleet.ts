import { z } from "zod";
import { defineKind } from "../kind.ts";
import { fleetParams, fleetPolicies, fleetTicks, runFleet, sumsOf, ticksOf, total } from "./replica-fleet.ts";
import { samplesOf, zonesSchema } from "./zones.ts";

/** Where the ticks of a window come from. */
export const tickInputs = z.object({
  zones: zonesSchema,
  ticksPerSample: z.int().positive(),
  unlimited: z.boolean().default(false),
  offset: z.int().nonnegative().default(0),
  ticks: z.int().positive(),
});

export const servingFleet = defineKind({
  name: "serving-fleet",
  summary:
    "One run of a replica service in ticks: availability, ticks on spot and on-demand, cost, ready counts, launches, preemptions.",
  policies: fleetPolicies,
  inputs: tickInputs,
  params: fleetParams,
  compute: async (inputs, params, policy) => {
    const { N, d, k } = params;
    const capacity = (await samplesOf(inputs.zones)).map((zone) => ticksOf(zone, inputs));
    const { metrics, timeline } = runFleet({ capacity, unlimited: inputs.unlimited, params }, policy);
    const { held, ready } = fleetTicks(timeline);
    const scored = (row: readonly number[]) => row.slice(d);
    const scoredTicks = inputs.ticks - d;
    const readyAt = scored(sumsOf(ready));
    const zoneTicks = held.slice(0, -1).map((row) => total(scored(row)));
    const { costUsd: cost, availableShare: avail, reclaims, refusals } = metrics as Record<string, number>;
    return {
      ok: readyAt.filter((count) => count >= N).length,
      avail,
      spotTicks: total(zoneTicks),
      odTicks: total(scored(held.at(-1)!)),
      cost,
      rel: cost! / (k * N * scoredTicks),
      hist: histogramOf(readyAt),
      preempted: reclaims,
      launches: timeline.instances.filter(({ market, runningS }) => market < capacity.length && runningS !== null)
        .length,
      unfilled: refusals! + reclaims!,
      zoneTicks,
      scoredTicks,
    };
  },
});

function histogramOf(counts: readonly number[]): Readonly<Record<string, number>> {
  const ticks: Record<string, number> = {};
  for (const count of counts) ticks[count] = (ticks[count] ?? 0) + 1;
  return ticks;
}
