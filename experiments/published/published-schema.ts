import { z } from "zod";

const line = z
  .string()
  .trim()
  .min(1)
  .regex(/^\P{Cc}+$/u, { error: "expected one line, without control characters" });

/** A number that the records of a study hold: of one policy, or of one against another. */
const quantitySchema = z.strictObject({
  metric: z.string().describe("which metric of a run"),
  policy: z.string().describe("whose"),
  as: z
    .enum(["mean", "difference", "ratio", "saving"])
    .default("mean")
    .describe("mean over units; policy minus against; ratio of sums, policy over against; 1 minus that ratio"),
  against: z.string().exactOptional().describe("the other policy; the baseline where absent"),
  againstMetric: z.string().exactOptional().describe("the other's metric; the same where absent"),
  at: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("at which point of the sweep: axes and their values, as many as name one point"),
  againstAt: z
    .record(z.string(), z.unknown())
    .exactOptional()
    .describe("at which point the other is, on the same units; the same where absent"),
});
export type Quantity = z.infer<typeof quantitySchema>;

/** A figure, and what in this study speaks to it. The verdict is computed, never written here. */
const figure = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.-]+$/, { error: "expected a name of letters, digits, . _ and -" })
    .describe("what tables call it"),
  claim: line.describe("what is said, in words"),
  value: z
    .union([z.number(), z.strictObject({ from: z.number().exactOptional(), to: z.number().exactOptional() })])
    .describe("the figure, or a range that is open where an end is absent; a share as 0.8, not 80"),
  of: z
    .enum(["mean", "oneRun"])
    .default("mean")
    .describe(
      "mean: holds where our whole interval lies in it; oneRun: one run's figure, holds where it lies among 95 % of ours",
    ),
  within: z.number().nonnegative().default(0).describe("how far off it still holds, in the figure's own unit"),
  ours: quantitySchema.describe("what it is compared with"),
  why: line.exactOptional().describe("what explains the verdict; shown beside it"),
  steps: z
    .array(
      z.strictObject({
        label: line.describe("what is different from the step before"),
        ours: quantitySchema,
        why: line.exactOptional(),
      }),
    )
    .default([])
    .describe("how one gets from the figure to ours: each step a number of this study, the last of them ours"),
});

/** What somebody published. */
export const publishedSchema = figure
  .extend({ source: line.describe("where, with section or table") })
  .superRefine(assertJudgeable);
export type Published = z.infer<typeof publishedSchema>;

/** What the study itself expects. */
export const expectedSchema = figure.superRefine(assertJudgeable);
export type Expected = z.infer<typeof expectedSchema>;

function assertJudgeable({ value, of, within }: z.infer<typeof figure>, context: z.RefinementCtx): void {
  const fault = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (typeof value === "number") {
    if (of === "mean" && within === 0) fault("within", "is missing; no interval lies within a single number");
    return;
  }
  if (of === "oneRun") fault("value", "expected one number: oneRun is what a single run came to");
  if (value.from === undefined && value.to === undefined) fault("value", "expected from, to or both");
  if ((value.from ?? -Infinity) > (value.to ?? Infinity)) fault("value", "begins above its end");
}
