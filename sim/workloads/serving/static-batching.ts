import type { ReparallelizeHow } from "../../../policies/contract/actions.ts";
import type { LatencyProfile, Layout } from "../../../policies/contract/latency-profile.ts";
import {
  type BatchView,
  decodedTokens,
  isSamePlacement,
  type ServedModel,
} from "../../../policies/contract/served-model.ts";
import { HOUR_S, type PerSecond, type Seconds } from "../../../policies/contract/units.ts";
import { batchLatency, LatencyProfileError } from "../../../policies/parallelism/batch-latency.ts";
import { inheritedBatches } from "../../../policies/parallelism/shard.ts";
import type { RequestStream } from "../../../traces/requests.ts";
import { EVENT } from "../../events.ts";
import type { SimInstance } from "../../instance.ts";
import { SimulationError } from "../../simulation-error.ts";
import type { RequestParams } from "../serving-params.ts";
import { staticBatch } from "../static-batches.ts";
import type { SimPlacement, WorkloadWorld } from "../workload.ts";
import { Holdings, type Migrating, type Pipeline } from "./holdings.ts";
import { RateWindow } from "./rate-window.ts";
import { RequestAccounts } from "./request-accounts.ts";
import { requestsOf } from "./request-source.ts";
import { Requests } from "./requests.ts";

/** Requests that run together. */
interface Batch {
  readonly id: number;
  slots: readonly number[];
  /** Where its keys and values are. */
  heldBy: readonly SimInstance[];
  view: BatchView;
}

/** A replica cut over GPUs, as requests see it. */
interface Served extends Pipeline {
  batch: Batch | undefined;
  /** Batches may be sent to it. */
  isRegistered: boolean;
  /** Since when it has what it waited for: requests, when it runs them. */
  sinceS: Seconds;
  /** The event that it waits for. */
  seq: number;
}

/**
 * Requests answered in static batches by pipelines of a model that is cut over GPUs: they wait in one queue, a pipeline that is free
 * takes as many as a power of two allows, and all of a batch end together. A batch goes over to another pipeline with its keys and
 * values when the service is laid out anew; what is lost with a pipeline returns to the head of the queue and begins again.
 *
 * Assumes that a batch takes as long as its longest prompt and its longest answer, that a token under way when a pipeline is
 * stopped is lost, and with it all of a prompt that is being read; and that nobody gives up waiting.
 * Source: the request manager of SpotServe (Miao et al., ASPLOS 2024) and of its artifact.
 */
export class StaticBatching {
  readonly model: ServedModel;
  readonly #world: WorkloadWorld;
  readonly #promptTokens: number;
  readonly #stream: RequestStream;
  readonly #accounts: RequestAccounts;
  readonly #requests = new Requests();
  readonly #holdings: Holdings;
  /** Slots in order of arrival. */
  #waiting: number[] = [];
  readonly #served = new Map<number, Served>(); // [first instance]
  readonly #rate = new RateWindow();
  #toldPerS: PerSecond = -1;
  #arrived = 0;
  #batches = 0;
  #tokensGenerated = 0;
  #busyS: Seconds = 0;
  #pausedS: Seconds = 0;
  #changes = 0;

  constructor(params: RequestParams, world: WorkloadWorld, measuredFromS: Seconds) {
    this.model = servedModel(params);
    this.#world = world;
    this.#promptTokens = params.measured!.promptTokens;
    this.#stream = requestsOf(params, world);
    this.#accounts = new RequestAccounts(params.slo, measuredFromS, world.horizonS);
    this.#holdings = new Holdings(this.model, world);
  }

  get busyS(): Seconds {
    return this.#busyS;
  }

  get assumptions(): readonly string[] {
    const { storageBytesPerS, restartS } = this.model.speeds;
    return [
      `requests are timed by a latency profile, each batch by its longest prompt in proportion to ${this.#promptTokens} tokens and by its longest answer`,
      `weights come from storage at ${Math.round(storageBytesPerS / 2 ** 20)} MiB/s an instance, and with the launch of one that is placed before it is ready; a restart takes ${restartS} s more`,
    ];
  }

  start(): void {
    this.#awaitArrival();
  }

