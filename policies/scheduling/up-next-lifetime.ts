import { z } from "zod";
import type { Foresight } from "../contract/foresight.ts";
import { definePolicy } from "../contract/policy.ts";
import type { MarketId, Seconds } from "../contract/units.ts";
import type { FleetView, JobView } from "../contract/view.ts";
import { type Choice, marketFor, steerJobs, whereIs } from "./gang.ts";
import { isBehind } from "./uniform-progress.ts";

/**
 * Uniform progress told how long the spot on offer will last, in place of hysteresis: it takes spot only where that pays for
 * the overheads. Idle to spot: o > k d / (k - 1). On-demand to spot: o > 2 k d / (k - 1). Run it inside with-safety-net.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 5.4: o = lifetime of the spot on offer, k = on-demand price / spot price,
 * d = restartOverheadS. It sees lifetimes, not the best use of them, so its cost bounds nothing.
 */
export const upNextLifetime = definePolicy({
  name: "up-next-lifetime",
  summary: "Uniform progress that knows how long the spot on offer will last and takes it where that pays.",
  source: "Wu et al., Can't Be Late, NSDI 2024, section 5.4: uniform progress with the next-spot-lifetime oracle",
  sight: "clairvoyant",
  workloads: ["deadline-job"],
  needs: ["grid", "availability"],
  params: z.strictObject({}),
  memory: () => ({}),
  create: (_params, foresight) => ({
    decide(view, act) {
      steerJobs(view, act, (job): Choice => {
        switch (whereIs(job)) {
          case "spot":
            return SPOT;
          case "onDemand":
            return pays(view, job, foresight, 2) ? SPOT : STAY;
          case "idle":
            if (pays(view, job, foresight, 1)) return SPOT;
            return isBehind(job, view.nowS) ? BEHIND : IDLE;
        }
      });
    },
  }),
});

const SPOT = { to: "spot", why: "this spot lasts long enough" } as const;
const STAY = { to: "onDemand", why: "no spot that lasts" } as const;
const BEHIND = { to: "onDemand", why: "behind the line" } as const;
const IDLE = { to: "idle", why: "waits for spot that lasts" } as const;

/** Whether the cheapest spot will last long enough to pay for so many restarts. */
function pays(view: FleetView, job: JobView, foresight: Foresight, restarts: number): boolean {
  const spot = marketFor(view, job, "spot");
  const onDemand = marketFor(view, job, "onDemand");
  if (spot === undefined || onDemand === undefined) return false;
  const k = onDemand.priceUsdPerHour / spot.priceUsdPerHour;
  return lifetimeS(foresight, spot.id, job.nodes, view.nowS) * (k - 1) > restarts * k * job.restartOverheadS;
}

/** How long the market will bear so many instances from now; to the end of the trace, if nothing ends it before. */
export function lifetimeS(foresight: Foresight, market: MarketId, nodes: number, nowS: Seconds): Seconds {
  let timeS = nowS;
  while (timeS < foresight.endS && foresight.capacityAt(market, timeS) >= nodes) {
    timeS = foresight.nextCapacityChangeS(market, timeS);
  }
  return Math.min(timeS, foresight.endS) - nowS;
}
