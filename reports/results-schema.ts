import { z } from "zod";

/** What the page reads of each file of a results folder; more may stand there. */
const NUMBER_OR_NULL = z.number().nullable();
const ESTIMATE = z.looseObject({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  kind: z.enum(["interval", "range"]),
  n: z.number(),
});
const SAVING = z.looseObject({
  policyId: z.string(),
  against: z.string(),
  savingUsd: ESTIMATE,
  parts: z.looseObject({
    priceUsd: ESTIMATE,
    hoursUsd: ESTIMATE,
    freeHoursUsd: ESTIMATE,
    otherUsd: ESTIMATE.optional(),
    workNotDoneUsd: ESTIMATE,
  }),
});
const COMPARISON = z.looseObject({
  metric: z.string(),
  policyId: z.string(),
  against: z.string(),
  role: z.enum(["primary", "exploratory"]),
  n: z.number(),
  difference: ESTIMATE,
  ratio: ESTIMATE.nullable(),
  p: NUMBER_OR_NULL,
  pHolm: NUMBER_OR_NULL,
  pSmallest: NUMBER_OR_NULL,
  betterShare: ESTIMATE.nullable(),
  detectable: NUMBER_OR_NULL,
  correlation: NUMBER_OR_NULL,
  convergence: z.array(ESTIMATE),
});
const TRACE_VALUES = z.looseObject({
  trace: z.string(),
  units: z.array(z.string()),
  values: z.record(z.string(), z.array(NUMBER_OR_NULL)),
});
const FIGURE = z.looseObject({
  id: z.string(),
  claim: z.string(),
  source: z.string().nullable(),
  from: NUMBER_OR_NULL,
  to: NUMBER_OR_NULL,
  of: z.enum(["mean", "oneRun"]),
  within: z.number(),
  quantity: z.string(),
  unit: z.string(),
  ours: ESTIMATE.nullable(),
  offBy: NUMBER_OR_NULL,
  runs: z
    .looseObject({
      n: z.number(),
      low: z.number(),
      median: z.number(),
      high: z.number(),
      shareAtLeast: z.number(),
    })
    .nullable(),
  verdict: z.enum(["holds", "does not hold", "cannot be told"]),
  why: z.string().nullable(),
  steps: z.array(
    z.looseObject({
      label: z.string(),
      quantity: z.string(),
      ours: ESTIMATE.nullable(),
      change: ESTIMATE.nullable(),
      why: z.string().nullable(),
    }),
  ),
});
const BOUND = z.looseObject({
  kind: z.enum(["exact", "relaxation", "heuristic"]),
  workload: z.enum(["tasks", "deadline-job", "serving"]),
  profile: z.enum(["aws", "cbl-tick-v1", "skyserve-tick", "skynomad-tick", "spotserve"]).optional(),
});
const POLICY = z.looseObject({
  policyId: z.string(),
  clairvoyant: z.looseObject({ bound: BOUND.nullable() }).optional(),
  regrets: z.array(z.looseObject({ bound: z.string(), share: ESTIMATE })).optional(),
  metrics: z.record(z.string(), ESTIMATE),
});
export const SUMMARY = z.looseObject({
  question: z.string(),
  baseline: z.string(),
  primaryMetric: z.string(),
  better: z.enum(["lower", "higher"]),
  groups: z.array(
    z.looseObject({
      axes: z.record(z.string(), z.unknown()),
      units: z.number(),
      replicates: z.number(),
      policies: z.array(POLICY),
      comparisons: z.array(COMPARISON),
      confirm: z.looseObject({ units: z.number(), looks: z.number(), comparisons: z.array(COMPARISON) }).optional(),
      savings: z.array(SAVING),
      traces: z.array(TRACE_VALUES),
      answer: z.string(),
    }),
  ),
  look: z.looseObject({ at: z.number(), of: z.number() }).nullable(),
  sweepAnswers: z.array(z.string()),
  variance: z.array(
    z.looseObject({
      quantity: z.enum(["value", "change"]),
      policies: z.array(z.string()),
      shares: z.array(z.looseObject({ of: z.array(z.string()), share: z.number() })),
    }),
  ),
  published: z.array(FIGURE),
  expected: z.array(FIGURE),
  warnings: z.array(z.string()),
  cells: z.looseObject({ ok: z.number(), failed: z.number() }),
});
export const RECORD = z.intersection(
  z.looseObject({
    spec: z.looseObject({
      trace: z.string(),
      traceDigest: z.string(),
      fromS: z.number(),
      seed: z.string(),
      unit: z.string(),
      replicate: z.number(),
      policyId: z.string(),
      axes: z.record(z.string(), z.unknown()),
    }),
    versions: z.looseObject({ engine: z.string(), node: z.string() }),
  }),
  z.discriminatedUnion("ok", [
    z.looseObject({
      ok: z.literal(true),
      metrics: z.record(z.string(), z.number()),
      assumptions: z.array(z.string()),
      fingerprint: z.string(),
    }),
    z.looseObject({ ok: z.literal(false), error: z.string(), replay: z.string() }),
  ]),
);
export const TRACED_RUN = z.looseObject({
  policyId: z.string(),
  trace: z.string(),
  unit: z.string(),
  replicate: z.number(),
  axes: z.record(z.string(), z.unknown()),
  timeline: z.looseObject({
    endS: z.number(),
    markets: z.array(z.looseObject({ name: z.string(), capacityType: z.string() })),
    prices: z.array(z.looseObject({ market: z.number(), timeS: z.number(), usdPerHour: z.number() })),
    capacity: z.array(z.looseObject({ market: z.number(), timeS: z.number(), count: NUMBER_OR_NULL })),
    instances: z.array(
      z.looseObject({
        id: z.number(),
        market: z.number(),
        requestedS: z.number(),
        runningS: NUMBER_OR_NULL,
        readyS: NUMBER_OR_NULL,
        noticeS: NUMBER_OR_NULL,
        endS: z.number(),
        endedBy: z.string(),
        usd: z.number(),
      }),
    ),
    work: z.array(
      z.looseObject({ work: z.number(), instance: z.number(), fromS: z.number(), toS: z.number(), ended: z.string() }),
    ),
    wanted: z.array(z.looseObject({ timeS: z.number(), replicas: z.number() })).optional(),
    asks: z.array(
      z.looseObject({
        timeS: z.number(),
        actions: z.array(z.string()),
        notes: z.array(z.looseObject({ action: z.number(), by: z.string(), why: z.string() })),
      }),
    ),
  }),
});
