import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { planReplicas, replayReplicas } from "./replica-plan.ts";

/**
 * The least that any policy can pay which has all wanted replicas ready in every tick: exact for one service in markets that have
 * room for all of its replicas or for none.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.2, Optimal, with full coverage as in the simulator of its artifact; solved there by
 * an integer program.
 */
export const omniscientReplicas = definePolicy({
  name: "omniscient-replicas",
  summary: "The cheapest plan that keeps all wanted replicas ready, with the whole future known.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 5.2: Optimal, as an exact dynamic program",
  details: [
    "For one service that always wants the same number of replicas, where a market that has capacity has it for all of them (depth: unlimited).",
  ],
  sight: "clairvoyant",
  workloads: ["serving"],
  needs: ["grid"],
  bound: { kind: "exact", workload: "serving", profile: "skyserve-tick" },
  params: z.strictObject({}),
  memory: () => ({}),
  create: (_params, foresight) => replayReplicas(planReplicas(foresight)),
});
