import type { Saving, SavingPart } from "../summary.ts";
import { meanEstimate } from "./estimate.ts";
import type { Resamples } from "./resamples.ts";
import type { Metrics, Units } from "./units.ts";

/** What the split needs of one unit. */
export interface BillOfUnit {
  readonly costUsd: number;
  /** Part of costUsd: the lines beside instances. */
  readonly otherUsd: number;
  /** Price integral over charged, free and padding seconds: the bill without the free first hours. */
  readonly listUsd: number;
  /** Hours that listUsd is over. */
  readonly billableHours: number;
  readonly workHoursDone: number;
}

/** One unit's saving, USD: the parts add up to it. */
export type SplitOfUnit = Readonly<Record<"savingUsd" | SavingPart, number>>;

/**
 * Where a saving against the baseline comes from, in parts that add up to it, unit by unit.
 *
 * With w = work done here / work done there: workNotDone = (1 - w) x the baseline's cost, what it would have saved by doing
 * as little. Against the baseline scaled by w, whose list price an hour is P' over U' hours, ours being P over U: hours = P'
 * (U' - U), price = U (P' - P), freeHours = what was free here less what was free there, other = the lines beside instances there
 * less here. List prices differ by hours + price, costs by that, the free hours and the other lines, so the five add up for any numbers.
 *
 * Does more work than the baseline: workNotDone is negative. A baseline without work or hours puts all of it into one part.
 * @throws Error when the parts do not add up: bills that are none, such as a list price over no hours.
 * @example splitSaving of 10 h at 3 USD against 12 h at 1 USD with 1 h free, same work: saving 30 - 11 = 19 = hours 3 x (10
 * - 12) + price 12 x (3 - 1) + free 1
 */
export function splitSaving(ours: BillOfUnit, baseline: BillOfUnit): SplitOfUnit {
  const w = workShare(ours.workHoursDone, baseline.workHoursDone);
  const baseHours = w * baseline.billableHours;
  // Without hours there is no price an hour: ours is then compared at our own price, and all of it is hours.
  const ourPrice = ours.billableHours > 0 ? ours.listUsd / ours.billableHours : 0;
  const basePrice = baseline.billableHours > 0 ? baseline.listUsd / baseline.billableHours : ourPrice;
  const split: SplitOfUnit = {
    savingUsd: baseline.costUsd - ours.costUsd,
    priceUsd: ours.billableHours * (basePrice - ourPrice),
    hoursUsd: basePrice * (baseHours - ours.billableHours),
    freeHoursUsd: freeUsd(ours) - w * freeUsd(baseline),
    otherUsd: w * baseline.otherUsd - ours.otherUsd,
    workNotDoneUsd: (1 - w) * baseline.costUsd,
  };
  const { savingUsd, ...parts } = split;
  const left = Object.values(parts).reduce((sum, part) => sum + part, -savingUsd);
  // What rounding may leave grows with what cancels out.
  const size = Object.values(parts).reduce((sum, part) => sum + Math.abs(part), 1 + ours.listUsd);
  if (!(Math.abs(left) <= 1e-9 * size)) {
    throw new Error(`the split of a saving leaves ${left} USD: ${JSON.stringify({ ours, baseline, split })}`);
  }
  return split;
}

/** Work that is equal in exact arithmetic, summed in another order, is equal. */
function workShare(ours: number, baseline: number): number {
  const share = baseline > 0 ? ours / baseline : 1;
  return Math.abs(share - 1) <= 1e-12 ? 1 : share;
}

/** What the free first hours would have cost. */
const freeUsd = ({ listUsd, costUsd, otherUsd }: BillOfUnit): number => listUsd - (costUsd - otherUsd);

/**
 * What `policyId` saves against another on the units of both, part by part, each with its interval (95 %, exploratory). The parts of
 * the mean are the means of the parts, so they add up to the mean saving; their intervals share the resamples.
 * @returns undefined when no unit has both bills.
 */
export function savingOf(
  policyId: string,
  against: string,
  units: ReadonlyMap<string, Units>,
  resamples: Resamples,
): Saving | undefined {
  const theirs = units.get(against);
  const own = [...(units.get(policyId) ?? [])];
  const splits = own.flatMap(([unit, metrics]) => {
    const [ours, baseline] = [billOf(metrics), billOf(theirs?.get(unit))];
    return ours === undefined || baseline === undefined ? [] : [splitSaving(ours, baseline)];
  });
  if (splits.length === 0) return undefined;
  const estimate = (of: keyof SplitOfUnit) =>
    meanEstimate(
      Float64Array.from(splits, (split) => split[of]),
      resamples,
    );
  return {
    policyId,
    against,
    savingUsd: estimate("savingUsd"),
    parts: {
      priceUsd: estimate("priceUsd"),
      hoursUsd: estimate("hoursUsd"),
      freeHoursUsd: estimate("freeHoursUsd"),
      ...(own.some(([, { otherUsd }]) => otherUsd !== undefined) && { otherUsd: estimate("otherUsd") }),
      workNotDoneUsd: estimate("workNotDoneUsd"),
    },
  };
}

/** A run's bill from its metrics; undefined where one is missing. */
export function billOf(metrics: Metrics | undefined): BillOfUnit | undefined {
  const { costUsd, otherUsd = 0, listUsd, chargedHours, freeHours, workHoursDone } = metrics ?? {};
  if (costUsd === undefined || listUsd === undefined || chargedHours === undefined) return undefined;
  if (freeHours === undefined || workHoursDone === undefined) return undefined;
  return { costUsd, otherUsd, listUsd, billableHours: chargedHours + freeHours, workHoursDone };
}
