import { z } from "zod";
import { tableFromSeries } from "../../../traces/columns.ts";
import { correlationsOf, marketStatistics } from "../../../traces/statistics.ts";
import { defineKind } from "../kind.ts";
import { probesOf, readAs } from "./source.ts";

export const priceAvailability = defineKind({
  name: "price-availability",
  summary: "Prices beside probes, tick by tick: their correlation, and the price when an instance is to be had.",
  inputs: z.object({
    trace: z.string(),
    files: z.array(z.string()).length(1),
    format: z.string().default("skynomad-csv"),
  }),
  params: z.object({ key: z.string() }),
  compute: async ({ trace, files, format }, { key }) => {
    const probes = await probesOf(format, trace, key);
    const [prices] = (await readAs("skynomad-prices", files[0]!, {}, [probes])).pulls;
    // Time is counted in ticks, so that means over time are means over ticks.
    const timesS = [...probes.values.keys()];
    const ticks = timesS.length;
    const { market, gapS } = probes;
    const price = { timesS, usdPerHour: prices!.values };
    const capacity = { timesS, counts: probes.values };
    const depth = { kind: "observed", instances: 1 } as const;
    const table = tableFromSeries([{ market, price, capacity, depth, gapS }], { digest: key, endS: ticks });
    const statistics = marketStatistics(table, 0);
    return {
      ticks,
      pearson: correlationsOf(table).priceWithAvailability[0],
      fraction: statistics.availability,
      meanPrice: statistics.meanUsdPerHour,
      meanPriceWhenAvailable: statistics.meanUsdPerHourWhenUp,
      minPrice: statistics.minUsdPerHour,
      maxPrice: statistics.maxUsdPerHour,
      priceChangePoints: 1 + statistics.priceChanges,
    };
  },
});
