import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { noSamples, sampleZones } from "./probed-zones.ts";

/**
 * Uniform Progress in the zone that granted the largest share of its last samples. Run it inside with-safety-net, with one overhead.
 * Source: SkyNomad, NSDI 2027: UP(A), sky_spot/strategies/multi_region_availability_probe_simple.py of its artifact.
 */
export const uniformProgressAvailability = definePolicy({
  name: "uniform-progress-availability",
  summary:
    "Uniform Progress in the zone that granted the largest share of its last few samples; moves when another has.",
  source: "SkyNomad, NSDI 2027: UP(A), Uniform Progress with probed availability",
  details: [
    "Samples are launches, probes, being there still after another interval, and being taken back. While it is on spot, one zone is probed at a time, that with the fewest samples first. Probes are billed as launches.",
  ],
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({
    probeEveryS: z.number().positive().default(7200).describe("from one sample of a zone to the next, seconds"),
    samples: z.int().min(1).default(5).describe("samples of a zone that count"),
  }),
  memory: noSamples,
  create: ({ probeEveryS, samples }) =>
    sampleZones({ everyS: probeEveryS, samples, score: (share) => share, stays: 1 - 1e-6, sparing: true }),
});
