import type { AnyPolicySpec } from "../contract/policy.ts";
import { asFastAsPossible } from "./as-fast-as-possible.ts";
import { asgPriceCapacityOptimized } from "./asg-price-capacity-optimized.ts";
import { evenSpread } from "./even-spread.ts";
import { greedy } from "./greedy.ts";
import { greedyDeadline } from "./greedy-deadline.ts";
import { karpenterLike } from "./karpenter-like.ts";
import { looseStart } from "./loose-start.ts";
import { omniscient } from "./omniscient.ts";
import { omniscientHeterogeneous } from "./omniscient-heterogeneous.ts";
import { omniscientRegions } from "./omniscient-regions.ts";
import { omniscientReplicas } from "./omniscient-replicas.ts";
import { omniscientSliced } from "./omniscient-sliced.ts";
import { omniscientWholeTicks } from "./omniscient-whole-ticks.ts";
import { onDemandFallback } from "./on-demand-fallback.ts";
import { onDemandOnly } from "./on-demand-only.ts";
import { randomizedShiftedGreedy } from "./randomized-shifted-greedy.ts";
import { relaxedOptimum } from "./relaxed-optimum.ts";
import { reparallelization } from "./reparallelization.ts";
import { rerouting } from "./rerouting.ts";
import { roundRobin } from "./round-robin.ts";
import { skynomad } from "./skynomad.ts";
import { skynomadNextLifetime } from "./skynomad-next-lifetime.ts";
import { spotHedge } from "./spot-hedge.ts";
import { spotOnly } from "./spot-only.ts";
import { spotserve } from "./spotserve.ts";
import { staticMixture } from "./static-mixture.ts";
import { timeSliced } from "./time-sliced.ts";
import { uniformProgress } from "./uniform-progress.ts";
import { uniformProgressAvailability } from "./uniform-progress-availability.ts";
import { uniformProgressAvailabilityPrice } from "./uniform-progress-availability-price.ts";
import { uniformProgressFailover } from "./uniform-progress-failover.ts";
import { upNextLifetime } from "./up-next-lifetime.ts";

// A policy is one file and one line here. Each has parameters and memory of its own type; a list can only promise that they
// belong together, which PolicySpec's own signature checks where the policy is defined.
export const schedulingPolicies = [
  onDemandOnly,
  greedy,
  onDemandFallback,
  asgPriceCapacityOptimized,
  karpenterLike,
  spotOnly,
  asFastAsPossible,
  greedyDeadline,
  uniformProgress,
  looseStart,
  timeSliced,
  randomizedShiftedGreedy,
  upNextLifetime,
  omniscient,
  omniscientHeterogeneous,
  omniscientSliced,
  relaxedOptimum,
  uniformProgressFailover,
  uniformProgressAvailability,
  uniformProgressAvailabilityPrice,
  skynomad,
  skynomadNextLifetime,
  omniscientRegions,
  omniscientWholeTicks,
  spotHedge,
  evenSpread,
  roundRobin,
  staticMixture,
  omniscientReplicas,
  spotserve,
  rerouting,
  reparallelization,
] as unknown as readonly AnyPolicySpec[];
