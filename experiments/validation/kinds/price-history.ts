import { z } from "zod";
import { tableFromSeries, windowOf } from "../../../traces/columns.ts";
import { stampOf } from "../../../traces/formats/values.ts";
import { iso, marketKey, mergeOne, noCounts, type Pull } from "../../../traces/rows.ts";
import { type MarketStatistics, marketStatistics } from "../../../traces/statistics.ts";
import { type Computed, defineKind } from "../kind.ts";
import { readAs } from "./source.ts";

const pool = z.object({
  instanceType: z.string(),
  zone: z.string(),
  product: z.string(),
  from: z.string(),
  to: z.string(),
});

export const priceHistory = defineKind({
  name: "price-history",
  summary: "Price histories merged: rows, pools, change points, and per pool the price over an interval.",
  inputs: z.object({ files: z.array(z.string()), format: z.string() }),
  params: z.object({ pools: z.array(pool) }),
  compute: async ({ files, format }, { pools: asked }) => {
    const reads = await Promise.all(files.map((file) => readAs(format, file)));
    const pulls = reads.flatMap((read) => read.pulls);
    const counts = noCounts();
    const pools = Map.groupBy(pulls, ({ market }) => marketKey(market));
    const steps = new Map([...pools].map(([key, ofPool]) => [key, mergeOne(key, ofPool, counts, "hold")]));
    const rows = pulls.reduce((sum, { timesS }) => sum + timesS.length, 0);
    const all = [...steps.values()];
    const prices = Float64Array.from(pulls.flatMap(({ values }) => values)).sort();
    const timesS = Float64Array.from(all.flatMap(({ firstS, lastS }) => [firstS, lastS])).sort();
    return {
      rows,
      distinctRows: rows - counts.merged - counts.contradicted,
      pools: steps.size,
      changePoints: all.reduce((sum, { timesS }) => sum + timesS.length, 0),
      minPrice: prices[0] ?? null,
      maxPrice: prices.at(-1) ?? null,
      firstRow: stamp(timesS[0]),
      lastRow: stamp(timesS.at(-1)),
      truncated: reads.some(({ goesOn }) => goesOn === true),
      empty: rows === 0,
      series: asked.map((each) => priceOver(each, pools.get(marketKey(each))?.[0], steps.get(marketKey(each)))),
    };
  },
});

type Steps = ReturnType<typeof mergeOne>;

/** The price over [from, to): what a table of the pool alone, cut to that, says of itself. */
function priceOver({ from, to }: z.infer<typeof pool>, pull: Pull | undefined, steps: Steps | undefined): Computed {
  const [fromS, toS] = [stampOf(from, "params.pools: from"), stampOf(to, "params.pools: to")];
  if (!(fromS <= toS)) throw new Error(`params.pools: ${from} is after ${to}`);
  const firstS = Math.min(steps?.firstS ?? Infinity, toS);
  const sinceS = Math.max(fromS, firstS);
  const { meanUsdPerHour, minUsdPerHour, maxUsdPerHour }: Partial<MarketStatistics> =
    pull === undefined || steps === undefined || sinceS === toS ? {} : statisticsOf(pull, steps, sinceS, toS);
  return {
    changePoints: steps?.timesS.length ?? 0,
    mean: meanUsdPerHour ?? null,
    min: minUsdPerHour ?? null,
    max: maxUsdPerHour ?? null,
    changePointsInside: steps?.timesS.filter((timeS) => fromS <= timeS && timeS < toS).length ?? 0,
    missingS: sinceS - fromS,
  };
}

function statisticsOf({ market, gapS }: Pull, { timesS, values }: Steps, fromS: number, toS: number): MarketStatistics {
  const startS = timesS[0]!;
  const price = { timesS: timesS.map((timeS) => timeS - startS), usdPerHour: values };
  const depth = { kind: "unlimited", instances: 0 } as const;
  const table = tableFromSeries([{ market, price, depth, gapS }], { digest: "", endS: toS - startS });
  return marketStatistics(windowOf(table, fromS - startS, toS - fromS), 0);
}

const stamp = (timeS: number | undefined): string | null =>
  timeS === undefined ? null : `${iso(timeS).slice(0, 19)}Z`;
