import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { InstanceView } from "../contract/view.ts";
import { isGoing } from "../failover/replicas-of.ts";
import {
  changeOf,
  chosenTarget,
  controllerParams,
  inOrder,
  instancesFor,
  keepPool,
  type LoadMemory,
  layOut,
  lookAtLoad,
  poolParams,
  unseenLoad,
} from "./pipelines.ts";

/** SpotServe's controller, without anything that keeps what there was. */
export const reparallelization = definePolicy({
  name: "reparallelization",
  summary: "Chooses layouts as spotserve does, but every change stops all pipelines and starts them anew from storage.",
  source: "Miao et al., SpotServe, ASPLOS 2024, section 6.1: the baseline Reparallelization",
  details: ["It takes no notice of notices: it acts when an instance is gone, or ready."],
  workloads: ["serving"],
  needs: ["layouts"],
  params: z.strictObject({ ...poolParams, ...controllerParams }),
  memory: ({ alphaPerS }): LoadMemory => unseenLoad(alphaPerS),
  create: (params) => ({
    decide(view, act, memory) {
      const [service] = view.work.services;
      if (service?.model === undefined) return;
      const { model, placements } = service;
      lookAtLoad(view, act, service, params, memory);
      const all = instancesFor(view, service);
      const targetOf = (on: readonly InstanceView[]) => chosenTarget(model, on, memory.alphaPerS, params);
      if (placements.length === 0) {
        layOut(act, service, all, params, targetOf, "restart");
      } else if (!placements.some(({ instances }) => instances.some(isGoing))) {
        const change = changeOf(service, all, params, targetOf);
        if (change !== undefined) {
          act.note("the instances that are there, or the load, suit another layout");
          act.reparallelize(service, inOrder(change.usable, change.target), "restart");
        }
      }
      keepPool(view, act, all, params);
    },
  }),
});
