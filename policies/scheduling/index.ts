import type { PolicySpec } from "../contract/policy.ts";
import type { Json } from "../contract/units.ts";
import { asgPriceCapacityOptimized } from "./asg-price-capacity-optimized.ts";
import { greedy } from "./greedy.ts";
import { karpenterLike } from "./karpenter-like.ts";
import { onDemandFallback } from "./on-demand-fallback.ts";
import { onDemandOnly } from "./on-demand-only.ts";

// A policy is one file and one line here. Each has parameters and memory of its own type; a list can only promise that they
// belong together, which PolicySpec's own signature checks where the policy is defined.
export const schedulingPolicies = [
  onDemandOnly,
  greedy,
  onDemandFallback,
  asgPriceCapacityOptimized,
  karpenterLike,
] as unknown as readonly PolicySpec<unknown, Json>[];
