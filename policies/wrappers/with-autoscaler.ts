import { z } from "zod";
import { definePolicy, defineWrapper } from "../contract/policy.ts";
import type { Seconds } from "../contract/units.ts";
import { type AutoscalerState, autoscale } from "../scheduling/autoscale.ts";

/** Of one service. */
type Scaled = { state: AutoscalerState; decidedS: Seconds | null };

/** How many replicas a service wants, by the requests that it gets; the policy inside has them where its own rule says. */
export const withAutoscaler = defineWrapper({
  name: "with-autoscaler",
  summary: "Wants as many replicas as the requests of the last minute need, once that has lasted for a while.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 4; SkyPilot, RequestRateAutoscaler",
  details: [
    "Begins with the number that the study names, and does nothing for a service without requests.",
    "SkyServe's delays: 300 s up, 1,200 s down, decided every 20 s or at the next ask after that. One contrary decision begins the wait anew; from zero it is left at once.",
    "A later step of the study's own `replicas` is overruled by the next decision that differs from it.",
  ],
  params: z
    .strictObject({
      targetPerReplicaPerS: z
        .number()
        .positive()
        .default(1)
        .describe("requests a second that a replica is to bear (Qtar)"),
      replicasMin: z.int().min(0).default(1).describe("never fewer replicas than these"),
      replicasMax: z.int().min(1).default(20).describe("never more replicas than these"),
      upDelayS: z.number().nonnegative().default(300).describe("how long more must be needed, seconds"),
      downDelayS: z.number().nonnegative().default(1200).describe("how long fewer must be enough, seconds"),
      everyS: z.number().positive().default(20).describe("between two decisions, seconds"),
    })
    .refine(({ replicasMin, replicasMax }) => replicasMin <= replicasMax, {
      path: ["replicasMax"],
      message: "expected at least replicasMin",
    }),
  wrap: (inner, params) =>
    definePolicy({
      ...inner,
      name: `with-autoscaler(${inner.name})`,
      summary: `${inner.summary} Wants a replica for every ${params.targetPerReplicaPerS} requests a second.`,
      memory: (innerParams, luck) => ({
        own: {} as { [service: string]: Scaled },
        inner: inner.memory(innerParams, luck),
      }),
      create: (innerParams, ...foresight) => {
        const policy = inner.create(innerParams, ...foresight);
        return {
          decide(view, act, { own, inner: memory }) {
            for (const service of view.work.services) {
              const { id, requestsPerS, replicasWanted } = service;
              if (requestsPerS === undefined) continue;
              own[id] ??= { state: { replicas: replicasWanted, above: 0, below: 0 }, decidedS: null };
              const scaled = own[id];
              if ((scaled.decidedS ?? -Infinity) + params.everyS <= view.nowS) {
                scaled.state = autoscale(scaled.state, requestsPerS, params);
                scaled.decidedS = view.nowS;
                if (scaled.state.replicas !== replicasWanted) {
                  act.note("as the requests of the last minute need");
                  act.scale(service, scaled.state.replicas);
                }
              }
              act.wakeAt(scaled.decidedS! + params.everyS);
            }
            policy.decide(view, act, memory);
          },
        };
      },
    }),
});
