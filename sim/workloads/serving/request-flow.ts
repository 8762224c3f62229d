import type { MoveHow } from "../../../policies/contract/actions.ts";
import type { Router } from "../../../policies/contract/routing.ts";
import { HOUR_S, type InstanceId, type MiB, type PerSecond, type Seconds } from "../../../policies/contract/units.ts";
import type { RequestStream } from "../../../traces/requests.ts";
import { EVENT } from "../../events.ts";
import type { SimInstance } from "../../instance.ts";
import { SimulationError } from "../../simulation-error.ts";
import type { RequestParams } from "../serving-params.ts";
import type { WorkloadWorld } from "../workload.ts";
import { CacheTransfers } from "./cache-transfers.ts";
import { type Engine, enginesOf, sizeOf } from "./engines.ts";
import { PrefixCache, prefixDraws } from "./prefixes.ts";
import { RateWindow } from "./rate-window.ts";
import { Replica, type ReplicaHooks } from "./replica.ts";
import { type FailedBy, RequestAccounts } from "./request-accounts.ts";
import { type Moving, RequestMoves } from "./request-moves.ts";
import { requestsOf } from "./request-source.ts";
import { Requests, SlotQueue, WAITING } from "./requests.ts";
import { kvBytesPerToken } from "./step-times.ts";

/** A replica that is there, ready to serve. */
interface Served extends Moving {
  prefixes: PrefixCache | undefined;
  /** New requests may be sent to it. */
  isRegistered: boolean;
  /** The event that it waits for, and when. */
  seq: number;
  awaitedS: Seconds;
}

/** In the column of instances. */
const NOBODY = -1;

/** In the column of retries: the client has turned away from this try, which still runs. */
const GIVEN_UP = -1;

/**
 * Requests on their way: they arrive, are sent to a replica by the router, wait there and run, and are answered, or lost with their
 * replica, or given up by a client that waits no longer; then they are tried again, from the beginning. While no replica is there
 * they wait before the balancer, first come first served.
 *
 * One arrival, one step a replica and one timeout are in the event queue at a time; a request costs O(log n) of what is under way.
 * Assumes that the network takes no time, and that a client hears at once that its replica is gone.
 */
export class RequestFlow implements ReplicaHooks {
  readonly #params: RequestParams;
  readonly #world: WorkloadWorld;
  readonly #router: Router;
  readonly #stream: RequestStream;
  readonly #engines: readonly Engine[];
  readonly #accounts: RequestAccounts;
  /** Of a request's number; undefined where prompts share nothing. */
  readonly #prefixOf: ((request: number) => number) | undefined;
  readonly #requests = new Requests();
  /** Tries that their clients wait for, in order of sending. */
  readonly #sent = new SlotQueue(this.#requests.sent);
  /** Those of them that no replica has taken. */
  readonly #held = new SlotQueue(this.#requests.queued);
  readonly #served: (Served | undefined)[] = []; // [instance]
  readonly #moves: RequestMoves<Served>;
  readonly #rate = new RateWindow();
  readonly #timeoutS: Seconds;
  #isTimeoutAwaited = false;
  #arrived = 0;
  /** When the last request of the stream came, once there is no other. */
  #lastS: Seconds = Infinity;
  #toldPerS: PerSecond = -1; // nothing yet
  /** Of replicas that are gone. */
  #busyS: Seconds = 0;
  #tokensGenerated = 0;

