import { z } from "zod";
import { distributionSchema as distribution } from "../policies/contract/distribution.ts";
import type { BillSpec, Cadence, CloudSpec } from "../policies/contract/scenario.ts";

const notNegative = z.number().nonnegative();
const positive = z.number().positive();

const bill = z.strictObject({
  disk: z
    .strictObject({ gib: positive, usdPerGibMonth: notNegative })
    .exactOptional()
    .describe("a volume for each instance, from grant to end; gp3 cost 0.08 in us-east-1 in 2025"),
  addressUsdPerHour: notNegative
    .exactOptional()
    .describe("a public IPv4 address for each instance, from grant to end; 0.005 on AWS since February 2024"),
  transfer: z
    .strictObject({
      betweenZonesUsdPerGib: notNegative.describe("each way, so a GiB costs twice this; 0.01 on AWS in 2025"),
      betweenRegionsUsdPerGib: z
        .union([notNegative, z.record(z.string(), z.union([notNegative, z.record(z.string(), notNegative)]))])
        .describe(
          "out of a region into another, by the region that is left, or by that and the one entered; 0.02 from us-east-1 in 2025",
        ),
      storageRegion: z
        .string()
        .min(1)
        .exactOptional()
        .describe(
          "where checkpoints and weights lie; absent: a checkpoint in the region it was written in, weights in every region",
        ),
    })
    .exactOptional()
    .describe("state, checkpoints and weights that cross a zone or region; to and from storage in the region is free"),
  balancerUsdPerHour: notNegative
    .exactOptional()
    .describe("one load balancer for the whole run, parts of an hour as whole ones; 0.0225 in us-east-1 in 2025"),
}) satisfies z.ZodType<BillSpec>;

/** The simulated cloud, as a study writes it. */
export const cloudSchema = z.strictObject({
  profile: z
    .enum(["aws", "cbl-tick-v1", "skyserve-tick", "skynomad-tick", "spotserve"])
    .describe("timing profile: the order of things within an instant, and the defaults below"),
  answerS: distribution.exactOptional().describe("from request to grant or refusal, seconds"),
  noticeLeadS: distribution.exactOptional().describe("from interruption notice to the end, seconds"),
  noticeMissingShare: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .describe("share of the reclaims that come without any notice; best effort on AWS"),
  rebalance: z
    .strictObject({
      share: z.number().min(0).max(1).describe("of the reclaims that are preceded by a recommendation"),
      leadS: distribution.describe("from the recommendation to the interruption notice, seconds"),
    })
    .exactOptional()
    .describe("rebalance recommendations before notices; absent: none"),
  launchS: z
    .strictObject({ boot: distribution, imagePull: distribution, engineStart: distribution })
    .exactOptional()
    .describe("parts of a launch after the answer, in order, seconds"),
  interruptions: z
    .discriminatedUnion("model", [
      z.strictObject({ model: z.literal("capacity") }).describe("when the trace's capacity falls below what is held"),
      z
        .strictObject({
          model: z.literal("hazard"),
          perHour: notNegative,
          zoneShockPerHour: notNegative.exactOptional(),
          regionShockPerHour: notNegative.exactOptional(),
        })
        .describe("at a rate per instance-hour, with shocks that take all of a zone or region"),
    ])
    .describe("why the provider takes instances back"),
  visibility: z
    .enum(["told", "tried"])
    .describe("told: policies see how many launches would be granted; tried: only asking tells, as on EC2"),
  depth: z
    .enum(["observed", "unlimited"])
    .describe("observed: the trace's count is the limit; unlimited: any count above 0 is read as no limit"),
  slotsPerInstance: z.int().min(1).describe("how many tasks an instance runs at a time"),
  instanceTypes: z
    .record(
      z.string(),
      z.strictObject({
        gpuMemoryMiB: positive.describe("of all its GPUs together"),
        networkMiBPerS: positive,
        gpu: z
          .strictObject({
            count: z.int().min(1),
            bandwidthGBPerS: positive,
            fp16Tflops: positive,
            link: z
              .strictObject({ bandwidthGBPerS: positive, latencyUs: z.number().nonnegative() })
              .exactOptional()
              .describe(
                "between the GPUs of one instance, one way; absent: what they exchange takes no time of its own",
              ),
          })
          .exactOptional()
          .describe("how many, and the peaks of each; requests are timed by them"),
      }),
    )
    .default({})
    .describe("what an instance of each type in the traces offers; the catalog says it of those that are not here"),
  bill: bill.exactOptional().describe("what is billed beside instances; a line that is absent is not"),
}) satisfies z.ZodType<CloudSpec>;

export const cadenceSchema = z
  .strictObject({
    onChange: z.boolean().describe("at every fact but a price, and when the policy asked to be woken"),
    everyS: positive.exactOptional().describe("and on the grid 0, everyS, 2 everyS, ..."),
    once: z
      .boolean()
      .exactOptional()
      .describe("one ask at each time of the grid, whatever comes of it; absent: until the decisions have settled"),
  })
  .refine(({ onChange, once }) => !(onChange && once), {
    path: ["once"],
    message: "goes with a grid alone; set onChange: false",
  })
  .refine(({ onChange, everyS }) => onChange || everyS !== undefined, {
    path: ["everyS"],
    message: "is missing; without onChange nobody would ever ask the policy",
  }) satisfies z.ZodType<Cadence>;
