import type { SavingSplit } from "../summary.ts";

/** What the split needs of one unit. */
export interface BillOfUnit {
  readonly costUsd: number;
  /** Price integral over charged, free and padding seconds: the bill without the free first hours. */
  readonly listUsd: number;
  /** Hours that listUsd is over. */
  readonly billableHours: number;
  readonly workHoursDone: number;
}

/**
 * Where a saving against the baseline comes from, in parts that add up to it, unit by unit.
 *
 * With w = work done here / work done there: workNotDone = (1 - w) x the baseline's cost, what it would have saved by doing
 * as little. Against the baseline scaled by w, whose list price an hour is P' over U' hours, ours being P over U: hours = P'
 * (U' - U), price = U (P' - P), freeHours = what was free here less what was free there. List prices differ by hours + price,
 * costs by that and the free hours, so the four add up for any numbers.
 *
 * Does more work than the baseline: workNotDone is negative. A baseline without work or hours puts all of it into one part.
 * @example splitSaving of 10 h at 3 USD against 12 h at 1 USD with 1 h free, same work: saving 30 - 11 = 19 = hours 3 x (10
 * - 12) + price 12 x (3 - 1) + free 1
 */
export function splitSaving(ours: BillOfUnit, baseline: BillOfUnit): SavingSplit {
  const savingUsd = baseline.costUsd - ours.costUsd;
  const w = baseline.workHoursDone > 0 ? ours.workHoursDone / baseline.workHoursDone : 1;
  const workNotDoneUsd = (1 - w) * baseline.costUsd;
  const baseHours = w * baseline.billableHours;
  // Without hours there is no price an hour: ours is then compared at our own price, and all of it is hours.
  const ourPrice = ours.billableHours > 0 ? ours.listUsd / ours.billableHours : 0;
  const basePrice = baseline.billableHours > 0 ? baseline.listUsd / baseline.billableHours : ourPrice;
  return {
    savingUsd,
    priceUsd: ours.billableHours * (basePrice - ourPrice),
    hoursUsd: basePrice * (baseHours - ours.billableHours),
    freeHoursUsd: ours.listUsd - ours.costUsd - w * (baseline.listUsd - baseline.costUsd),
    workNotDoneUsd,
  };
}

/** Part by part over units; the parts of the mean add up to the mean saving. */
export function meanSplit(splits: readonly SavingSplit[]): SavingSplit {
  const mean = (part: keyof SavingSplit) => splits.reduce((sum, split) => sum + split[part], 0) / splits.length;
  return {
    savingUsd: mean("savingUsd"),
    priceUsd: mean("priceUsd"),
    hoursUsd: mean("hoursUsd"),
    freeHoursUsd: mean("freeHoursUsd"),
    workNotDoneUsd: mean("workNotDoneUsd"),
  };
}
