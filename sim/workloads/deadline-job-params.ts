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
    truth: z
      .strictObject({
        workWithinH: z.number().nonnegative().default(0).describe("the work is drawn within so many hours of workH"),
        overheadWithinS: z
          .int()
          .min(0)
          .default(0)
          .describe("each overhead is drawn within so many seconds of restartOverheadS"),
      })
      .exactOptional()
      .describe("how far what policies are told of the job is off, either way; absent: not at all"),
    checkpointEveryS: z
      .number()
      .positive()
      .exactOptional()
      .describe(
        "at a reclaim the work since the last of its checkpoints is lost; absent: none is, the overhead stands for it",
      ),
    moves: z
      .strictObject({
        stateGib: z.number().positive().describe("what leaves a region when the job goes on in another"),
        mbps: z
          .strictObject({
            inRegion: z.number().positive(),
            inContinent: z.number().positive(),
            across: z.number().positive(),
          })
          .exactOptional()
          .describe(
            "rates at which its state is read: seconds beyond those inside a region come on top of the overhead; absent: none do, the transfer overlaps the launch",
          ),
      })
      .exactOptional()
      .describe("what it means to change regions, beside the price in cloud.bill.transfer; absent: nothing"),
  })
  .refine(({ workH, deadlineH }) => deadlineH >= workH, {
    path: ["deadlineH"],
    message: "is below workH: no policy could meet it",
  })
  .refine(({ workH, truth }) => (truth?.workWithinH ?? 0) < workH, {
    path: ["truth", "workWithinH"],
    message: "is not below workH: the job could have no work",
  })
  .refine(({ restartOverheadS, truth }) => (truth?.overheadWithinS ?? 0) <= restartOverheadS, {
    path: ["truth", "overheadWithinS"],
    message: "is above restartOverheadS: an overhead could be negative",
  });
export type DeadlineJobParams = z.infer<typeof deadlineJobParams>;
