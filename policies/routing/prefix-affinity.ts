import { z } from "zod";
import { defineRouter } from "../contract/routing.ts";
import type { InstanceId } from "../contract/units.ts";

/** Points of each replica on the ring: more of them share it out more evenly. */
const POINTS = 64;
const [PREFIX, POINT] = [0, 1]; // the luck is a hash here: one draw for each kind of thing

/**
 * Consistent hashing with bounded loads. Prefixes and replicas lie on a ring; a request goes to the first replica after its prefix
 * that has less than `loadFactor` times the mean outstanding. So a prefix stays where it is held, unless that is too busy, and a
 * replica that comes or goes moves few others.
 * Source: Mirrokni, Thorup and Zadimoghaddam, SODA 2018: loadFactor = 1 + epsilon.
 */
export const prefixAffinity = defineRouter({
  name: "prefix-affinity",
  summary: "Requests with the same beginning to the same replica, or the next on the ring where that one has too many.",
  source: "Mirrokni, Thorup and Zadimoghaddam, Consistent hashing with bounded loads, SODA 2018",
  details: ["A request whose prompt shares nothing goes to a point of its own on the ring."],
  params: z.strictObject({
    loadFactor: z
      .number()
      .gt(1)
      .default(1.25)
      .describe("how many times the mean number of outstanding requests a replica may have"),
  }),
  create: ({ loadFactor }, luck) => {
    const counts = new Map<InstanceId, number>();
    let total = 0;
    let ring: { readonly at: number; readonly target: InstanceId }[] = [];
    return {
      register(target) {
        counts.set(target, 0);
        const points = Array.from({ length: POINTS }, (_, i) => ({ at: luck(target, i, POINT), target }));
        ring = [...ring, ...points].sort((a, b) => a.at - b.at || a.target - b.target);
      },
      deregister(target) {
        total -= counts.get(target) ?? 0;
        counts.delete(target);
        ring = ring.filter((point) => point.target !== target);
      },
      outstanding(target, count) {
        total += count - counts.get(target)!;
        counts.set(target, count);
      },
      route(request, _retries, prefix) {
        if (ring.length === 0) return undefined;
        const most = Math.ceil((loadFactor * (total + 1)) / counts.size);
        const at = prefix < 0 ? luck(request, 0, PREFIX) : luck(prefix, 1, PREFIX);
        let [low, high] = [0, ring.length];
        while (low < high) {
          const middle = (low + high) >>> 1;
          if (ring[middle]!.at < at) low = middle + 1;
          else high = middle;
        }
        // One is below the mean, so this ends.
        for (;;) {
          const { target } = ring[low % ring.length]!;
          if (counts.get(target)! < most) return target;
          low++;
        }
      },
    };
  },
});
