import type { Kind } from "../kind.ts";
import { arrivalStats } from "./arrival-stats.ts";
import { assignment } from "./assignment.ts";
import { assignmentCompare } from "./assignment-compare.ts";
import { assignmentSlots } from "./assignment-slots.ts";
import { autoscalerHysteresis } from "./autoscaler-hysteresis.ts";
import { availability } from "./availability.ts";
import { billedMinutes } from "./billed-minutes.ts";
import { costPerToken } from "./cost-per-token.ts";
import { deadlineJob } from "./deadline-job.ts";
import { fallback } from "./fallback.ts";
import { holm } from "./holm.ts";
import { nodeCountSeries } from "./node-count-series.ts";
import { paired } from "./paired.ts";
import { planner } from "./planner.ts";
import { priceAvailability } from "./price-availability.ts";
import { priceHistory } from "./price-history.ts";
import { profileLatency } from "./profile-latency.ts";
import { quantile } from "./quantile.ts";
import { servingFleet } from "./serving-fleet.ts";
import { servingOptimum, servingOptimumOne } from "./serving-optimum.ts";
import { servingToy } from "./serving-toy.ts";
import { staticBatchQueue } from "./static-batch-queue.ts";
import { traceAllZero } from "./trace-all-zero.ts";
import { tracePearson } from "./trace-pearson.ts";
import { tracePreemptCluster } from "./trace-preempt-cluster.ts";
import { traceUpCounts } from "./trace-up-counts.ts";

// A kind is one file and one line here.
export const kinds: readonly Kind[] = [
  // suite assignment
  assignment,
  assignmentSlots,
  // suite cant-be-late
  deadlineJob,
  // suite skyserve
  servingFleet,
  servingOptimum,
  servingOptimumOne,
  servingToy,
  fallback,
  autoscalerHysteresis,
  traceUpCounts,
  tracePearson,
  traceAllZero,
  tracePreemptCluster,
  // suite spotserve
  profileLatency,
  planner,
  nodeCountSeries,
  billedMinutes,
  costPerToken,
  staticBatchQueue,
  arrivalStats,
  assignmentCompare,
  // suite statistics
  paired,
  holm,
  quantile,
  // suite traces
  priceHistory,
  availability,
  priceAvailability,
];
