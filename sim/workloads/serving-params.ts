import { z } from "zod";

const replicas = z.int().min(0);

/** Parameters of the `serving` workload, as a study writes them. */
export const servingParams = z.strictObject({
  replicas: z
    .union([
      replicas.min(1),
      z
        .array(z.strictObject({ fromH: z.number().nonnegative(), replicas }))
        .min(1)
        .refine(([first]) => first!.fromH === 0, "begins at fromH: 0")
        .refine(
          (steps) => steps.every(({ fromH }, i) => i === 0 || fromH > steps[i - 1]!.fromH),
          "expected each fromH after the one before it",
        )
        .refine((steps) => steps.some((step) => step.replicas > 0), "wants no replica at any time"),
    ])
    .describe("ready replicas wanted (Ntar): a number, or a list of { fromH, replicas } from fromH: 0 on"),
  warmupS: z
    .number()
    .nonnegative()
    .default(0)
    .describe("how much of the window's beginning is left out of metrics, bills included; seconds"),
});
export type ServingParams = z.input<typeof servingParams>;
