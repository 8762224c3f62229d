import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import type { TaskView } from "../contract/view.ts";
import { cheapestOnDemand, cheapestSpot, endIdle, launchShortfall, retryS } from "./launching.ts";

/** Greedy, until a task has been reclaimed often enough: then that task gets an on-demand instance to itself. */
export const onDemandFallback = definePolicy({
  name: "on-demand-fallback",
  summary: "Spot like greedy; a task that was reclaimed `afterReclaims` times gets an on-demand instance of its own.",
  source: "Synkti, policy `ondemand-fallback` (crates/synkti-simulation, default threshold 2)",
  params: z.strictObject({
    afterReclaims: z.int().min(1).default(2).describe("reclaims of a task after which it runs on-demand"),
    retryS,
  }),
  memory: () => ({}),
  create: ({ afterReclaims, retryS: pauseS }) => ({
    decide(view, act) {
      const { pending } = view.work;
      if (pending.length === 0) {
        endIdle(view, act);
        return;
      }
      const isBurnt = (task: TaskView) => task.reclaims >= afterReclaims;
      let served = true;
      // Placed here and exclusively, so that no assignment strategy undoes the preference.
      for (const task of pending) {
        if (!isBurnt(task)) continue;
        const market = cheapestOnDemand(view, task.memoryMiB);
        if (market === undefined) {
          served = false;
          continue;
        }
        act.note("reclaimed too often");
        const instance = act.launch(market);
        act.place(task, { instances: [instance], exclusive: true });
      }
      const others = pending.filter((task) => !isBurnt(task));
      if (!launchShortfall(view, act, others, cheapestSpot, "work without a place")) served = false;
      if (!served) act.wakeAt(view.nowS + pauseS);
    },
  }),
});
