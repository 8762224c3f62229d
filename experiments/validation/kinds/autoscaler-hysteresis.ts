import { z } from "zod";
import { autoscale, autoscalerStart } from "../../../policies/scheduling/autoscale.ts";
import { defineKind } from "../kind.ts";

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

export const autoscalerHysteresis = defineKind({
  name: "autoscaler-hysteresis",
  summary: "SkyPilot's request-rate autoscaler: replicas wanted after each decision.",
  policies: ["skypilot"],
  inputs: z.object({ qps: z.array(z.number().nonnegative()) }),
  params: z.object({
    targetQpsPerReplica: z.number().positive(),
    min: count,
    max: count,
    upscaleDelayS: seconds,
    downscaleDelayS: seconds,
    intervalS: seconds.positive(),
  }),
  compute: ({ qps }, { targetQpsPerReplica, min, max, upscaleDelayS, downscaleDelayS, intervalS }) => {
    const params = {
      targetPerReplicaPerS: targetQpsPerReplica,
      replicasMin: min,
      replicasMax: max,
      upDelayS: upscaleDelayS,
      downDelayS: downscaleDelayS,
      everyS: intervalS,
    };
    const target: number[] = [];
    let state = autoscalerStart(params);
    for (const ratePerS of qps) {
      state = autoscale(state, ratePerS, params);
      target.push(state.replicas);
    }
    return { target };
  },
});
