import { definePolicy } from "../contract/policy.ts";
import { ceilTo } from "./grid.ts";
import { omniscientRegions, planMarkets, replayMarkets } from "./omniscient-regions.ts";

/**
 * SkyNomad's own optimum, for comparison with its published numbers: the plan counts work, overhead and moves in whole ticks, rounded up,
 * and the job then needs less. Cheaper policies exist, so it bounds nothing.
 * Source: SkyNomad, NSDI 2027: Optimal, sky_spot/strategies/multi_region_oracle_dp.py of its artifact.
 */
export const omniscientWholeTicks = definePolicy({
  ...omniscientRegions,
  name: "omniscient-whole-ticks",
  summary: "The cheapest plan over all zones and regions that counts work, overhead and moves in whole ticks.",
  source: "SkyNomad, NSDI 2027: Optimal, with the rounding of its artifact",
  bound: { ...omniscientRegions.bound!, kind: "heuristic" },
  create: (_params, foresight) =>
    replayMarkets(
      planMarkets(foresight, ({ moves = {}, ...job }, tickS) => {
        const restartOverheadS = ceilTo(job.restartOverheadS, tickS);
        const rounded = Object.entries(moves).map(([from, into]) => {
          const each = Object.entries(into).map(([to, { usd, moveS }]) => [
            to,
            { usd, moveS: ceilTo(job.restartOverheadS + moveS, tickS) - restartOverheadS },
          ]);
          return [from, Object.fromEntries(each)];
        });
        return { ...job, workS: ceilTo(job.workS, tickS), restartOverheadS, moves: Object.fromEntries(rounded) };
      }),
    ),
});
