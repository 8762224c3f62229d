import { z } from "zod";

/** Parameters of the `deadline-job` workload, as a study writes them. Hours are rounded to whole seconds. */
export const deadlineJobParams = z
  .strictObject({
    workH: z.number().positive().describe("hours of work, all nodes running together (C)"),
    deadlineH: z
      .number()
      .positive()
      .describe("hours from its arrival, at the start of the window, to its deadline (R)"),
    restartOverheadS: z
      .int()
      .min(0)
      .describe("seconds without progress after each launch, the first included; lost when reclaimed inside it (d)"),
    nodes: z.int().min(1).default(1).describe("instances of its gang, which run together or not at all (N)"),
  })
  .refine(({ workH, deadlineH }) => deadlineH >= workH, {
    path: ["deadlineH"],
    message: "is below workH: no policy could meet it",
  });
export type DeadlineJobParams = z.infer<typeof deadlineJobParams>;
