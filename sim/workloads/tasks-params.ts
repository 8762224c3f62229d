import { z } from "zod";

const positive = z.number().positive();
const notNegative = z.number().nonnegative();

/** Parameters of the `tasks` workload, as a study writes them. */
export const tasksParams = z
  .strictObject({
    tasks: z.int().min(1).max(10_000_000).describe("how many tasks arrive"),
    arrivals: z
      .discriminatedUnion("kind", [
        z
          .strictObject({ kind: z.literal("uniform"), spanH: positive })
          .describe("independent, uniform on [0, spanH] hours"),
        z.strictObject({ kind: z.literal("atStart") }).describe("all at time 0"),
      ])
      .describe("when they arrive"),
    workH: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("constant"), value: positive }),
        z.strictObject({ kind: z.literal("uniform"), min: positive, max: positive }),
      ])
      .describe("hours of work of a task"),
    memoryMiB: z
      .union([notNegative, z.literal("state")])
      .describe("GPU memory a task holds; `state`: as much as its state at the end"),
    state: z
      .strictObject({
        baseMiB: notNegative.default(0),
        perHourMiB: notNegative.default(0),
        maxMiB: positive,
        grows: z
          .boolean()
          .default(true)
          .describe("true: with the hours done; false: fixed from the start at what the whole task comes to"),
      })
      .describe("what must move when a task moves: base + perHour x hours, at most max"),
    onReclaim: z
      .enum(["restart", "checkpointEvery", "checkpointInGrace", "migrate"])
      .describe("what becomes of its progress when its instance is taken back"),
    checkpoint: z
      .strictObject({ everyS: positive, writeMiBPerS: positive })
      .optional()
      .describe("checkpointEvery only: a write starts every `everyS` of work, beside the work"),
    models: z
      .array(z.strictObject({ name: z.string().min(1), weightsMiB: notNegative, share: positive }))
      .min(1)
      .optional()
      .describe("models the tasks need, with their shares; weights are loaded once an instance"),
  })
  .superRefine((params, context) => {
    if ((params.onReclaim === "checkpointEvery") !== (params.checkpoint !== undefined)) {
      context.addIssue({
        code: "custom",
        path: ["checkpoint"],
        message: "goes with onReclaim: checkpointEvery, and only with it",
      });
    }
    if (params.workH.kind === "uniform" && params.workH.max < params.workH.min) {
      context.addIssue({ code: "custom", path: ["workH", "max"], message: "is below min" });
    }
  });
export type TasksParams = z.infer<typeof tasksParams>;
