import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { emptiest, extraReplicas, keepServices, onDemandBase } from "./replicas.ts";

/**
 * A fixed part on-demand, the rest on spot, spread evenly: what an autoscaling group does with a percentage.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.1: ASG, 10 % on-demand in one region. A fraction is rounded up to on-demand, as
 * EC2 Auto Scaling does.
 */
export const staticMixture = definePolicy({
  name: "static-mixture",
  summary: "A fixed part of the replicas on-demand, the rest on spot, spread evenly over zones.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 5.1: ASG",
  workloads: ["serving"],
  needs: ["grid"],
  params: z.strictObject({
    extraReplicas,
    onDemandBase,
    onDemandPercentAboveBase: z
      .number()
      .min(0)
      .max(100)
      .default(10)
      .describe("of the replicas above the base, how many per cent are on-demand; rounded up"),
  }),
  memory: () => ({}),
  create: ({ extraReplicas: extra, onDemandBase: base, onDemandPercentAboveBase: percent }) => ({
    decide(view, act) {
      keepServices(view, act, emptiest(view), ({ replicasWanted }) => {
        const above = Math.max(0, replicasWanted + extra - base);
        const share = Math.ceil((above * percent) / 100);
        return { spot: above - share, onDemand: base + share };
      });
    },
  }),
});