  /** How many requests a second came over the last minute. */
  tell(tellRate: (perS: PerSecond) => void, nowS: Seconds): void {
    const perS = this.#rate.perS(nowS);
    if (perS === this.#toldPerS) return;
    this.#toldPerS = perS;
    tellRate(perS);
  }

  // ── replicas ───────────────────────────────────────────────────────────────────────

  /** From now on weights are read there. */
  place(placement: SimPlacement, nowS: Seconds): void {
    this.#holdings.load(placement, nowS);
  }

  /** All its instances are ready. */
  begins({ instances, layout }: SimPlacement, nowS: Seconds): void {
    const loadedS = this.#holdings.loadedS(instances, nowS);
    this.#open({ instances, layout, resumesS: loadedS, neededUntilS: new Map() }, nowS);
  }

  register({ id }: SimInstance, nowS: Seconds): void {
    this.#served.get(id)!.isRegistered = true;
    this.#dispatch(nowS);
  }

  deregister({ id }: SimInstance): void {
    const served = this.#served.get(id)!;
    served.isRegistered = false;
    if (served.batch === undefined) this.#world.facts.drained(id);
  }

  /** It is gone, and its batch begins again. */
  ends({ id }: SimInstance, nowS: Seconds): void {
    const served = this.#served.get(id)!;
    const batch = this.#close(served, nowS);
    if (batch !== undefined) this.#beginAgain(batch, batch.slots);
    this.#dispatch(nowS);
  }

  /** What others still need of an instance that is gone comes from elsewhere, or not at all. */
  lost(instance: SimInstance, nowS: Seconds): void {
    this.#holdings.forget(instance);
    const bereft = [...this.#served.values()].filter(
      ({ resumesS, neededUntilS }) => resumesS > nowS && (neededUntilS.get(instance.id) ?? 0) > nowS,
    );
    if (bereft.length > 0) this.#migrate(bereft, "progressive", nowS);
  }

  reparallelize(to: readonly SimPlacement[], how: ReparallelizeHow, nowS: Seconds): void {
    this.#changes++;
    const stands = (each: SimPlacement) => {
      const served = this.#served.get(each.instances[0]!.id);
      return how !== "restart" && served !== undefined && isSamePlacement(served, each) ? served : undefined;
    };
    const kept = new Set(to.flatMap((each) => stands(each) ?? []));
    const stopped = [...this.#served.values()].filter((each) => !kept.has(each));
    const running: Batch[] = [];
    for (const served of stopped) {
      const batch = this.#close(served, nowS);
      if (batch === undefined) continue;
      if (how === "restart" || batch.view.tokensBefore === 0) this.#beginAgain(batch, batch.slots);
      else running.push(batch);
    }
    const opened = to
      .filter((each) => stands(each) === undefined)
      .map(({ instances, layout }) => this.#open({ instances, layout, resumesS: nowS, neededUntilS: new Map() }, nowS));
    const idle = [...kept].filter(({ batch, resumesS }) => batch === undefined && resumesS <= nowS);
    const inherited = inheritedBatches(
      running.map(({ id, slots, view }) => ({
        batch: id,
        requests: slots.length,
        inputTokens: view.promptTokens,
        decodedTokens: view.tokensBefore,
      })),
      opened.length + idle.length,
      to[0]!.layout,
    );
    const takers = [...opened, ...idle];
    for (const batch of running) {
      const served = takers[inherited.findIndex((each) => each?.batch === batch.id)];
      if (served === undefined) this.#beginAgain(batch, batch.slots);
      else this.#hand(batch, served, nowS);
    }
    this.#migrate(
      takers.filter((each, i) => i < opened.length || each.batch !== undefined),
      how,
      nowS,
    );
    this.#dispatch(nowS);
  }

  /** As many of its requests as there is room for. */
  #hand(batch: Batch, served: Served, nowS: Seconds): void {
    const most = served.layout.batchMax;
    if (batch.slots.length > most) this.#beginAgain(batch, batch.slots.slice(most));
    batch.slots = batch.slots.slice(0, most);
    served.batch = batch;
    served.sinceS = nowS;
  }

  // ── events ─────────────────────────────────────────────────────────────────────────

  handle(kind: number, a: number, seq: number, nowS: Seconds): void {
    if (kind === EVENT.arrival) {
      this.#arrive(nowS);
      return;
    }
    const served = this.#served.get(a);
    if (served === undefined || served.seq !== seq) return;
    if (served.batch !== undefined && nowS >= endOf(served.batch.view)) this.#complete(served, nowS);
    else this.#resumes(served, nowS);
    this.#dispatch(nowS);
  }

  /** Ends the run: what is under way stays open. */
  cut(nowS: Seconds): void {
    let tokensOpen = 0;
    for (const served of this.#served.values()) {
      const batch = this.#close(served, nowS);
      if (batch !== undefined) tokensOpen += this.#given(batch, batch.slots);
    }
    this.#accounts.close(this.#requests.inFlight, tokensOpen);
  }

  // ── what came of it ────────────────────────────────────────────────────────────────

  outcome(): Record<string, number> {
    const { movedGiB, loadedGiB } = this.#holdings;
    return {
      ...this.#accounts.outcome(),
      reparallelizations: this.#changes,
      migratedGiB: movedGiB,
      reloadedGiB: loadedGiB,
      pausedReplicaHours: this.#pausedS / HOUR_S,
    };
  }

  check(): void {
    this.#accounts.check(this.#arrived, this.#tokensGenerated);
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  #awaitArrival(): void {
    if (!this.#stream.next()) return;
    const { queue, ranks, horizonS } = this.#world;
    const { arrivalS } = this.#stream;
    if (arrivalS < horizonS) queue.push(arrivalS, ranks[EVENT.arrival]!, EVENT.arrival, 0, 0);
  }

  #arrive(nowS: Seconds): void {
    const { inputTokens, outputTokens } = this.#stream;
    const slot = this.#requests.add(this.#arrived++, inputTokens, Math.max(1, outputTokens), nowS);
    this.#accounts.arrived(nowS);
    this.#rate.count(nowS);
    this.#awaitArrival();
    this.#waiting.push(slot);
    this.#dispatch(nowS);
  }

  /** Whoever has waited longest for requests takes the next. */
  #dispatch(nowS: Seconds): void {
    while (this.#waiting.length > 0) {
      let next: Served | undefined;
      for (const served of this.#served.values()) {
        if (!served.isRegistered || served.batch !== undefined || served.resumesS > nowS) continue;
        if (next === undefined || served.sinceS < next.sinceS) next = served;
      }
      if (next === undefined) return;
      this.#begin(next, nowS);
    }
  }

