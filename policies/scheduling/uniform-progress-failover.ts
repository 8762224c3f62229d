import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { endLeftOver } from "./gang.ts";
import { isUnanswered, keepPaceAcross, onDemandIn, zonesToTry } from "./zones.ts";

/**
 * Uniform Progress that tries zone after zone: each time spot is wanted, from the cheapest to the dearest, those of the region that
 * it ran in last at the end. It stays where it is until it is taken back. Run it inside with-safety-net, with one overhead.
 * Source: SkyNomad, NSDI 2027: UP(S), sky_spot/strategies/multi_region_rc_cr_threshold_eager_failover.py of its artifact.
 */
export const uniformProgressFailover = definePolicy({
  name: "uniform-progress-failover",
  summary: "Uniform Progress that tries all zones from the cheapest on, those of the region it lost last.",
  source: "SkyNomad, NSDI 2027: UP(S), Uniform Progress with SkyPilot's eager failover",
  details: [
    "Learns by trying: every refusal is a launch that was answered, and none costs anything. Told what is obtainable, it skips what is not.",
  ],
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({}),
  memory: () => ({}),
  create: () => ({
    decide(view, act) {
      endLeftOver(view, act);
      for (const job of view.work.jobs) {
        if (isUnanswered(job)) continue;
        const isLost = (region: string) => Number(region === job.stateIn);
        const [zone] = [...zonesToTry(view, job)].sort(
          (a, b) => isLost(a.region) - isLost(b.region) || a.priceUsdPerHour - b.priceUsdPerHour,
        );
        keepPaceAcross(view, act, job, zone, onDemandIn(view, job.stateIn));
      }
    },
  }),
});
