import { z } from "zod";
import { dataSets } from "../traces/datasets.ts";
import { roles } from "../traces/formats/mapped-csv.ts";
import { timeUnits } from "../traces/formats/node-events.ts";
import { marketModel } from "../traces/generate.ts";
import { presets } from "../traces/presets.ts";
import { oneOf } from "./faults.ts";

const positive = z.number().positive();
/** Of seeds, windows of a unit, and replicates: more is a slip, or a study that nobody waits for. */
export const COUNT_MAX = 100_000;

/** What every entry of `traces` has. */
const common = {
  name: z
    .string()
    .regex(/^[\w.-]+$/, { error: "expected a name of letters, digits, . _ and -" })
    .describe("what records and legends call it"),
  markets: z
    .strictObject({
      instanceTypes: z.array(z.string()).min(1).exactOptional(),
      zones: z.array(z.string()).min(1).exactOptional(),
    })
    .exactOptional()
    .describe("which of its spot markets take part; all where absent"),
};

/** Disjoint stretches of a real trace, each a unit of inference, or several at random in each such stretch. */
const windows = z
  .union([
    z
      .strictObject({
        lengthH: positive,
        everyH: positive.exactOptional().describe("from start to start; lengthH and drainH together where absent"),
        random: z
          .strictObject({
            perUnit: z
              .int()
              .min(1)
              .max(COUNT_MAX)
              .describe("windows in each unit, averaged before anything is compared"),
            unitH: positive.exactOptional().describe("length of a unit; twice lengthH and drainH where absent"),
          })
          .exactOptional()
          .describe("at seeded random starts, as papers do, but within disjoint units"),
      })
      .describe("as many as the trace holds"),
    z
      .array(
        z.strictObject({
          fromH: z.number().nonnegative(),
          lengthH: positive,
          wrap: z.literal(true).exactOptional().describe("may pass the trace's end, and goes on at its start"),
        }),
      )
      .min(1),
  ])
  .describe("stretches of calendar time that are run and compared");

const dataset = z.strictObject({
  ...common,
  dataset: listed(dataSets).describe("a public data set"),
  root: z
    .string()
    .min(1)
    .exactOptional()
    .describe("the folder it lies in, from the study's folder; --set traces.root=FOLDER says it for all"),
  windows,
});

const files = z.strictObject({
  ...common,
  files: z
    .array(z.string().min(1))
    .min(1)
    .describe("files of your own, from the study's folder; overlapping pulls are merged"),
  polarity: z.enum(["available", "preempted"]).exactOptional().describe("what 1 means, where the format does not say"),
  instanceType: z.string().min(1).exactOptional().describe("where the files do not say"),
  zone: z.string().min(1).exactOptional().describe("where the files do not say"),
  product: z.string().min(1).exactOptional().describe("which ProductDescription, where a file holds several"),
  usdPerHour: positive.exactOptional().describe("one spot price for all time, where the files hold none"),
  tz: z.string().min(1).exactOptional().describe("what stamps without an offset mean: UTC, +01:00"),
  map: z
    .partialRecord(z.enum(roles), z.string().min(1))
    .exactOptional()
    .describe("which column of a CSV holds what, by name, or by number from 1 where there is no header"),
  timeUnit: z.enum(timeUnits).exactOptional().describe("of times that have none"),
  gap: z
    .enum(["hold", "unavailable", "fail"])
    .exactOptional()
    .describe("what stands where the source was not looking; hold where absent"),
  windows,
});

const { instanceType, zones, regions, count, common: outages, priceFactor } = marketModel.shape;
const generated = z.strictObject({
  ...common,
  generate: z
    .strictObject({
      preset: listed(presets).exactOptional().describe("where the other settings come from; each can be said anew"),
      file: z.string().min(1).exactOptional().describe("or a model that `traces fit` wrote, from the study's folder"),
      instanceType: instanceType.exactOptional(),
      zones: zones.exactOptional(),
      regions: regions.removeDefault().exactOptional(),
      count: count.removeDefault().exactOptional(),
      common: outages.unwrap().exactOptional(),
      priceFactor: priceFactor.unwrap().exactOptional(),
    })
    .refine(
      ({ preset, file, instanceType, zones }) =>
        preset !== undefined || file !== undefined || (instanceType !== undefined && zones !== undefined),
      { path: ["preset"], message: "is missing; name a preset or a file, or give instanceType and zones" },
    )
    .refine(({ preset, file }) => preset === undefined || file === undefined, {
      path: ["file"],
      message: "goes without preset",
    }),
  windows: z
    .strictObject({ lengthH: positive, seeds: z.int().min(1).max(COUNT_MAX).describe("each is one unit of inference") })
    .describe("drawn anew for each seed"),
});

export const traceSchema = z.union([dataset, files, generated]);
export type StudyTrace = z.infer<typeof traceSchema>;
export type GeneratedTrace = z.infer<typeof generated>;

function listed(list: readonly { readonly name: string; readonly summary: string }[]) {
  const names = list.map((each) => each.name);
  return z
    .string()
    .superRefine((name, context) => {
      if (!names.includes(name)) context.addIssue({ code: "custom", message: oneOf(names, name) });
    })
    .meta({ anyOf: list.map(({ name, summary }) => ({ const: name, description: summary })) });
}
