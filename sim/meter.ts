import type { BillSpec } from "../policies/contract/scenario.ts";
import {
  HOUR_S,
  type InstanceId,
  type MarketId,
  type MiB,
  type Seconds,
  type Usd,
} from "../policies/contract/units.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import type { TimingProfile } from "./profiles.ts";
import { SimulationError } from "./simulation-error.ts";

export type LedgerEnd = "terminated" | "reclaimed" | "stopped" | "cut";

/** The bill of one life of an instance: upS = chargedS + freeFirstHourS - minimumPaddingS. */
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
 * The bill of instances. Each rule has its source:
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
  /** The bill beside instances; undefined where the study names no line. */
  readonly lines: BillLines | undefined;
  /** Warm-up comes before it and is not billed. */
  measuredFromS: Seconds = 0;
  readonly #table: TraceTable;
  readonly #billing: TimingProfile["billing"];

  /** @throws SimulationError for lines that lack a price */
  constructor(
    table: TraceTable,
    billing: TimingProfile["billing"],
    { ledger, bill }: { readonly ledger: boolean; readonly bill?: BillSpec | undefined },
  ) {
    this.ledger = ledger ? [] : undefined;
    if (bill !== undefined && Object.keys(bill).length > 0) {
      this.lines = new BillLines(bill, table.markets, billing.minimumS);
    }
    this.#table = table;
    this.#billing = billing;
  }

  charge(instance: InstanceId, market: MarketId, runningS: Seconds, endS: Seconds, endedBy: LedgerEnd): void {
    const { minimumS, freeWhenReclaimedWithinS } = this.#billing;
    const fromS = Math.min(endS, Math.max(runningS, this.measuredFromS));
    const upS = endS - fromS;
    const free = endedBy === "reclaimed" && endS - runningS < freeWhenReclaimedWithinS;
    const isWarmup = runningS < this.measuredFromS && endS <= this.measuredFromS;
    const minimumPaddingS = free || isWarmup ? 0 : Math.max(0, minimumS - (endS - runningS));
    const listUsd = this.#table.costUsd(market, fromS, endS + minimumPaddingS);
    const chargedS = free ? 0 : upS + minimumPaddingS;
    const freeFirstHourS = free ? upS : 0;
    const usd = free ? 0 : listUsd;
    if (!(Math.abs(upS - (chargedS + freeFirstHourS - minimumPaddingS)) <= 1e-6)) {
      throw new Error(
        `the bill of instance ${instance} does not close: up ${upS} s, charged ${chargedS} s, free ${freeFirstHourS} s, padding ${minimumPaddingS} s`,
      );
    }
    this.ledger?.push({
      instance,
      market,
      endedBy,
      fromS,
      upS,
      chargedS,
      freeFirstHourS,
      minimumPaddingS,
      listUsd,
      usd,
    });
    const { total } = this;
    total.usd += usd;
    total.listUsd += listUsd;
    total.upS += upS;
    if (this.#table.markets[market]!.capacityType === "spot") total.spotUpS += upS;
    total.chargedS += chargedS;
    total.freeFirstHourS += freeFirstHourS;
    total.minimumPaddingS += minimumPaddingS;
  }
}

/** A region, or a zone in it; storage has no zone. */
export interface Place {
  readonly region: string;
  readonly zone?: string;
}

/** The lines of one run, USD; those that the study left out are absent. */
export interface BilledLines {
  readonly otherUsd: Usd;
  readonly diskUsd?: Usd;
  readonly addressUsd?: Usd;
  readonly transferUsd?: Usd;
  /** What crossed a zone or region. */
  readonly transferGiB?: number;
  readonly balancerUsd?: Usd;
}

export const MIB_PER_GIB = 1024;
/** Assumes 30 days, as in AWS's own example of a GB-month (re:Post, "How are charges for Amazon EBS volumes calculated on my bill?"). */
const MONTH_S = 30 * 24 * HOUR_S;

