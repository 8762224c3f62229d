import { z } from "zod";
import { TraceError } from "../columns.ts";
import type { FormatAbout } from "./index.ts";
import type { SourceFile } from "./source-file.ts";
import { parseJson } from "./values.ts";

/** How often a type is reclaimed somewhere, by the band that AWS publishes. */
export interface Hazard {
  readonly region: string;
  readonly os: string;
  readonly instanceType: string;
  /** As AWS labels it: <5% of instances a month, 5-10% and so on. */
  readonly band: string;
  /** Reclaims an hour at the band's middle; at its lower end where it is open above. */
  readonly perHour: number;
  readonly perHourMin: number;
  /** null: open above. */
  readonly perHourMax: number | null;
  readonly savingsPercent: number;
}

const MONTH_H = 30 * 24;
/** Shares of a month's instances by band index. A file's own `max` (5, 11, 16, 22, 100) does not equal its labels: these do. */
const bands = [
  { label: "<5%", from: 0, to: 0.05 },
  { label: "5-10%", from: 0.05, to: 0.1 },
  { label: "10-15%", from: 0.1, to: 0.15 },
  { label: "15-20%", from: 0.15, to: 0.2 },
  { label: ">20%", from: 0.2, to: undefined },
] as const;

export const HAZARD_ASSUMPTION =
  "Assumes that a band is the chance that an instance which runs for 30 days is reclaimed in them, at a constant rate: -ln(1 - share) / 720 h at the band's middle; >20% is open above and taken at 20%, the least it can be";

const shape = z.looseObject({
  ranges: z.array(z.looseObject({ index: z.int(), label: z.string() })),
  spot_advisor: z.record(
    z.string(),
    z.record(z.string(), z.record(z.string(), z.looseObject({ s: z.number(), r: z.int() }))),
  ),
});

/** AWS's Spot Instance Advisor: how often instances were interrupted in the month before, in five bands. No price, no capacity. */
export const spotAdvisor: FormatAbout & { hazards(file: SourceFile): readonly Hazard[] } = {
  name: "spot-advisor",
  holds: "reclaim rates (hazards), no prices and no capacity",
  source: "AWS, Spot Instance Advisor feed (JSON); embedded by alexei-led/spotinfo",
  get: "the feed behind the advisor's page, or the repository alexei-led/spotinfo",
  command: "npm run traces -- import spot-advisor-data.json --instance-type g5.xlarge",
  matches: ({ text }) => /^\s*\{/.test(text) && /"spot_advisor"\s*:/.test(text),
  /** @throws TraceError for another shape, and for bands that are not the five known ones. */
  hazards: (file) => {
    const parsed = shape.safeParse(parseJson(file));
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      throw new TraceError(
        `${file.path}: ${path.join(".")}: ${message}; expected {ranges, spot_advisor: {region: {os: {type: {s, r}}}}}`,
      );
    }
    const { ranges, spot_advisor: regions } = parsed.data;
    for (const { index, label } of ranges) {
      if (bands[index]?.label === label) continue;
      throw new TraceError(
        `${file.path}: band ${index} is called ${JSON.stringify(label)}, expected ${bands[index]?.label ?? "none of that number"}; AWS has changed its bands`,
      );
    }
    return Object.entries(regions).flatMap(([region, systems]) =>
      Object.entries(systems).flatMap(([os, types]) =>
        Object.entries(types).map(([instanceType, { s, r }]): Hazard => {
          const band = bands[r];
          if (band === undefined)
            throw new TraceError(`${file.path}: ${region}.${os}.${instanceType}: there is no band ${r}`);
          const { label, from, to } = band;
          return {
            region,
            os,
            instanceType,
            band: label,
            perHour: ratePerHour(to === undefined ? from : (from + to) / 2),
            perHourMin: ratePerHour(from),
            perHourMax: to === undefined ? null : ratePerHour(to),
            savingsPercent: s,
          };
        }),
      ),
    );
  },
};

/** @example ratePerHour(0.2) // 0.00030992 */
const ratePerHour = (share: number): number => -Math.log1p(-share) / MONTH_H;
