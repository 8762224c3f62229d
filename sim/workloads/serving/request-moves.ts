import type { InstanceId, MarketId, MiB, Seconds } from "../../../policies/contract/units.ts";
import type { SimInstance } from "../../instance.ts";
import type { CacheTransfer, CacheTransfers } from "./cache-transfers.ts";
import type { Replica } from "./replica.ts";
import type { RequestAccounts } from "./request-accounts.ts";
import { type Requests, WAITING } from "./requests.ts";

/** A replica, as far as moves go. */
export interface Moving {
  readonly instance: SimInstance;
  readonly replica: Replica;
  /** New requests may be sent to it. */
  readonly isRegistered: boolean;
  /** What it has in flight goes over to others. */
  move: Move | undefined;
}

/** One request after the other. */
interface Move {
  /** To those of these that take requests; undefined: to storage. */
  readonly to: readonly SimInstance[] | undefined;
  /** Of each cache, that comes along. */
  readonly share: number;
  /** Whose turn it is: leaving with its step, or on its way. */
  slot: number;
  /** Requests whose cache came along, and the others. */
  moved: number;
  left: number;
}

/** What the flow of requests does for them. */
export interface MoveHooks<Served> {
  at(id: InstanceId): Served | undefined;
  /** Sends it where the router says. */
  dispatch(slot: number, nowS: Seconds): void;
  enqueue(slot: number, to: Served, nowS: Seconds): void;
  finished(slot: number, nowS: Seconds): void;
  /** What the replica has, or will do next, is not what it was. */
  changed(served: Served): void;
}

const NOBODY = -1;

/**
 * Requests that go over from replicas to others: with their caches in turns, to others or by way of storage, or without. What a cache does
 * not bring along is read again, with the tokens that the request had been given; see `Actions.move`.
 */
export class RequestMoves<Served extends Moving> {
  readonly #requests: Requests;
  readonly #accounts: RequestAccounts;
  readonly #transfers: CacheTransfers;
  readonly #hooks: MoveHooks<Served>;
  /** Tokens of requests whose cache comes along to their next replica, or lies in storage. */
  readonly #comeAlong = new Map<number, number>(); // [slot]
  /** Requests whose cache lies in storage, and what wrote it. */
  readonly #stored = new Map<number, MarketId>(); // [slot]
  /** Requests that have left a replica and run on none yet, and since when. */
  readonly #leftS = new Map<number, Seconds>(); // [slot]

  constructor(requests: Requests, accounts: RequestAccounts, transfers: CacheTransfers, hooks: MoveHooks<Served>) {
    this.#requests = requests;
    this.#accounts = accounts;
    this.#transfers = transfers;
    this.#hooks = hooks;
  }

  get movedGiB(): number {
    return this.#transfers.movedGiB;
  }

  /** Slots of requests whose cache is on its way. */
  get onTheirWay(): Iterable<number> {
    return this.#transfers.slots;
  }

  cachesMiB({ replica }: Served, nowS: Seconds): MiB {
    return this.#transfers.miBOf(replica.cachedTokens(nowS));
  }