  #begin(served: Served, nowS: Seconds): void {
    const { layout } = served;
    const slots = this.#waiting.splice(0, staticBatch(this.#waiting.length, layout.batchMax));
    const requests = this.#requests;
    const most = (column: Uint32Array) => slots.reduce((longest, slot) => Math.max(longest, column[slot]!), 0);
    const [promptTokens, outputTokens] = [most(requests.promptTokens), most(requests.outputTokens)];
    const { profile } = this.model;
    const { latencyS, prefillS, perTokenS } = batchLatency(profile, layout, slots.length, outputTokens);
    // What the formula adds once a batch (embedding) is taken before the first token.
    const onceS = latencyS - prefillS - perTokenS * outputTokens;
    const decodesFromS = nowS + (prefillS * promptTokens) / this.#promptTokens + onceS;
    for (const slot of slots) requests.firstTokenS[slot] = decodesFromS + perTokenS;
    const id = this.#batches++;
    const view = { id, requests: slots.length, promptTokens, outputTokens, decodesFromS, perTokenS, tokensBefore: 0 };
    served.batch = { id, slots, heldBy: served.instances, view };
    served.sinceS = nowS;
    this.#runs(served);
  }

  #runs(served: Served): void {
    const first = served.instances[0]!;
    this.#world.facts.batch(first.id, served.batch!.view);
    this.#await(served, endOf(served.batch!.view));
  }

  #await(served: Served, timeS: Seconds): void {
    const { queue, ranks } = this.#world;
    served.seq = queue.push(timeS, ranks[EVENT.step]!, EVENT.step, served.instances[0]!.id, 0);
  }

  #complete(served: Served, nowS: Seconds): void {
    const batch = this.#stop(served, nowS)!;
    const requests = this.#requests;
    const { arrivalS, firstTokenS, outputTokens, retries } = requests;
    for (const slot of batch.slots) {
      this.#accounts.completed(arrivalS[slot]!, firstTokenS[slot]!, nowS, outputTokens[slot]!, retries[slot]!);
      requests.remove(slot);
    }
    served.sinceS = nowS;
    const { id } = served.instances[0]!;
    this.#world.facts.batch(id, null);
    if (!served.isRegistered) this.#world.facts.drained(id);
  }

  #open(pipeline: Pipeline, nowS: Seconds): Served {
    const served = { ...pipeline, batch: undefined, isRegistered: false, sinceS: nowS, seq: -1 };
    this.#served.set(pipeline.instances[0]!.id, served);
    this.#await(served, pipeline.resumesS);
    return served;
  }

  /** Its weights are there, and the keys and values of the batch it goes on with. */
  #resumes(served: Served, nowS: Seconds): void {
    this.#holdings.arrived(served);
    this.#countPause(served, nowS);
    served.sinceS = nowS;
    if (served.batch === undefined) return;
    served.batch.heldBy = served.instances;
    this.#runs(served);
  }

  #migrate(all: readonly Served[], how: ReparallelizeHow, nowS: Seconds): void {
    if (all.length === 0) return;
    const asked = all.map((pipeline): Migrating => {
      const { batch } = pipeline;
      if (batch === undefined) return { pipeline, batch };
      const { id, slots, view, heldBy } = batch;
      return { pipeline, batch: { batch: id, tokens: slots.length * (view.promptTokens + view.tokensBefore), heldBy } };
    });
    const lost = this.#holdings.migrate(asked, how, nowS);
    for (const served of all) {
      const { batch, resumesS, layout } = served;
      this.#await(served, resumesS);
      if (batch === undefined) continue;
      if (lost.has(batch.id)) {
        served.batch = undefined;
        this.#beginAgain(batch, batch.slots);
        continue;
      }
      const { outputTokens } = batch.view;
      const requests = batch.slots.length;
      const { perTokenS } = batchLatency(this.model.profile, layout, requests, outputTokens);
      batch.view = { ...batch.view, requests, decodesFromS: resumesS, perTokenS };
      this.#world.facts.batch(served.instances[0]!.id, batch.view);
    }
  }

  /** It is no pipeline any more. @returns its batch, with the tokens that it has been given so far */
  #close(served: Served, nowS: Seconds): Batch | undefined {
    this.#served.delete(served.instances[0]!.id);
    if (nowS < served.resumesS) this.#countPause(served, nowS);
    return this.#stop(served, nowS);
  }

  #stop(served: Served, nowS: Seconds): Batch | undefined {
    const { batch } = served;
    served.batch = undefined;
    served.seq = -1;
    if (batch === undefined) return undefined;
    const before = this.#given(batch, batch.slots);
    batch.view = { ...batch.view, tokensBefore: decodedTokens(batch.view, nowS) };
    this.#tokensGenerated += this.#given(batch, batch.slots) - before;
    this.#busyS += Math.max(0, nowS - Math.max(served.sinceS, served.resumesS, this.#accounts.measuredFromS));
    return batch;
  }

  #countPause({ sinceS }: Served, nowS: Seconds): void {
    this.#pausedS += Math.max(0, nowS - Math.max(sinceS, this.#accounts.measuredFromS));
  }

  /** Tokens that requests of a batch have been given. */
  #given({ view }: Batch, slots: readonly number[]): number {
    const { outputTokens } = this.#requests;
    return slots.reduce((sum, slot) => sum + Math.min(outputTokens[slot]!, view.tokensBefore), 0);
  }

  /** From the head of the queue, in order of arrival, and from the first token on. */
  #beginAgain(batch: Batch, slots: readonly number[]): void {
    const { arrivalS, retries, id } = this.#requests;
    for (const slot of slots) {
      this.#accounts.wasted(arrivalS[slot]!, this.#given(batch, [slot]));
      this.#accounts.broken(arrivalS[slot]!, "lost");
      retries[slot]!++;
    }
    this.#waiting = [...slots, ...this.#waiting].sort((a, b) => id[a]! - id[b]!);
  }
}

