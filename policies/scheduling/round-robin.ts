import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { mayAsk } from "./launching.ts";
import { extraReplicas, keepServices, onDemandBase, type ZoneChoice } from "./replicas.ts";

/**
 * Gives each missing replica to the next spot market in turn, whatever has happened there.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.2: Round Robin; Nextra = extraReplicas.
 */
export const roundRobin = definePolicy({
  name: "round-robin",
  summary: "Replicas on spot; each that is missing goes to the next zone in turn.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 5.2: Round Robin",
  workloads: ["serving"],
  needs: ["grid"],
  params: z.strictObject({ extraReplicas, onDemandBase }),
  memory: () => ({ next: 0 }),
  create: ({ extraReplicas: extra, onDemandBase: base }) => ({
    decide(view, act, memory) {
      const inTurn: ZoneChoice = (zones) => {
        for (let tried = 0; tried < zones.length; tried++) {
          const z = memory.next % zones.length;
          memory.next = (z + 1) % zones.length;
          if (mayAsk(view, zones[z]!)) return z;
        }
        return undefined;
      };
      keepServices(view, act, inTurn, ({ replicasWanted }) => ({
        spot: replicasWanted + extra - base,
        onDemand: base,
      }));
    },
  }),
});