  /** With caches. @param waiting those that have no cache there. @param to undefined: to storage */
  begin(
    served: Served,
    waiting: readonly number[],
    to: readonly SimInstance[] | undefined,
    share: number,
    nowS: Seconds,
  ): void {
    served.move = { to, share, slot: NOBODY, moved: 0, left: 0 };
    for (const slot of waiting) {
      served.replica.cancel(slot, nowS);
      this.readAgain(slot, this.#requests.given[slot]!, nowS);
    }
    this.goOn(served, nowS);
  }

  /** Where it is nobody's turn, the one with the smallest cache is next: that saves the most of them. It leaves with the step under way. */
  goOn(served: Served, nowS: Seconds): void {
    const { move, replica } = served;
    if (move?.slot !== NOBODY) return;
    const isWanted = move.to === undefined || move.to.some(({ id }) => this.#hooks.at(id)?.isRegistered);
    const slot = replica.smallest;
    if (slot < 0 || !isWanted) return;
    move.slot = slot;
    replica.cancel(slot, nowS);
    this.#hooks.changed(served);
  }

  /** Whether it is the turn of this one; of any where none is named. */
  isTurn({ move }: Served, slot = move?.slot ?? NOBODY): boolean {
    return slot !== NOBODY && move?.slot === slot;
  }

  /** Its client turned away before it had left: the next is next. */
  skip({ move }: Served): void {
    move!.slot = NOBODY;
  }

  /** Its step has ended, and so it leaves. */
  leaves({ instance, move }: Served, slot: number, tokens: number, nowS: Seconds): void {
    const requests = this.#requests;
    const { to, share } = move!;
    if (tokens === requests.outputTokens[slot]!) {
      move!.slot = NOBODY;
      this.#hooks.finished(slot, nowS);
      return;
    }
    const target = to === undefined ? { storageOf: instance.market } : this.#leastLoaded(to, slot);
    const comeAlong = Math.floor(share * (requests.promptTokens[slot]! + tokens));
    if (target === undefined || comeAlong === 0) {
      move!.slot = NOBODY;
      move!.left++;
      this.readAgain(slot, tokens, nowS);
      return;
    }
    requests.on[slot] = NOBODY;
    requests.given[slot] = tokens;
    this.#comeAlong.set(slot, comeAlong);
    this.#leftS.set(slot, nowS);
    this.#transfers.send(slot, comeAlong, instance, target, nowS);
  }

  /** A transfer is over, if it has not been cut off. */
  cameThrough(slot: number, seq: number, nowS: Seconds): void {
    const transfer = this.#transfers.through(slot, seq);
    if (transfer === undefined) return;
    const { from, to } = transfer;
    const target = "storageOf" in to ? undefined : this.#hooks.at(to.id);
    if ("storageOf" in to) {
      this.#stored.set(slot, to.storageOf);
      this.#hooks.dispatch(slot, nowS);
    } else if (target?.isRegistered) {
      this.#stored.delete(slot);
      this.#hooks.enqueue(slot, target, nowS);
    } else if ("storageOf" in from) {
      this.#hooks.dispatch(slot, nowS); // it is there still
    } else {
      this.readAgain(slot, this.#requests.given[slot]!, nowS);
    }
    if (!("storageOf" in from)) this.#hooks.at(from.id)!.move!.moved++;
    this.#cardIsFree(transfer, nowS);
  }

  /** Its client waits no longer. @returns whether its cache was on its way */
  givenUp(slot: number, nowS: Seconds): boolean {
    const transfer = this.#transfers.cutOff(slot, nowS);
    if (transfer !== undefined) this.#cardIsFree(transfer, nowS);
    return transfer !== undefined;
  }

  /** A source is gone. @param lost what was left there, told one by one. */
  lost({ move }: Served, slot: number, tokens: number, nowS: Seconds): void {
    move!.left++;
    this.readAgain(slot, tokens, nowS);
  }

  /** And what was on its way from there. */
  ends(served: Served, nowS: Seconds): void {
    const { move } = served;
    if (move === undefined) return;
    const { slot } = move;
    if (this.#transfers.cutOff(slot, nowS) !== undefined) this.lost(served, slot, this.#requests.given[slot]!, nowS);
  }

  /** Where its cache lies in storage, it is read back from there first. @returns whether it is */
  readBack(slot: number, to: SimInstance, nowS: Seconds): boolean {
    const storageOf = this.#stored.get(slot);
    if (storageOf === undefined) return false;
    this.#requests.on[slot] = NOBODY;
    this.#transfers.send(slot, this.#comeAlong.get(slot)!, { storageOf }, to, nowS);
    return true;
  }

  /** Elsewhere, from the first token on. */
  restart(slot: number, tokens: number, nowS: Seconds): void {
    const requests = this.#requests;
    this.#accounts.restarted(requests.arrivalS[slot]!, tokens);
    requests.given[slot] = 0;
    requests.heapAt[slot] = WAITING;
    this.forget(slot);
    this.#hooks.dispatch(slot, nowS);
  }

  /** Goes on elsewhere, once its prompt and what it had been given are read again. */
  readAgain(slot: number, tokens: number, nowS: Seconds): void {
    const requests = this.#requests;
    requests.given[slot] = tokens;
    requests.heapAt[slot] = WAITING;
    this.#comeAlong.delete(slot);
    this.#stored.delete(slot);
    if (tokens > 0 && !this.#leftS.has(slot)) this.#leftS.set(slot, nowS);
    this.#hooks.dispatch(slot, nowS);
  }

  /** It runs, and so uses what came along: tokens from the beginning of what it has to read. */
  takeAlong(slot: number): number {
    const tokens = this.#comeAlong.get(slot) ?? 0;
    this.#comeAlong.delete(slot);
    return tokens;
  }

  /** It runs, and so its pause is over if it had one. */
  goesOn(slot: number, tokensRead: number, nowS: Seconds): void {
    const leftS = this.#leftS.get(slot);
    if (leftS === undefined) return;
    this.#leftS.delete(slot);
    this.#accounts.goesOn(this.#requests.arrivalS[slot]!, nowS - leftS, tokensRead);
  }

  /** Of a request that begins again, or has ended. */
  forget(slot: number): void {
    this.#comeAlong.delete(slot);
    this.#stored.delete(slot);
    this.#leftS.delete(slot);
  }

  #cardIsFree({ from }: CacheTransfer, nowS: Seconds): void {
    if ("storageOf" in from) return;
    const source = this.#hooks.at(from.id)!;
    source.move!.slot = NOBODY;
    this.goOn(source, nowS);
    this.#hooks.changed(source);
  }

  /** The first of those with the fewest requests that have room for this one. */
  #leastLoaded(among: readonly SimInstance[], slot: number): SimInstance | undefined {
    let best: Served | undefined;
    for (const { id } of among) {
      const served = this.#hooks.at(id);
      if (!served?.isRegistered || !served.replica.holds(slot)) continue;
      if (best === undefined || served.replica.load < best.replica.load) best = served;
    }
    return best?.instance;
  }
}
