import { z } from "zod";
import { ClairvoyantError, type Foresight } from "../contract/foresight.ts";
import { definePolicy } from "../contract/policy.ts";
import type { MarketId, Seconds } from "../contract/units.ts";
import { leastCostUsd } from "./least-cost.ts";

/**
 * What no policy that keeps the deadline can cost less than, in any timing: each node runs at the price of the time, in a market that
 * has room for one, from when it has until the longest notice after; a launch takes nothing but the job's own overhead; whatever an
 * instance could be on that is taken back within its free first hour is free. Bills in whole ticks, minimums, boots, moves and other
 * lines of the bill come on top, and gangs cost at least what their nodes would one by one.
 */
export const relaxedOptimum = definePolicy({
  name: "relaxed-optimum",
  summary: "What no policy that keeps the deadline can cost less than, with the whole future known, in any timing.",
  source: "house; the cheapest hours that do the work, by Lagrangian relaxation",
  details: [
    "It decides nothing: a relaxation is no plan that could be followed. Its run has this cost and no other metric.",
    "For one deadline job in any number of markets. Under `cbl-tick-v1` the exact optimum is above it.",
  ],
  sight: "clairvoyant",
  workloads: ["deadline-job"],
  bound: { kind: "relaxation", workload: "deadline-job" },
  params: z.strictObject({}),
  memory: () => ({}),
  create: (_params, foresight) => ({ decide: () => {}, leastUsd: leastJobUsd(foresight) }),
});

function leastJobUsd(foresight: Foresight): number {
  const { jobs, markets, noticeLeadMaxS } = foresight;
  const [job, ...others] = jobs;
  if (job === undefined || others.length > 0) {
    throw new ClairvoyantError(`the relaxation is of one deadline job, here are ${jobs.length}; leave it out`);
  }
  if (noticeLeadMaxS === Infinity) {
    throw new ClairvoyantError(
      "the relaxation needs a longest notice; give cloud.noticeLeadS as a constant or as values",
    );
  }
  const openings = markets.map((_, market) => openingOf(foresight, market as MarketId, job.deadlineS));
  const cuts = openings.flatMap(({ up, free }) => [...up, ...free].flat());
  const prices = markets.flatMap((_, market) => priceChangesS(foresight, market as MarketId, job.deadlineS));
  const timesS = [...new Set([0, job.deadlineS, ...cuts, ...prices])]
    .filter((timeS) => timeS >= 0 && timeS <= job.deadlineS)
    .sort((a, b) => a - b);
  const lengthsS = Float64Array.from({ length: timesS.length - 1 }, (_, i) => timesS[i + 1]! - timesS[i]!);
  const usd = openings.map(({ up, free }, market) =>
    lengthsS.map((_, i) => {
      const fromS = timesS[i]!;
      if (!covers(up, fromS)) return Infinity;
      return covers(free, fromS) ? 0 : foresight.costUsd(market as MarketId, fromS, timesS[i + 1]!);
    }),
  );
  const { workS, restartOverheadS, nodes } = job;
  const leastUsd = leastCostUsd({ workS, restartOverheadS, lengthsS, usd });
  if (leastUsd === undefined) throw new ClairvoyantError("no policy can keep this deadline; lengthen it");
  return nodes * leastUsd;
}

type Interval = readonly [fromS: Seconds, toS: Seconds];

/** When an instance can be up in a market, and when it may be that it is free. */
function openingOf(foresight: Foresight, market: MarketId, untilS: Seconds): { up: Interval[]; free: Interval[] } {
  const { noticeLeadMaxS, freeWhenReclaimedWithinS } = foresight;
  const isSpot = foresight.markets[market]!.capacityType === "spot";
  const up: Interval[] = [];
  const free: Interval[] = [];
  // A reclaim after the deadline may still make free what was up before it.
  const lookS = Math.min(foresight.endS, untilS + freeWhenReclaimedWithinS);
  for (let fromS = 0; fromS <= lookS; ) {
    const toS = foresight.nextCapacityChangeS(market, fromS);
    const before = foresight.capacityAt(market, fromS);
    if (before >= 1) up.push([fromS, toS + noticeLeadMaxS]);
    if (isSpot && toS <= lookS && foresight.capacityAt(market, toS) < before) {
      free.push([toS - freeWhenReclaimedWithinS, toS + noticeLeadMaxS]);
    }
    fromS = toS;
  }
  return { up, free: freeWhenReclaimedWithinS > 0 ? free : [] };
}

const covers = (intervals: readonly Interval[], timeS: Seconds): boolean =>
  intervals.some(([fromS, toS]) => fromS <= timeS && timeS < toS);

function priceChangesS(foresight: Foresight, market: MarketId, untilS: Seconds): Seconds[] {
  const changes: Seconds[] = [];
  for (let timeS = 0; timeS < untilS; timeS = foresight.nextPriceChangeS(market, timeS)) changes.push(timeS);
  return changes;
}
