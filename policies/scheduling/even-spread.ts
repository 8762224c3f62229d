import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { emptiest, extraReplicas, keepServices } from "./replicas.ts";

/**
 * Keeps the replicas of a service spread evenly over spot markets; a missing one goes to the emptiest, so mostly to the one
 * that has just lost it.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.2: Even Spread; Nextra = extraReplicas.
 */
export const evenSpread = definePolicy({
  name: "even-spread",
  summary: "Replicas on spot, spread evenly over zones; one that is lost is asked for again where it was lost.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 5.2: Even Spread",
  workloads: ["serving"],
  needs: ["grid"],
  params: z.strictObject({ extraReplicas }),
  memory: () => ({}),
  create: ({ extraReplicas: extra }) => ({
    decide(view, act) {
      keepServices(view, act, emptiest(view), (service) => ({ spot: service.replicasWanted + extra, onDemand: 0 }));
    },
  }),
});