/**
 * The bill beside instances, at the study's prices. Each rule has its source:
 * - a volume costs its provisioned size per second, at least a minute (AWS, "Announcing Amazon EC2 per second billing", October
 *   2017), until it is released (Amazon EBS pricing), also of a stopped instance. Assumes that it is made at the grant and deleted with the
 *   instance;
 * - a public address costs by the hour, used or not (AWS News Blog, "Public IPv4 Address Charge", July 2023). Assumes that it is held from
 *   grant to end or stop, and billed per second with the same minimum: AWS states the price of an hour only;
 * - both stay charged while the instance is in a free first hour ("Billing for interrupted Spot Instances");
 * - between zones of a region each GiB is charged where it leaves and where it arrives; into another region where it leaves;
 *   inside a zone not at all; between an instance and object storage of its region not at all (Amazon EC2 On-Demand pricing, "Data
 *   transfer"; Amazon S3 pricing). A transfer that was cut off is charged for what had moved. Assumes that a GB there is 2^30 bytes;
 * - a load balancer costs each hour or part of one (Elastic Load Balancing pricing). Its capacity units (LCU) are not billed: the
 *   run does not hold the connections and bytes they count.
 */
export class BillLines {
  readonly #spec: BillSpec;
  readonly #markets: TraceTable["markets"];
  readonly #minimumS: Seconds;
  #volumeS = 0;
  #addressS = 0;
  #betweenZonesGiB = 0;
  readonly #leftGiB = new Map<string, Map<string, number>>(); // region left -> region entered
  /** Posted line by line as it happens; at the end it must be the quantities at their prices. */
  #postedUsd = 0;

  /** @throws SimulationError for a region without a price, where more than one is used */
  constructor(spec: BillSpec, markets: TraceTable["markets"], minimumS: Seconds) {
    this.#spec = spec;
    this.#markets = markets;
    this.#minimumS = minimumS;
    const { storageRegion } = spec.transfer ?? {};
    const regions = new Set(markets.map(({ region }) => region));
    if (storageRegion !== undefined) regions.add(storageRegion);
    if (spec.transfer !== undefined) {
      for (const from of regions) for (const to of regions) this.#betweenRegionsUsdPerGib(from, to);
    }
  }

  /** Whether anybody asks what moves. */
  get countsTransfers(): boolean {
    return this.#spec.transfer !== undefined;
  }

