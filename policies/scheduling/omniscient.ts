import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { planGangs, replayPlan } from "./gang-plan.ts";

/**
 * The least that any policy can pay which keeps the deadline and has all nodes on spot or all on-demand: exact for one job in
 * one spot market, over floor(R/g) ticks of g seconds. A policy that needs the last, partial tick may pay less.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, omniscient; solved there by an integer program.
 */
export const omniscient = definePolicy({
  name: "omniscient",
  summary: "The cheapest plan that keeps the deadline, with the whole future known; all nodes of one kind.",
  source: "Wu et al., Can't Be Late, NSDI 2024: omniscient, as an exact dynamic program",
  sight: "clairvoyant",
  workloads: ["deadline-job"],
  needs: ["grid"],
  bound: { kind: "exact", workload: "deadline-job", profile: "cbl-tick-v1" },
  params: z.strictObject({}),
  memory: () => ({}),
  create: (_params, foresight) => replayPlan(planGangs(foresight, (nodes) => [nodes, 0])),
});
