import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { InstanceView } from "../contract/view.ts";
import { isGoing } from "../failover/replicas-of.ts";
import { fixedTarget, has, inOrder, instancesFor, keepPool, poolParams, surplusOf } from "./pipelines.ts";

/** Whole pipelines of one layout come and go; what they had in flight begins again elsewhere. */
export const rerouting = definePolicy({
  name: "rerouting",
  summary:
    "One layout throughout: a pipeline that loses an instance is gone, and a new one starts when there are enough.",
  source: "Miao et al., SpotServe, ASPLOS 2024, section 6.1: the baseline Rerouting",
  details: [
    "It takes no notice of notices. A new pipeline is placed as soon as its instances are granted; those that are up already read what they lack from storage.",
  ],
  workloads: ["serving"],
  needs: ["layouts"],
  params: z.strictObject(poolParams),
  memory: () => ({}),
  create: (pool) => ({
    decide(view, act) {
      const [service] = view.work.services;
      if (service?.model === undefined) return;
      const all = instancesFor(view, service);
      const surplus = surplusOf(all, pool.instancesMax);
      for (const placement of service.placements) {
        if (!placement.instances.some((each) => has(surplus, each))) continue;
        act.note("spot has made up for what it runs on");
        act.release(placement);
      }
      const free = all.filter(
        (each) => each.placements.length === 0 && each.status !== "requested" && !has(surplus, each),
      );
      const on = [...free.filter(isUp), ...free.filter((each) => !isUp(each))].filter((each) => !isGoing(each));
      const target = fixedTarget(service.model, on);
      for (const placement of target === undefined ? [] : inOrder(on, target)) {
        act.note("enough instances for one more pipeline");
        act.place(service, placement);
      }
      keepPool(view, act, all, pool);
    },
  }),
});

const isUp = ({ status }: InstanceView): boolean => status === "ready";
