import { z } from "zod";
import type { InstanceId } from "../../../policies/contract/units.ts";
import { defineKind } from "../kind.ts";
import { plainMeter } from "./plain-meter.ts";

const notNegative = z.number().nonnegative();

export const costPerToken = defineKind({
  name: "cost-per-token",
  summary:
    "The bill of so many spot and on-demand minutes: in all, per token, and what it saves against on-demand alone.",
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
    const costUsd = (spotM: number, onDemandM: number) => {
      const { meter, spot, onDemand } = plainMeter(spotUsdPerHour, onDemandUsdPerHour);
      meter.charge(0 as InstanceId, spot, 0, 60 * spotM, "terminated");
      meter.charge(1 as InstanceId, onDemand, 0, 60 * onDemandM, "terminated");
      return meter.total.usd;
    };
    const usd = costUsd(spotMinutes, onDemandMinutes);
    const allOnDemandUsd = costUsd(0, spotMinutes + onDemandMinutes);
    return {
      usd,
      usdPerToken: usd / (requests * tokensPerRequest),
      savingVsAllOnDemand: allOnDemandUsd === 0 ? null : 1 - usd / allOnDemandUsd,
    };
  },
});
