import type { MarketId, MiB, Seconds } from "../../../policies/contract/units.ts";
import { EVENT } from "../../events.ts";
import type { SimInstance } from "../../instance.ts";
import { MIB_PER_GIB, type Place } from "../../meter.ts";
import type { WorkloadWorld } from "../workload.ts";

/** Where a cache comes from or goes to: an instance, or the storage that instances of a market write to. */
export type CacheEnd = SimInstance | { readonly storageOf: MarketId };

/** The cache of one request on its way. */
export interface CacheTransfer {
  readonly slot: number;
  readonly miB: MiB;
  readonly from: CacheEnd;
  readonly to: CacheEnd;
  readonly fromS: Seconds;
  readonly toS: Seconds;
  readonly seq: number;
}

/**
 * Caches that move, through the network cards of both ends: a card sends one thing after the other at its full rate, and takes in as much
 * beside it. Assumes that storage is never the bound, and that weights are there before a replica is ready, so that only caches share the
 * cards.
 */
export class CacheTransfers {
  readonly #world: WorkloadWorld;
  readonly #bytesPerToken: number;
  readonly #measuredFromS: Seconds;
  readonly #underWay = new Map<number, CacheTransfer>(); // [slot]
  /** That came through, or as far as they came. */
  #movedMiB = 0;

  constructor(world: WorkloadWorld, bytesPerToken: number, measuredFromS: Seconds) {
    this.#world = world;
    this.#bytesPerToken = bytesPerToken;
    this.#measuredFromS = measuredFromS;
  }

  get movedGiB(): number {
    return this.#movedMiB / MIB_PER_GIB;
  }

  /** Slots of requests whose cache is on its way. */
  get slots(): Iterable<number> {
    return this.#underWay.keys();
  }

  miBOf(tokens: number): MiB {
    return (tokens * this.#bytesPerToken) / 2 ** 20;
  }

  /** Queues it behind what the cards of both ends have to do. The event of its arrival names the slot. */
  send(slot: number, tokens: number, from: CacheEnd, to: CacheEnd, nowS: Seconds): void {
    const { queue, ranks } = this.#world;
    const miB = this.miBOf(tokens);
    const [source, target] = [instanceAt(from), instanceAt(to)];
    const fromS = Math.max(nowS, source?.cardFreeS ?? 0, target?.cardTakesFromS ?? 0);
    const toS = fromS + miB / Math.min(this.#rate(source), this.#rate(target));
    if (source !== undefined) source.cardFreeS = toS;
    if (target !== undefined) target.cardTakesFromS = toS;
    const seq = queue.push(toS, ranks[EVENT.fetched]!, EVENT.fetched, slot, 0);
    this.#underWay.set(slot, { slot, miB, from, to, fromS, toS, seq });
  }

  /** @returns undefined for one that was cut off */
  through(slot: number, seq: number): CacheTransfer | undefined {
    const transfer = this.#underWay.get(slot);
    if (transfer?.seq !== seq) return undefined;
    this.#end(transfer, transfer.toS);
    return transfer;
  }

  /** Nobody waits for it any more. @returns undefined when it was not on its way */
  cutOff(slot: number, nowS: Seconds): CacheTransfer | undefined {
    const transfer = this.#underWay.get(slot);
    if (transfer === undefined) return undefined;
    this.#end(transfer, nowS);
    const { from, to, fromS, toS } = transfer;
    const [source, target] = [instanceAt(from), instanceAt(to)];
    const freeS = Math.max(nowS, fromS);
    if (source?.cardFreeS === toS) source.cardFreeS = freeS;
    if (target?.cardTakesFromS === toS) target.cardTakesFromS = freeS;
    return transfer;
  }

  /** Accounts for what has moved by now. */
  #end({ slot, miB, from, to, fromS, toS }: CacheTransfer, nowS: Seconds): void {
    this.#underWay.delete(slot);
    const movedMiB = nowS >= toS ? miB : (miB * Math.max(0, nowS - fromS)) / (toS - fromS);
    if (nowS >= this.#measuredFromS) this.#movedMiB += movedMiB;
    const { transfers } = this.#world;
    if (transfers === undefined) return;
    const placeOf = (end: CacheEnd): Place =>
      "storageOf" in end ? transfers.storage(end.storageOf) : transfers.place(end.market);
    transfers.move(movedMiB, placeOf(from), placeOf(to));
  }

  #rate(instance: SimInstance | undefined): number {
    return instance === undefined ? Infinity : this.#world.cloud.networkMiBPerS(instance.market);
  }
}

const instanceAt = (end: CacheEnd): SimInstance | undefined => ("storageOf" in end ? undefined : end);
