import { z } from "zod";
import { tableFromSeries } from "../../../traces/columns.ts";
import { defineKind } from "../kind.ts";

const notNegative = z.number().nonnegative();

export const costPerToken = defineKind({
  name: "cost-per-token",
  summary:
    "What so many spot and on-demand minutes cost: in all, per token, and what that saves against on-demand alone.",
  inputs: z.object({}),
  params: z.object({
    spotMinutes: notNegative,
    onDemandMinutes: notNegative,
    spotUsdPerHour: notNegative,
    onDemandUsdPerHour: z.number().positive(),
    requests: z.int().positive(),
    tokensPerRequest: z.int().positive(),
  }),
  compute: (_, { spotMinutes, onDemandMinutes, spotUsdPerHour, onDemandUsdPerHour, requests, tokensPerRequest }) => {
    const market = (capacityType: "spot" | "onDemand", usdPerHour: number) => ({
      market: { instanceType: "any", region: "any", zone: "any", capacityType },
      price: { timesS: [0], usdPerHour: [usdPerHour] },
      depth: { kind: "unlimited", instances: 0 } as const,
      gapS: 0,
    });
    const markets = [market("spot", spotUsdPerHour), market("onDemand", onDemandUsdPerHour)];
    const table = tableFromSeries(markets, { digest: "", endS: 1 });
    const onDemandUsd = (minutes: number) => table.costUsd(1, 0, 60 * minutes);
    const usd = table.costUsd(0, 0, 60 * spotMinutes) + onDemandUsd(onDemandMinutes);
    const allOnDemandUsd = onDemandUsd(spotMinutes + onDemandMinutes);
    return {
      usd,
      usdPerToken: usd / (requests * tokensPerRequest),
      savingVsAllOnDemand: allOnDemandUsd === 0 ? null : 1 - usd / allOnDemandUsd,
    };
  },
});
