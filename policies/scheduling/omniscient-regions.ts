import { z } from "zod";
import type { JobArrival } from "../contract/facts.ts";
import { ClairvoyantError, type Foresight } from "../contract/foresight.ts";
import { definePolicy, type Policy } from "../contract/policy.ts";
import type { MarketId, Seconds } from "../contract/units.ts";
import { endLeftOver, relaunch } from "./gang.ts";
import { marketsOf, onlyOne } from "./gang-plan.ts";
import { IDLE } from "./optimal-plan.ts";
import { regionPlan } from "./region-plan.ts";

/**
 * The least that any policy can pay which keeps the deadline and has all nodes in one market at a time, whatever the regions: exact for
 * one job, over floor(T/g) ticks of g seconds, with prices that move and moves that cost. A policy that needs the last, partial
 * tick may pay less.
 * Source: SkyNomad, NSDI 2027: Optimal, with full knowledge of availability, prices and egress; here without rounding.
 */
export const omniscientRegions = definePolicy({
  name: "omniscient-regions",
  summary: "The cheapest plan that keeps the deadline, over all zones and regions, with the whole future known.",
  source: "SkyNomad, NSDI 2027: Optimal, as an exact dynamic program",
  sight: "clairvoyant",
  workloads: ["deadline-job"],
  needs: ["grid"],
  bound: { kind: "exact", workload: "deadline-job", profile: "skynomad-tick" },
  params: z.strictObject({}),
  memory: () => ({}),
  create: (_params, foresight) => replayMarkets(planMarkets(foresight)),
});

export interface MarketPlan {
  readonly tickS: Seconds;
  /** [tick] where the gang is; undefined: nowhere. */
  readonly markets: readonly (MarketId | undefined)[];
}

/**
 * Where no plan keeps the deadline: on-demand from the start.
 * @param planned the job that is planned for, the job itself where absent
 * @throws ClairvoyantError for several jobs, or times that are not whole seconds
 */
export function planMarkets(
  foresight: Foresight,
  planned = (job: JobArrival, _tickS: Seconds): JobArrival => job,
): MarketPlan {
  const tickS = foresight.everyS ?? 0;
  const {
    workS,
    deadlineS,
    restartOverheadS,
    nodes,
    moves = {},
  } = planned(onlyOne(foresight.jobs, "deadline job"), tickS);
  if (![tickS, workS, restartOverheadS].every(Number.isInteger)) {
    throw new ClairvoyantError(
      `the optimum counts whole seconds; cadence.everyS is ${tickS}, the job has ${workS} s of work and ${restartOverheadS} s of overhead`,
    );
  }
  const ticks = Math.floor(deadlineS / tickS);
  const usd = (market: MarketId, tick: number) => nodes * foresight.costUsd(market, tick * tickS, (tick + 1) * tickS);
  const regionOf = (market: MarketId) => foresight.markets[market]!.region;
  // On-demand markets of a region differ in their price alone.
  const onDemand = [...Map.groupBy(marketsOf(foresight, "onDemand"), regionOf).values()].map((group) =>
    group.reduce((least, each) => (usd(each, 0) < usd(least, 0) ? each : least)),
  );
  const markets = [...marketsOf(foresight, "spot"), ...onDemand];
  const regions = [...new Set(markets.map(regionOf))];
  const plan = regionPlan({
    workS,
    restartOverheadS,
    tickS,
    ticks,
    compositions: markets.length,
    places: regions.length,
    placeOf: markets.map((market) => regions.indexOf(regionOf(market))),
    tickUsd: (composition, tick) => {
      const market = markets[composition]!;
      return foresight.capacityAt(market, tick * tickS) < nodes ? Infinity : usd(market, tick);
    },
    move: (from, to) => moves[regions[from]!]?.[regions[to]!] ?? { usd: 0, moveS: 0 },
  });
  const cheapest = onDemand.reduce((least, each) => (usd(each, 0) < usd(least, 0) ? each : least), onDemand[0]!);
  return {
    tickS,
    markets:
      plan === undefined
        ? Array.from({ length: ticks + 1 }, () => cheapest)
        : Array.from(plan.ticks, (composition) => (composition === IDLE ? undefined : markets[composition]!)),
  };
}

/** Does what the plan says. */
export function replayMarkets(plan: MarketPlan): Policy<Record<string, never>> {
  return {
    decide(view, act) {
      endLeftOver(view, act);
      for (const job of view.work.jobs) {
        const want = plan.markets[Math.floor((view.nowS - job.arrivalS) / plan.tickS)];
        if (job.placements[0]?.instances[0]?.market.id === want) continue;
        const markets = want === undefined ? [] : new Array(job.nodes).fill(view.markets[want]!);
        relaunch(act, job, markets, "planned");
      }
    },
  };
}
