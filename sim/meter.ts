import type { InstanceId, MarketId, Seconds, Usd } from "../policies/contract/units.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import type { TimingProfile } from "./profiles.ts";

export type LedgerEnd = "terminated" | "reclaimed" | "cut";

/** One instance's bill: upS = chargedS + freeFirstHourS - minimumPaddingS. */
export interface LedgerRow {
  readonly instance: InstanceId;
  readonly market: MarketId;
  readonly endedBy: LedgerEnd;
  /** `running`: where charging starts. */
  readonly fromS: Seconds;
  readonly upS: Seconds;
  readonly chargedS: Seconds;
  readonly freeFirstHourS: Seconds;
  readonly minimumPaddingS: Seconds;
  /** Price integral over up-time and padding: what it would cost without the free hour. */
  readonly listUsd: Usd;
  readonly usd: Usd;
}

/**
 * The bill. Each rule has its source:
 * - charged from `running` until `shutting-down`, idle and warming included (AWS User Guide, "Instance lifecycle");
 * - per second, at least `minimumS` (API_StopInstances);
 * - along the trace's price path, not at the price of the launch. Assumes so: a whitepaper says "the Spot price that's in
 *   effect, billed to the nearest second", an announcement of 2017 says the price at the beginning of each instance-hour;
 * - a spot instance that the provider takes back before `freeWhenReclaimedWithinS` of up-time is free ("Billing for
 *   interrupted Spot Instances"). Assumes that the hour counts to the end of the instance, not to its notice.
 */
export class Meter {
  /** Every bill, in order of ending; undefined where only the sums are kept. */
  readonly ledger: LedgerRow[] | undefined;
  readonly total = { usd: 0, listUsd: 0, upS: 0, spotUpS: 0, chargedS: 0, freeFirstHourS: 0, minimumPaddingS: 0 };
  readonly #table: TraceTable;
  readonly #billing: TimingProfile["billing"];

  constructor(table: TraceTable, billing: TimingProfile["billing"], keep: { readonly ledger: boolean }) {
    this.ledger = keep.ledger ? [] : undefined;
    this.#table = table;
    this.#billing = billing;
  }

  charge(instance: InstanceId, market: MarketId, fromS: Seconds, endS: Seconds, endedBy: LedgerEnd): LedgerRow {
    const { minimumS, freeWhenReclaimedWithinS } = this.#billing;
    const upS = endS - fromS;
    const free = endedBy === "reclaimed" && upS < freeWhenReclaimedWithinS;
    const minimumPaddingS = free ? 0 : Math.max(0, minimumS - upS);
    const listUsd = this.#table.costUsd(market, fromS, endS + minimumPaddingS);
    const row: LedgerRow = {
      instance,
      market,
      endedBy,
      fromS,
      upS,
      chargedS: free ? 0 : upS + minimumPaddingS,
      freeFirstHourS: free ? upS : 0,
      minimumPaddingS,
      listUsd,
      usd: free ? 0 : listUsd,
    };
    if (Math.abs(row.upS - (row.chargedS + row.freeFirstHourS - row.minimumPaddingS)) > 1e-6) {
      throw new Error(`the bill of instance ${instance} does not close: ${JSON.stringify(row)}`);
    }
    this.ledger?.push(row);
    const { total } = this;
    total.usd += row.usd;
    total.listUsd += row.listUsd;
    total.upS += upS;
    if (this.#table.markets[market]!.capacityType === "spot") total.spotUpS += upS;
    total.chargedS += row.chargedS;
    total.freeFirstHourS += row.freeFirstHourS;
    total.minimumPaddingS += minimumPaddingS;
    return row;
  }
}
