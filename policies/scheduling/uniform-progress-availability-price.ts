import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { noSamples, sampleZones } from "./probed-zones.ts";

/**
 * Uniform Progress in the zone with the largest share of samples granted, over its spot price. Run it inside with-safety-net, with one
 * overhead.
 * Source: SkyNomad, NSDI 2027: UP(AP), sky_spot/strategies/multi_region_probe_cost_ratio.py of its artifact.
 */
export const uniformProgressAvailabilityPrice = definePolicy({
  name: "uniform-progress-availability-price",
  summary: "Uniform Progress in the zone with the largest share of samples granted over its spot price.",
  source: "SkyNomad, NSDI 2027: UP(AP), Uniform Progress with probed availability over price",
  details: [
    "Samples are launches, probes, being there still after another interval, and being taken back; all count for ever. It moves when its zone scores less than nine tenths of the best. Probes are billed as launches.",
    "Without a job's state anywhere, and whenever it was idle, on-demand is that of the first zone, as in the artifact.",
  ],
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({
    probeEveryS: z.number().positive().default(3600).describe("from one sample of a zone to the next, seconds"),
  }),
  memory: noSamples,
  create: ({ probeEveryS }) =>
    sampleZones({
      everyS: probeEveryS,
      samples: Infinity,
      score: (share, { priceUsdPerHour }) => share / priceUsdPerHour,
      stays: 0.9,
      sparing: false,
    }),
});
