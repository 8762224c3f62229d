import { z } from "zod";
import { deadlineJobParams } from "../sim/workloads/deadline-job-params.ts";
import { servingParams } from "../sim/workloads/serving-params.ts";
import { tasksParams } from "../sim/workloads/tasks-params.ts";
import { cadenceSchema, cloudSchema } from "./cloud-schema.ts";
import { expectedSchema, publishedSchema } from "./published/published-schema.ts";
import { scenarioSchema } from "./scenario-schema.ts";
import { COUNT_MAX, traceSchema } from "./trace-schema.ts";

const price = z.number().nonnegative();
const isNotEmpty = (named: object): boolean => Object.keys(named).length > 0;
/** What is printed: no line breaks, and nothing that drives a terminal. */
const line = z
  .string()
  .trim()
  .min(1)
  .regex(/^\P{Cc}+$/u, { error: "expected one line, without control characters" });

/** A study: one question, and the grid of runs that answers it. */
export const studySchema = z.strictObject({
  question: line.describe("the headline of the report"),
  traces: z.array(traceSchema).min(1).describe("spot markets, real or generated"),
  onDemandUsdPerHour: z
    .union([price, z.record(z.string(), z.union([price, z.record(z.string(), price)]))])
    .exactOptional()
    .describe(
      "one price, or by instance type, or by instance type and region; no trace has it; the catalog's where it is not here",
    ),
  catalog: z
    .string()
    .min(1)
    .exactOptional()
    .describe("a file with more instance types and prices, from the study's folder; traces/catalog has the form"),
  workload: z
    .discriminatedUnion("model", [
      z.strictObject({ model: z.literal("tasks"), params: tasksParams }),
      z.strictObject({ model: z.literal("deadline-job"), params: deadlineJobParams }),
      z.strictObject({ model: z.literal("serving"), params: servingParams }),
    ])
    .describe("what is to be done"),
  cloud: cloudSchema.describe("the simulated cloud"),
  cadence: cadenceSchema.default({ onChange: true }).describe("when a policy is asked; at every change where absent"),
  drainH: z
    .number()
    .nonnegative()
    .default(0)
    .describe("how much longer than its window a run goes on, so that started work can finish"),
  policies: z.array(scenarioSchema).min(1).describe("what is compared"),
  sweep: z
    .record(
      z.string(),
      z.union([
        z.array(z.unknown()).min(1),
        z.record(z.string(), z.unknown()).refine(isNotEmpty, "expected at least one value"),
      ]),
    )
    .default({})
    .describe(
      "axes: a path into this study, such as cloud.slotsPerInstance, and the values it takes; a mapping gives each value a name; or a name of your own, and for each named value a mapping of paths to what they are together",
    ),
  replicates: z
    .union([z.int().min(1).max(COUNT_MAX), z.literal("auto")])
    .default(1)
    .describe(
      "runs of each unit with other luck; averaged before anything is compared; auto: 1, 2, 4 or 8, until all primary comparisons are decided",
    ),
  confirmShare: z
    .number()
    .positive()
    .max(0.5)
    .exactOptional()
    .describe(
      "of the units, the last ones, kept apart: policies are ranked on the others, and the primary comparisons confirmed on these; each look at them is recorded",
    ),
  baseline: z.string().describe("the policy that all others are compared with"),
  primary: z
    .strictObject({
      metric: z.string(),
      comparisons: z
        .array(z.tuple([z.string(), z.string()]))
        .describe("[policy, against]: those that were meant beforehand"),
    })
    .describe("what the answer rests on; everything else is exploratory"),
  accounting: z
    .literal("synkti-seed")
    .exactOptional()
    .describe("also what Synkti's simulator would have said of each run, from its log; tasks only"),
  published: z
    .array(publishedSchema)
    .default([])
    .describe("figures that others published: each gets ours beside it, and a verdict"),
  expected: z.array(expectedSchema).default([]).describe("what the study expects, judged as published figures are"),
});
export type Study = z.infer<typeof studySchema>;

/** The values of an axis, and what records and legends call each: its name where it has one, else itself. */
export const axisValues = (
  axis: Study["sweep"][string],
): readonly { readonly called: unknown; readonly value: unknown }[] =>
  Array.isArray(axis)
    ? axis.map((value) => ({ called: value, value }))
    : Object.entries(axis).map(([called, value]) => ({ called, value }));

/** The roots of the paths that a sweep may take. */
export const SWEPT = ["workload", "cloud", "cadence", "drainH", "onDemandUsdPerHour", "policies", "traces"] as const;

/** For editors: completion and checks while a study is written. */
export const studyJsonSchema = (): Record<string, unknown> =>
  z.toJSONSchema(studySchema, { io: "input" }) as Record<string, unknown>;