  constructor(params: RequestParams, world: WorkloadWorld, measuredFromS: Seconds) {
    const { slo, client, prefixes } = params;
    this.#params = params;
    this.#world = world;
    this.#engines = enginesOf(params, world);
    const { random } = world;
    const luck = random.stream("routing");
    this.#router = world.routing((request, retries, k) => random.at(luck, request, retries, k));
    this.#prefixOf = prefixes && prefixDraws(prefixes, random);
    this.#stream = requestsOf(params, world);
    this.#accounts = new RequestAccounts(slo, measuredFromS, world.horizonS);
    const transfers = new CacheTransfers(world, kvBytesPerToken(sizeOf(params)), measuredFromS);
    this.#moves = new RequestMoves<Served>(this.#requests, this.#accounts, transfers, {
      at: (id) => this.#served[id],
      dispatch: (slot, nowS) => this.#dispatch(slot, nowS),
      enqueue: (slot, to, nowS) => this.#enqueue(slot, to, nowS),
      finished: (slot, nowS) => this.finished(slot, nowS),
      changed: (served) => this.#changed(served),
    });
    this.#timeoutS = client.timeoutS ?? Infinity;
  }

  /** Of all replicas so far, in the time that is measured. */
  get busyS(): Seconds {
    return this.#served.reduce((sum, each) => sum + (each?.replica.busyS ?? 0), this.#busyS);
  }

  get assumptions(): readonly string[] {
    const { efficiency, from, measured } = this.#params;
    const { bandwidthShare, flopsShare, overheadMs } = efficiency;
    const timed =
      measured === undefined
        ? `a roofline at ${bandwidthShare} of the memory bandwidth, ${flopsShare} of the arithmetic and ${overheadMs} ms a step, cut over all GPUs of an instance`
        : `a latency profile, each prompt in proportion to the ${measured.promptTokens} tokens it was measured with`;
    const said = [
      `requests are timed by ${timed}; one that would not fit a replica's cache alone is refused as it comes`,
    ];
    if ("file" in from && this.#lastS < this.#world.horizonS) {
      said.push(
        `the last request of ${from.file} comes ${(this.#lastS / HOUR_S).toFixed(2)} h into the window, and none after it`,
      );
    }
    return said;
  }

  start(): void {
    this.#awaitArrival(0);
  }

  /** How many requests a second were sent over the last minute. */
  tell(tellRate: (perS: PerSecond) => void, nowS: Seconds): void {
    const perS = this.#rate.perS(nowS);
    if (perS === this.#toldPerS) return;
    this.#toldPerS = perS;
    tellRate(perS);
  }

  /** Of a replica that is there. */
  cachesMiB({ id }: SimInstance, nowS: Seconds): MiB {
    return this.#moves.cachesMiB(this.#served[id]!, nowS);
  }

  // ── replicas ───────────────────────────────────────────────────────────────────────

  begins(instance: SimInstance): void {
    const { id, market } = instance;
    const { times, limits, prefixRoom } = this.#engines[market]!;
    const replica = new Replica(times, limits, this.#requests, this, this.#accounts.measuredFromS);
    while (this.#served.length < id) this.#served.push(undefined);
    const none = { prefixes: undefined, move: undefined };
    const served: Served = { instance, replica, ...none, isRegistered: false, seq: -1, awaitedS: Infinity };
    if (prefixRoom > 0) {
      served.prefixes = new PrefixCache(prefixRoom, (prefix, isHeld) => {
        if (served.isRegistered) this.#router.holds?.(id, prefix, isHeld);
      });
    }
    this.#served[id] = served;
  }

  register({ id, market }: SimInstance, nowS: Seconds): void {
    const served = this.#served[id]!;
    served.isRegistered = true;
    this.#router.register(id, this.#engines[market]!.limits.cacheTokens);
    this.#tellLoad(served);
    for (const prefix of served.prefixes?.held ?? []) this.#router.holds?.(id, prefix, true);
    for (let slot = this.#held.first; slot >= 0; slot = this.#held.first) {
      this.#held.delete(slot);
      this.#dispatch(slot, nowS);
    }
  }

  /** It is sent no more; what it has goes on. */
  deregister({ id }: SimInstance): void {
    const served = this.#served[id]!;
    served.isRegistered = false;
    this.#router.deregister(id);
    this.#tellLoad(served);
  }

  /** What these have in flight goes over to others: see `Actions.move`. */
  move(from: readonly SimInstance[], to: readonly SimInstance[], how: MoveHow, share: number, nowS: Seconds): void {
    for (const { id } of from) {
      const served = this.#served[id]!;
      if (how === "restart" || share === 0) {
        this.#empty(served, nowS, (slot, tokens) => {
          if (how === "restart") this.#moves.restart(slot, tokens, nowS);
          else this.#moves.readAgain(slot, tokens, nowS);
        });
      } else {
        this.#moves.begin(served, this.#waitingAt(id), how === "kv" ? to : undefined, share, nowS);
      }
      this.#tellLoad(served);
    }
  }

  /** It is gone, and what it had begun with it. */
  ends({ id }: SimInstance, nowS: Seconds): void {
    const served = this.#served[id]!;
    served.replica.advance(nowS); // what ends in this very instant is still done
    this.#served[id] = undefined;
    if (served.isRegistered) this.#router.deregister(id);
    this.#empty(served, nowS, (slot, tokens) => {
      if (served.move !== undefined) {
        this.#moves.lost(served, slot, tokens, nowS);
        return;
      }
      this.#accounts.wasted(this.#requests.arrivalS[slot]!, tokens);
      this.#sent.delete(slot);
      this.#tryAgain(slot, "lost", nowS);
    });
    this.#moves.ends(served, nowS);
    this.#close(served, nowS);
  }

  // ── events ─────────────────────────────────────────────────────────────────────────

  handle(kind: number, a: number, seq: number, nowS: Seconds): void {
    if (kind === EVENT.arrival) {
      this.#arrive(nowS);
    } else if (kind === EVENT.step) {
      const served = this.#served[a];
      if (served === undefined || served.seq !== seq) return;
      served.awaitedS = Infinity;
      served.replica.advance(nowS);
      this.#await(served);
      this.#moves.goOn(served, nowS);
    } else if (kind === EVENT.start) {
      this.#send(a, nowS);
    } else if (kind === EVENT.fetched) {
      this.#moves.cameThrough(a, seq, nowS);
    } else {
      this.#isTimeoutAwaited = false;
      const { sentS } = this.#requests;
      for (let slot = this.#sent.first; slot >= 0 && sentS[slot]! + this.#timeoutS <= nowS; slot = this.#sent.first) {
        this.#giveUp(slot, nowS);
      }
      this.#awaitTimeout();
    }
  }

  admitted(slot: number, nowS: Seconds): number {
    const requests = this.#requests;
    const toRead = requests.promptTokens[slot]! + requests.given[slot]!;
    const cameAlong = this.#moves.takeAlong(slot);
    const held = cameAlong === toRead ? toRead : Math.max(cameAlong, this.#prefixHeld(slot));
    this.#moves.goesOn(slot, toRead - held, nowS);
    return held;
  }

  #prefixHeld(slot: number): number {
    if (this.#prefixOf === undefined) return 0;
    const requests = this.#requests;
    const { prefixes } = this.#served[requests.on[slot]!]!;
    const isHeld = prefixes?.use(this.#prefixOf(requests.id[slot]!)) ?? false;
    this.#accounts.prefix(requests.arrivalS[slot]!, isHeld);
    return isHeld ? this.#params.prefixes!.tokens : 0;
  }

  finished(slot: number, nowS: Seconds): void {
    const requests = this.#requests;
    this.#sent.delete(slot);
    this.#tellLoad(this.#served[requests.on[slot]!]!);
    const { arrivalS, firstTokenS, outputTokens, retries } = requests;
    this.#accounts.completed(arrivalS[slot]!, firstTokenS[slot]!, nowS, outputTokens[slot]!, retries[slot]!);
    requests.remove(slot);
  }

  preempted(slot: number): void {
    this.#accounts.preempted(this.#requests.arrivalS[slot]!);
  }

  dropped(slot: number, tokens: number, nowS: Seconds): void {
    const served = this.#served[this.#requests.on[slot]!]!;
    if (this.#moves.isTurn(served, slot)) {
      this.#moves.leaves(served, slot, tokens, nowS);
      return;
    }
    this.#tellLoad(served);
    this.#turnedAway(slot, tokens);
  }

  /** Ends the run: what is under way stays open. */
  cut(nowS: Seconds): void {
    let tokensOpen = 0;
    for (const served of this.#served) {
      if (served === undefined) continue;
      this.#empty(served, nowS, (_, tokens) => {
        tokensOpen += tokens;
      });
      this.#close(served, nowS);
    }
    for (const slot of [...this.#moves.onTheirWay, ...this.#held]) tokensOpen += this.#requests.given[slot]!;
    this.#served.length = 0;
    this.#accounts.close(this.#requests.inFlight, tokensOpen);
  }

  // ── what came of it ────────────────────────────────────────────────────────────────

  outcome(): Record<string, number> {
    return { ...this.#accounts.outcome(), movedGiB: this.#moves.movedGiB };
  }

  check(): void {
    this.#accounts.check(this.#arrived, this.#tokensGenerated);
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #awaitArrival(nowS: Seconds): void {
    if (!this.#stream.next()) {
      this.#lastS = nowS;
      return;
    }
    const { arrivalS } = this.#stream;
    if (!(arrivalS >= nowS)) {
      throw new SimulationError(
        `request ${this.#arrived} arrives at ${arrivalS} s, after one at ${nowS} s; sort them by arrival`,
      );
    }
    const { queue, ranks, horizonS } = this.#world;
    if (arrivalS < horizonS) queue.push(arrivalS, ranks[EVENT.arrival]!, EVENT.arrival, 0, 0);
  }

  #arrive(nowS: Seconds): void {
    const { inputTokens, outputTokens } = this.#stream;
    const promptTokens = inputTokens + (this.#params.prefixes?.tokens ?? 0);
    // The last step of reading a prompt gives the first token, so there is none without.
    const slot = this.#requests.add(this.#arrived++, promptTokens, Math.max(1, outputTokens), nowS);
    this.#accounts.arrived(nowS);
    this.#awaitArrival(nowS);
    this.#send(slot, nowS);
  }

  #send(slot: number, nowS: Seconds): void {
    this.#requests.sentS[slot] = nowS;
    this.#sent.push(slot);
    this.#rate.count(nowS);
    this.#awaitTimeout();
    this.#dispatch(slot, nowS);
  }

  #dispatch(slot: number, nowS: Seconds): void {
    const requests = this.#requests;
    const id = requests.id[slot]!;
    const target = this.#router.route(id, requests.retries[slot]!, this.#prefixOf?.(id) ?? -1);
    if (target === undefined) {
      requests.on[slot] = NOBODY;
      this.#held.push(slot);
      return;
    }
    const served = this.#served[target]!;
    if (!served.replica.holds(slot)) {
      this.#sent.delete(slot);
      this.#accounts.wasted(requests.arrivalS[slot]!, requests.given[slot]!);
      this.#fail(slot, "tooLong", nowS);
      return;
    }
    if (!this.#moves.readBack(slot, served.instance, nowS)) this.#enqueue(slot, served, nowS);
  }

  #enqueue(slot: number, served: Served, nowS: Seconds): void {
    this.#requests.on[slot] = served.instance.id;
    served.replica.enqueue(slot, nowS);
    this.#changed(served);
  }

  /** The client waits no longer. */
  #giveUp(slot: number, nowS: Seconds): void {
    const requests = this.#requests;
    this.#sent.delete(slot);
    const on = requests.on[slot]!;
    if (on < 0) {
      if (!this.#moves.givenUp(slot, nowS)) this.#held.delete(slot);
      this.#takenBack(slot, nowS);
      return;
    }
    const served = this.#served[on]!;
    if (this.#moves.isTurn(served, slot)) {
      this.#moves.skip(served); // it is leaving as it is
    } else if (served.replica.cancel(slot, nowS)) {
      this.#changed(served);
      this.#takenBack(slot, nowS);
      return;
    }
    this.#await(served);
    // It runs on to the end of its step, so what is tried again needs a slot of its own.
    const { id, promptTokens, outputTokens, arrivalS, retries } = requests;
    const again = requests.add(id[slot]!, promptTokens[slot]!, outputTokens[slot]!, arrivalS[slot]!, retries[slot]!);
    requests.retries[slot] = GIVEN_UP;
    this.#tryAgain(again, "timedOut", nowS);
  }

  /** It runs nowhere. */
  #takenBack(slot: number, nowS: Seconds): void {
    this.#accounts.wasted(this.#requests.arrivalS[slot]!, this.#requests.given[slot]!);
    this.#tryAgain(slot, "timedOut", nowS);
  }

  #tryAgain(slot: number, why: "lost" | "timedOut", nowS: Seconds): void {
    const { retries, backoffS } = this.#params.client;
    const requests = this.#requests;
    this.#accounts.broken(requests.arrivalS[slot]!, why);
    if (requests.retries[slot]! >= retries) {
      this.#fail(slot, why, nowS);
      return;
    }
    requests.retries[slot]!++;
    this.#moves.forget(slot);
    requests.on[slot] = NOBODY;
    requests.given[slot] = 0;
    requests.heapAt[slot] = WAITING;
    const { queue, ranks } = this.#world;
    queue.push(nowS + backoffS, ranks[EVENT.start]!, EVENT.start, slot, 0);
  }

  /** A try that its client had given up has left its replica. */
  #turnedAway(slot: number, tokens: number): void {
    this.#accounts.wasted(this.#requests.arrivalS[slot]!, tokens);
    this.#requests.remove(slot);
  }

  #fail(slot: number, by: FailedBy, nowS: Seconds): void {
    this.#accounts.failed(this.#requests.arrivalS[slot]!, by, nowS);
    this.#moves.forget(slot);
    this.#requests.remove(slot);
  }

  #changed(served: Served): void {
    this.#tellLoad(served);
    this.#await(served);
  }

  #tellLoad(served: Served): void {
    const { id } = served.instance;
    const { load } = served.replica;
    if (served.isRegistered) this.#router.outstanding(id, load);
    else if (load === 0 && !this.#moves.isTurn(served)) this.#world.facts.drained(id);
  }

  /** Takes all from it, but for those whose clients have turned away. */
  #empty({ replica }: Served, nowS: Seconds, take: (slot: number, tokens: number) => void): void {
    replica.stop(nowS, (slot, tokens) => {
      if (this.#requests.retries[slot] === GIVEN_UP) this.#turnedAway(slot, tokens);
      else take(slot, tokens);
    });
  }

  #waitingAt(id: InstanceId): number[] {
    const { on, heapAt } = this.#requests;
    return [...this.#sent].filter((slot) => on[slot] === id && heapAt[slot] === WAITING);
  }

  #await(served: Served): void {
    const { nextS } = served.replica;
    if (nextS === served.awaitedS) return;
    served.awaitedS = nextS;
    const { queue, ranks } = this.#world;
    served.seq = nextS === Infinity ? -1 : queue.push(nextS, ranks[EVENT.step]!, EVENT.step, served.instance.id, 0);
  }

  #awaitTimeout(): void {
    if (this.#isTimeoutAwaited || this.#timeoutS === Infinity || this.#sent.first < 0) return;
    this.#isTimeoutAwaited = true;
    const { queue, ranks } = this.#world;
    const atS = this.#requests.sentS[this.#sent.first]! + this.#timeoutS;
    queue.push(atS, ranks[EVENT.timeout]!, EVENT.timeout, 0, 0);
  }

  /** Adds up what a replica that is gone has done. */
  #close({ replica, move }: Served, nowS: Seconds): void {
    if (move !== undefined) this.#accounts.moveEnded(move, nowS);
    this.#busyS += replica.busyS;
    this.#tokensGenerated += replica.tokensGenerated;
  }
}
