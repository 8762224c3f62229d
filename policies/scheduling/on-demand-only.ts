import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { steer } from "./gang.ts";
import { cheapestOnDemand, endIdle, launchShortfall, retryS } from "./launching.ts";
import { extraReplicas, keepServices } from "./replicas.ts";

/** Never reclaimed, always dearest: what a study's savings are measured against. */
export const onDemandOnly = definePolicy({
  name: "on-demand-only",
  summary: "Every launch is on-demand, in the cheapest zone; ends what is idle.",
  workloads: ["tasks", "deadline-job", "serving"],
  source: "Synkti, policy `ondemand` (crates/synkti-simulation)",
  params: z.strictObject({
    retryS,
    extraReplicas,
  }),
  memory: () => ({}),
  create: ({ retryS: pauseS, extraReplicas: extra }) => ({
    decide(view, act) {
      if (view.work.services.length > 0) {
        keepServices(
          view,
          act,
          () => undefined,
          ({ replicasWanted }) => ({ spot: 0, onDemand: replicasWanted + extra }),
        );
        return;
      }
      for (const job of view.work.jobs) steer(view, act, job, ON_DEMAND);
      const { pending } = view.work;
      if (pending.length === 0) endIdle(view, act);
      else if (!launchShortfall(view, act, pending, cheapestOnDemand, "work without a place"))
        act.wakeAt(view.nowS + pauseS);
    },
  }),
});

const ON_DEMAND = { to: "onDemand", why: "on-demand, as always" } as const;