  /** An instance is gone, and its volume with it, which it had while it was stopped too. */
  holdVolume(fromS: Seconds, toS: Seconds): void {
    const heldS = Math.max(this.#minimumS, toS - fromS);
    this.#volumeS += heldS;
    this.#postedUsd += heldS * this.#diskUsdPerS;
  }

  /** An instance has ended or was stopped: its address is free again. */
  holdAddress(fromS: Seconds, toS: Seconds): void {
    const heldS = Math.max(this.#minimumS, toS - fromS);
    this.#addressS += heldS;
    this.#postedUsd += heldS * this.#addressUsdPerS;
  }

  place(market: MarketId): Place {
    return this.#markets[market]!;
  }

  /** Where what an instance of this market writes then lies, and where it finds weights. */
  storage(market: MarketId): Place {
    return { region: this.#spec.transfer?.storageRegion ?? this.#markets[market]!.region };
  }

  /** What the state of a job costs from one region to another, were it moved. */
  betweenRegionsUsd(miB: MiB, from: string, to: string): Usd {
    return (miB / MIB_PER_GIB) * this.#betweenRegionsUsdPerGib(from, to);
  }

  move(miB: MiB, from: Place, to: Place): void {
    const giB = miB / MIB_PER_GIB;
    if (from.region !== to.region) {
      const left = this.#leftGiB.get(from.region) ?? new Map<string, number>();
      left.set(to.region, (left.get(to.region) ?? 0) + giB);
      this.#leftGiB.set(from.region, left);
      this.#postedUsd += this.betweenRegionsUsd(miB, from.region, to.region);
    } else if (from.zone !== undefined && to.zone !== undefined && from.zone !== to.zone) {
      this.#betweenZonesGiB += giB;
      this.#postedUsd += 2 * giB * this.#spec.transfer!.betweenZonesUsdPerGib;
    }
  }

  /**
   * What it all comes to.
   * @param upS of all instances: none of them ran without its volume and address.
   * @throws Error when the lines do not add up to what was posted
   */
  close(runS: Seconds, upS: Seconds): BilledLines {
    const { disk, addressUsdPerHour, transfer, balancerUsdPerHour } = this.#spec;
    const lines: Record<string, Usd> = {};
    if (disk !== undefined) lines.diskUsd = this.#volumeS * this.#diskUsdPerS;
    if (addressUsdPerHour !== undefined) lines.addressUsd = this.#addressS * this.#addressUsdPerS;
    if (transfer !== undefined) {
      lines.transferUsd = 2 * this.#betweenZonesGiB * transfer.betweenZonesUsdPerGib;
      for (const [from, left] of this.#leftGiB) {
        for (const [to, giB] of left) lines.transferUsd += giB * this.#betweenRegionsUsdPerGib(from, to);
      }
    }
    if (balancerUsdPerHour !== undefined) {
      lines.balancerUsd = Math.ceil(runS / HOUR_S) * balancerUsdPerHour;
      this.#postedUsd += lines.balancerUsd;
    }
    const otherUsd = Object.values(lines).reduce((sum, usd) => sum + usd, 0);
    if (!(Math.abs(otherUsd - this.#postedUsd) <= 1e-9 * (1 + otherUsd))) {
      throw new Error(`the lines beside instances come to ${otherUsd} USD, posted were ${this.#postedUsd}`);
    }
    const leastS = Math.min(this.#volumeS, this.#addressS);
    if (leastS < upS * (1 - 1e-9)) {
      throw new Error(`volumes or addresses were held ${leastS} s, instances ran ${upS} s`);
    }
    const leftGiB = [...this.#leftGiB.values()]
      .flatMap((left) => [...left.values()])
      .reduce((sum, giB) => sum + giB, 0);
    return { otherUsd, ...lines, ...(transfer && { transferGiB: this.#betweenZonesGiB + leftGiB }) };
  }

  get #diskUsdPerS(): number {
    const { disk } = this.#spec;
    return disk === undefined ? 0 : (disk.gib * disk.usdPerGibMonth) / MONTH_S;
  }

  get #addressUsdPerS(): number {
    return (this.#spec.addressUsdPerHour ?? 0) / HOUR_S;
  }

  #betweenRegionsUsdPerGib(from: string, to: string): Usd {
    if (from === to) return 0;
    const price = this.#spec.transfer!.betweenRegionsUsdPerGib;
    const leaving = typeof price === "number" ? price : price[from];
    if (leaving === undefined) {
      throw new SimulationError(
        `no price for what leaves ${from}; add cloud.bill.transfer.betweenRegionsUsdPerGib.${from}, or one number for all`,
      );
    }
    const usd = typeof leaving === "number" ? leaving : leaving[to];
    if (usd === undefined) {
      throw new SimulationError(
        `no price for what leaves ${from} for ${to}; add cloud.bill.transfer.betweenRegionsUsdPerGib.${from}.${to}, or one number for all that leaves ${from}`,
      );
    }
    return usd;
  }
}

/** What the bill holds and leaves out, for the record. */
export function billAssumptions({ disk, addressUsdPerHour, transfer, balancerUsdPerHour }: BillSpec = {}): string[] {
  const lines = [
    ["disks", disk],
    ["public addresses", addressUsdPerHour],
    ["transfer between zones and regions", transfer],
    ["a load balancer", balancerUsdPerHour],
  ] as const;
  const left = lines.filter(([, line]) => line === undefined).map(([name]) => name);
  const said: string[] = [];
  if (left.length > 0) said.push(`not billed: ${left.join(", ")}; cloud.bill turns them on`);
  if (disk !== undefined || addressUsdPerHour !== undefined) {
    said.push("disks and addresses are billed from grant to end, at least 60 s each, also in a free first hour");
  }
  if (transfer !== undefined) {
    said.push(
      transfer.storageRegion === undefined
        ? "a checkpoint lies in the region it was written in, weights in every region"
        : `checkpoints and weights lie in ${transfer.storageRegion}`,
      "transfer is of the states, checkpoints and weights of tasks, and of the states of jobs that change regions; what they cost to store, requests and image pulls are not billed",
    );
  }
  if (balancerUsdPerHour !== undefined)
    said.push("the load balancer is billed by the hour, its capacity units are not");
  return said;
}