const endOf = ({ decodesFromS, perTokenS, outputTokens, tokensBefore }: BatchView): Seconds =>
  decodesFromS + perTokenS * (outputTokens - tokensBefore);

/** @throws SimulationError for a profile that does not say what is needed of it */
function servedModel({ measured, modelParallel, batchMax }: RequestParams): ServedModel {
  if (measured === undefined || typeof measured.file === "string" || modelParallel === undefined) {
    throw new SimulationError("a model cut over GPUs is timed by measurement; add workload.params.requests.measured");
  }
  const profile = measured.file as unknown as LatencyProfile;
  const { hiddenSize } = profile;
  if (hiddenSize === undefined) {
    throw new SimulationError(
      `the latency profile ${profile.name} does not say how wide the model is; add hidden_size`,
    );
  }
  const { pipeline, tensor, promptTokens } = measured;
  const { gpusMin, outputTokens, bytesPerParameter, localMiBPerS, storageMiBPerS, switchS, restartS } = modelParallel;
  try {
    for (let batch = 1; batch <= batchMax; batch *= 2) batchLatency(profile, { pipeline, tensor }, batch, outputTokens);
  } catch (error) {
    if (!(error instanceof LatencyProfileError)) throw error;
    throw new SimulationError(`${error.message}; lower workload.params.requests.batchMax, or name another layout`);
  }
  const mib = 2 ** 20;
  const speeds = { localBytesPerS: localMiBPerS * mib, storageBytesPerS: storageMiBPerS * mib, switchS, restartS };
  const layout: Layout = { pipeline, tensor, batchMax };
  return {
    profile: { ...profile, hiddenSize },
    layout,
    gpusMin,
    promptTokens,
    outputTokens,
    bytesPerParameter,
    speeds,
  };
}
