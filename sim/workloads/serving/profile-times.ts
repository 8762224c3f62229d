import type { LatencyProfile, Layout } from "../../../policies/contract/latency-profile.ts";
import { batchLatency } from "../../../policies/parallelism/batch-latency.ts";
import type { StepTimes } from "./step-times.ts";

const PS_PER_S = 1e12;

/**
 * Times as they were measured. A step of n running requests takes what a batch of n takes for a token, and between two measured
 * batches what lies on the line between them. Assumes that reading a prompt takes as long in proportion as one of `promptTokens`
 * tokens took, and that context costs what it cost when the profile was measured.
 * @throws LatencyProfileError for a layout that nobody measured, or a batch beyond the largest measured
 * @example profileTimes(profile, { pipeline: 1, tensor: 4, batchMax: 8 }, 512).fixedPs[8] // a decode step of 8 requests
 */
export function profileTimes(profile: LatencyProfile, layout: Layout, promptTokens: number): StepTimes {
  const batches = Object.keys(profile.embedMs).map(Number);
  const decodePs = (batch: number) => batchLatency(profile, layout, batch, 1).perTokenS * PS_PER_S;
  const between = (running: number): number => {
    const below = batches.findLast((batch) => batch <= running)!;
    const above = batches.find((batch) => batch >= running) ?? running; // unmeasured: decodePs throws, and says what there is
    const [low, high] = [decodePs(below), decodePs(above)];
    return above === below ? low : low + ((high - low) * (running - below)) / (above - below);
  };
  return {
    // A step that reads prompts alone takes what they take.
    fixedPs: Float64Array.from({ length: layout.batchMax + 1 }, (_, running) =>
      running === 0 ? 0 : Math.round(between(running)),
    ),
    perContextTokenPs: 0,
    perPromptTokenPs: Math.round((batchLatency(profile, layout, 1, 1).prefillS * PS_PER_S) / promptTokens),
    perPromptTokenSquaredPs: 0,
  };
}
