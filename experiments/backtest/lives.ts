import { HOUR_S, type InstanceId, type MarketId, type Seconds, type Usd } from "../../policies/contract/units.ts";
import { Meter } from "../../sim/meter.ts";
import { profiles } from "../../sim/profiles.ts";
import type { FeedRow } from "../../traces/formats/data-feed.ts";
import type { TraceTable } from "../../traces/trace-table.ts";

/** One use of an instance without a break, as the account's data feed tells it. */
export interface Life {
  readonly instance: string;
  readonly instanceType: string;
  /** UTC, since 1970. */
  readonly fromS: Seconds;
  readonly toS: Seconds;
  readonly paidUsd: Usd;
}

/**
 * The uses that instance-hours add up to. An hour's line begins it; the part of its last hour that was used is what was charged over
 * the hour's price. Lines that charge nothing (a first hour that AWS interrupted) say nothing of how long that was: they are counted.
 * @example two lines of one instance, at 10:00 for 0.50 and at 11:00 for 0.25, both at 0.50 USD/h: one life from 10:00 to 11:30
 */
export function livesOf(rows: readonly FeedRow[]): { readonly lives: readonly Life[]; readonly free: number } {
  const lives: Life[] = [];
  const charged = rows.filter(({ paidUsd, marketUsdPerHour }) => paidUsd > 0 && marketUsdPerHour > 0);
  for (const [instance, own] of Map.groupBy(charged, (row) => row.instance)) {
    let life: Life | undefined;
    for (const { instanceType, timeS, paidUsd, marketUsdPerHour } of own.toSorted((a, b) => a.timeS - b.timeS)) {
      const toS = timeS + Math.min(1, paidUsd / marketUsdPerHour) * HOUR_S;
      const goesOn = life !== undefined && timeS - life.toS <= 1;
      if (life !== undefined && !goesOn) lives.push(life);
      const before = goesOn ? life : undefined;
      life = { instance, instanceType, fromS: before?.fromS ?? timeS, toS, paidUsd: (before?.paidUsd ?? 0) + paidUsd };
    }
    if (life !== undefined) lives.push(life);
  }
  return { lives, free: rows.length - charged.length };
}

/** A life, and what the simulator's meter would have billed for it. */
export interface Billed extends Life {
  readonly simulatedUsd: Usd;
}

/**
 * The simulator's bill of lives over a price history, as of instances that their owner ended.
 * @param market of the history that an instance ran in.
 * @param startS of the history, UTC since 1970.
 * @returns those that the history covers; the others are left out.
 */
export function billed(
  lives: readonly Life[],
  table: TraceTable,
  startS: Seconds,
  market: (life: Life) => number | undefined,
): readonly Billed[] {
  const meter = new Meter(table, profiles.aws.billing, { ledger: true });
  return lives.flatMap((life, i): Billed[] => {
    const at = market(life);
    const [fromS, toS] = [life.fromS - startS, life.toS - startS];
    if (at === undefined || fromS < 0 || toS > table.endS) return [];
    meter.charge(i as InstanceId, at as MarketId, fromS, toS, "terminated");
    return [{ ...life, simulatedUsd: meter.ledger!.at(-1)!.usd }];
  });
}
