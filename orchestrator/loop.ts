import { createHash } from "node:crypto";
import type { Action } from "../policies/contract/actions.ts";
import type { Facts } from "../policies/contract/facts.ts";
import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { PolicySpec } from "../policies/contract/policy.ts";
import type { Cadence, Scenario } from "../policies/contract/scenario.ts";
import type { InstanceId, Json, Seconds, WorkId } from "../policies/contract/units.ts";
import { asksMax, Decider } from "../policies/decider.ts";
import type { Stage } from "../policies/manifest/stage.ts";
import { resolveScenario } from "../policies/registry.ts";
import { FleetState } from "../policies/state/fleet-state.ts";
import { Inbox } from "./inbox.ts";
import type { JournalRecord } from "./journal-lines.ts";
import { Names } from "./names.ts";
import type { Held, InstanceReport, JobReport, LaunchOutcome, MarketName, Ports, Standing } from "./ports.ts";
import {
  type AskEntry,
  applyFact,
  type Call,
  type CallOutcome,
  type FactEntry,
  JOURNAL_FORMAT,
  type JournalEntry,
  type StartEntry,
} from "./records.ts";

export interface LoopOptions {
  readonly ports: Ports;
  /** The markets, as they are declared to the state; the ports know them by type, zone and capacity type. */
  readonly fleet: FleetSpec;
  readonly scenario: Scenario;
  /** Policies that are not listed: a user's file. */
  readonly own?: readonly PolicySpec<unknown, Json>[];
  readonly cadence: Cadence;
  /** Another name for every run of a fleet: client tokens and the luck of assignment derive from it. */
  readonly run: string;
  /** What every instance is tagged with, beside its run and its number there. */
  readonly tags?: Readonly<Record<string, string>>;
  /** How far it is trusted, for its journal; absent in a simulation. */
  readonly stage?: Stage;
  /** The time of day at which the clock began. */
  readonly startedMs?: number;
  /** To go on where a loop has stopped. */
  readonly resume?: Resume;
  /** Absent: a world that knows of nothing that it was not asked for. */
  readonly found?: FoundThere;
  /** Ends the loop after what it is doing. Instances and jobs stay as they are. */
  readonly signal: AbortSignal;
}

/** Where a loop has stopped. */
export interface Resume {
  /** All records of its journal, which the journal port continues. */
  readonly records: AsyncIterable<JournalRecord>;
  readonly epoch: number;
  /** How long ago the run began, by the time of day; its clock never steps back all the same. Absent: as long as the clock says. */
  readonly runS?: Seconds;
}

/** What a loop finds when it begins or goes on. */
export interface FoundThere {
  /** All that is tagged as of the fleet. */
  readonly held: readonly Held[];
  /** All that the balancer sends requests to. */
  readonly registered: readonly string[];
}

/**
 * The live loop: facts from the ports into the state, asks of the one decider, actions out through the ports. Everything that
 * chooses is in the decider; this carries facts in and calls out, and writes both down before they count.
 *
 * An instant is one reading of the clock: all that has landed, then asks until the decisions have settled. What lands while
 * actions are carried out leads to another ask: at the same instant while the clock stands still, else at the next.
 *
 * @throws what a policy or a port throws; the journal then ends with what led to it.
 */
export async function runLoop(options: LoopOptions): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  options.signal.addEventListener("abort", end);
  if (options.signal.aborted) end();
  try {
    await new Loop(options, stop.signal).run();
  } finally {
    end();
    options.signal.removeEventListener("abort", end);
  }
}

type PlaceAction = Extract<Action, { readonly do: "place" }>;

class Loop {
  readonly #options: LoopOptions;
  readonly #ports: Ports;
  readonly #signal: AbortSignal;
  readonly #state: FleetState;
  readonly #decider: Decider;
  readonly #names: Names;
  readonly #inbox = new Inbox();
  /** What has been taken from the inbox and is not journalled yet. */
  #landed: JournalEntry[] = [];
  /** Notices whose records are on their way to the disk. */
  readonly #toAcknowledge: (() => void)[] = [];
  /** Granted just now. */
  readonly #granted: InstanceId[] = [];
  /** Placements on instances of which some are still requested, in order of placing: started once all have a name. */
  #awaitingGrant: readonly PlaceAction[] = [];
  /** What was said of an instance that nobody knows, while a launch of ours is unanswered: it may be that one. */
  readonly #early = new Map<string, (() => void)[]>();
  #unanswered = 0;
  #calls = 0;
  /** Of other runs of the fleet, alive: each becomes a replica when the service is known. */
  #strays: readonly Held[] = [];
  /** From the clock's time to the run's, which began in another process. Whatever is journalled is the run's. */
  #offsetS: Seconds = 0;

  constructor(options: LoopOptions, signal: AbortSignal) {
    const { ports, fleet, scenario, own, cadence, run } = options;
    this.#options = options;
    this.#ports = ports;
    this.#signal = signal;
    this.#state = new FleetState(fleet);
    this.#decider = new Decider(this.#state, resolveScenario(scenario, own), cadence, { notes: true, seed: run });
    this.#names = new Names(fleet.markets);
    signal.addEventListener("abort", () => this.#inbox.put(() => {}));
  }

  async run(): Promise<void> {
    const { resume, found = { held: [], registered: [] } } = this.#options;
    const { clock, journal } = this.#ports;
    if (resume === undefined) {
      await journal.append([this.#startEntry()], { durable: true });
      this.#expectStrays(found);
    } else {
      const unfinished = await this.#recover(resume);
      await journal.append([{ kind: "resumed", epoch: resume.epoch }], { durable: true });
      await unfinished(found);
    }
    await this.#send(this.#leftBehind(found));
    this.#listen();
    while (!this.#signal.aborted) {
      await this.#breath();
      await this.#instant(this.#nowS);
      if (this.#inbox.isEmpty && !this.#decider.wantsAsk) {
        await clock.sleepUntil(this.#decider.nextS - this.#offsetS, this.#inbox.arrival());
      }
    }
  }

  get #nowS(): Seconds {
    return this.#ports.clock.nowS() + this.#offsetS;
  }

  /** Streams and calls have their chance to deliver what has happened. */
  async #breath(): Promise<void> {
    const { clock } = this.#ports;
    await clock.sleepUntil(clock.nowS(), this.#signal);
  }

  #startEntry(): StartEntry {
    const { run, fleet, scenario, cadence, stage, startedMs } = this.#options;
    return {
      ...{ kind: "start", format: JOURNAL_FORMAT, run, fleet, scenario, cadence },
      ...(stage === undefined ? {} : { stage }),
      ...(startedMs === undefined ? {} : { startedMs }),
    };
  }

  /**
   * What the records made of the loop: state, memory and names as they were, decided again. Nothing goes out meanwhile.
   * @returns what finishes what was under way: calls without a result are made again as they were journalled, actions that were decided
   * and not yet called are called
   * @throws ResumeError when the journal is of another run, or today's code decides otherwise
   */
  async #recover({ records, runS = 0 }: Resume): Promise<(found: FoundThere) => Promise<void>> {
    const open = new Map<number, Call>();
    /** Of the newest ask: what has no intent yet. Only a torn end leaves anything. */
    let decided: Call[] = [];
    let named = "";
    let found = "";
    /** Results whose facts have not come. */
    const answered = new Map<InstanceId, LaunchOutcome>();
    for await (const { seq, entry } of records) {
      switch (entry.kind) {
        case "start":
          this.#sameRun(entry);
          break;
        case "named":
          named = entry.job;
          break;
        case "found":
          found = entry.providerId;
          break;
        case "fact":
          applyFact(this.#state, entry);
          // A name whose arrival was torn off is told again, with the arrival.
          if (ARRIVALS.has(entry.name)) this.#names.arrived(named);
          if (entry.name === "adopted") this.#names.granted(entry.args[0], found);
          if (entry.name === "ended" || entry.name === "refused") this.#gone(entry.args[0]);
          if (entry.name === "status" || entry.name === "refused") answered.delete(entry.args[0]);
          break;
        case "ask":
          decided = this.#decidedAgain(seq, entry);
          break;
        case "intent": {
          const { call, what } = entry;
          open.set(call, what);
          this.#calls = call + 1;
          if (decided.length > 0) decided.shift();
          else this.#forget((placement) => isSame(this.#startOf(placement), what));
          break;
        }
        case "result": {
          const what = open.get(entry.call);
          open.delete(entry.call);
          if ((what?.do !== "launch" && what?.do !== "startInstance") || typeof entry.outcome === "string") break;
          answered.set(what.instance, entry.outcome);
          if (what.do === "startInstance") break;
          this.#unanswered--;
          if (entry.outcome.ok) this.#names.granted(what.instance, entry.outcome.providerId);
          break;
        }
      }
    }
    const clockS = this.#ports.clock.nowS();
    this.#offsetS = Math.max(0, this.#state.nowS - clockS, runS - clockS);
    return async ({ held, registered }) => {
      for (const [instance, outcome] of answered) this.#launched(instance, outcome);
      this.#granted.push(...this.#awaitingGrant.flatMap(({ instances }) => instances));
      const underToken = new Map(held.filter(isAlive).map(({ tags, providerId }) => [tags.launch, providerId]));
      for (const [call, what] of open) {
        const providerId = what.do === "launch" ? underToken.get(what.request.clientToken) : undefined;
        if (providerId === undefined) this.#dispatch(call, what);
        else this.#answered(call, what, { ok: true, providerId });
      }
      await this.#send(decided);
      this.#expectStrays({ held, registered });
      const [service] = this.#state.work.services;
      if (service !== undefined) this.#adopt(service.id);
    };
  }

  /** What other runs left, and this one can hold. What is said of it meanwhile waits, as for a launch. */
  #expectStrays({ held }: FoundThere): void {
    this.#strays = held.filter(
      (each) =>
        isAlive(each) &&
        each.state !== "stopped" &&
        each.tags.run !== this.#options.run &&
        this.#names.market(each.market) !== undefined &&
        this.#names.instance(each.providerId) === undefined,
    );
    if (this.#strays.length > 0) this.#unanswered++;
  }

  /** What others left behind serves on, as replicas of ours. */
  #adopt(service: WorkId): void {
    if (this.#strays.length === 0) return;
    let id = this.#state.nextInstance;
    for (const { providerId, market } of this.#strays) {
      this.#landed.push({ kind: "found", providerId });
      this.#fact("adopted", id, this.#names.market(market)!, service);
      this.#names.granted(id, providerId);
      this.#launched(id, { ok: true, providerId });
      id++;
    }
    this.#strays = [];
    this.#oneAnswered();
  }

  /**
   * What ends what an earlier part of this run left: launched after all when nobody waited for it any more, or not ended yet; and
   * what is sent requests although it has ended.
   */
  #leftBehind({ held, registered }: FoundThere): Call[] {
    const left: Call[] = [];
    for (const { providerId, state, tags } of held) {
      if (this.#isHeld(this.#names.instance(providerId)) || tags.run !== this.#options.run) continue;
      if (state !== "ended") left.push({ do: "terminate", providerId });
    }
    for (const providerId of registered) {
      const ours = held.find((each) => each.providerId === providerId);
      const known = this.#names.instance(providerId);
      const isGone = ours?.state === "ended" || (known !== undefined && !this.#isHeld(known));
      if (isGone) left.push({ do: "deregister", providerId });
    }
    return left;
  }

  #isHeld(id: InstanceId | undefined): boolean {
    return id !== undefined && this.#state.instanceOf({ id }) !== undefined;
  }

  #standing(): Standing[] {
    return [...this.#names.instances()].flatMap(([providerId, id]) => {
      const instance = this.#state.instanceOf({ id });
      if (instance === undefined) return [];
      return [{ providerId, draining: instance.deregisteredS !== undefined && !instance.drained }];
    });
  }

  #sameRun(start: StartEntry): void {
    const { startedMs: _, ...journalled } = start;
    const { startedMs: __, ...ours } = this.#startEntry();
    for (const [field, value] of Object.entries(ours)) {
      if (isSame(journalled[field as keyof typeof journalled], value)) continue;
      throw new ResumeError(`the journal is of another ${field}; begin another run (--new-run)`);
    }
  }

  /** @returns its calls, so far as they need no grant */
  #decidedAgain(seq: number, { actions }: AskEntry): Call[] {
    const again = this.#decider.wantsAsk ? this.#decider.ask().actions : "no wish to be asked";
    if (!isSame(again, actions)) {
      throw new ResumeError(
        `record ${seq}: this version decides ${JSON.stringify(again)} where the journal has ${JSON.stringify(actions)}; go on with the version that wrote it, or begin another run (--new-run)`,
      );
    }
    return actions.flatMap((action) => this.#callOf(action) ?? []);
  }

  async #instant(nowS: Seconds): Promise<void> {
    const roundsMax = asksMax(this.#state.markets.length);
    if (nowS > this.#state.nowS) this.#fact("advance", nowS);
    await this.#takeIn();
    for (let round = 0; this.#decider.wantsAsk && !this.#signal.aborted; round++) {
      if (round === roundsMax) {
        throw new Error(`the decisions do not settle: asked ${round} times at ${nowS} s, they still act`);
      }
      await this.#tellPrices();
      await this.#ask();
      await this.#breath();
      if (!this.#inbox.isEmpty && this.#nowS > nowS) return;
      await this.#takeIn();
    }
  }

  // ── out ────────────────────────────────────────────────────────────────────────────

  async #ask(): Promise<void> {
    const { actions, notes, capped, unassigned } = this.#decider.ask();
    const held = capped.length === 0 ? {} : { capped };
    const ask = { kind: "ask", actions, notes, ...held, unassigned: unassigned.map((work) => work.id) } as const;
    await this.#send(
      actions.flatMap((action) => this.#callOf(action) ?? []),
      [ask],
    );
  }

  /** What an action asks of a port now: nothing if it is ours alone, or has to wait for a grant. */
  #callOf(action: Action): Call | undefined {
    const names = this.#names;
    switch (action.do) {
      case "launch": {
        const { instanceType, region, zone, capacityType } = this.#state.markets[action.market]!;
        const market = { instanceType, region, zone, capacityType };
        const clientToken = sha256(JSON.stringify([this.#options.run, action.instance, Object.values(market)]));
        this.#unanswered++;
        const tags = { ...this.#options.tags, run: this.#options.run, instance: String(action.instance) };
        return { do: "launch", instance: action.instance, request: { market, clientToken, tags } };
      }
      case "terminate":
        this.#gone(action.instance);
        return { do: "terminate", providerId: names.providerId(action.instance)! };
      case "stop":
        return { do: "stopInstance", providerId: names.providerId(action.instance)! };
      case "start":
        return { do: "startInstance", instance: action.instance, providerId: names.providerId(action.instance)! };
      case "register":
      case "deregister":
        return { do: action.do, providerId: names.providerId(action.instance)! };
      case "place": {
        const start = this.#startOf(action);
        if (start === undefined) this.#awaitingGrant = [...this.#awaitingGrant, action];
        return start;
      }
      case "release":
        return this.#forget(({ work, instances }) => work === action.work && instances[0] === action.instances[0])
          ? undefined
          : {
              do: "stop",
              job: names.job(action.work),
              providerIds: action.instances.map((instance) => names.providerId(instance)!),
            };
      case "scale":
        return { do: "scale", job: names.job(action.work), replicas: action.replicas };
      case "move": {
        const { work, from, to, how, share } = action;
        const named = (placements: typeof from) =>
          placements.map((instances) => instances.map((instance) => names.providerId(instance)!));
        return { do: "move", job: names.job(work), from: named(from), to: named(to), how, share };
      }
      case "reparallelize": {
        const replicas = action.to.map(({ instances, layout }) => ({
          providerIds: instances.map((instance) => names.providerId(instance)!),
          layout,
        }));
        return { do: "reparallelize", job: names.job(action.work), replicas, how: action.how };
      }
      case "checkpoint":
        return { do: "checkpoint", job: names.job(action.work) };
      case "drain":
        return undefined; // the state keeps new work away
    }
  }

  /** Undefined while one of its instances has no name yet. */
  #startOf({ work, instances, layout }: PlaceAction): Call | undefined {
    const providerIds: string[] = [];
    for (const instance of instances) {
      const providerId = this.#names.providerId(instance);
      if (providerId === undefined) return undefined;
      providerIds.push(providerId);
    }
    return { do: "start", job: this.#names.job(work), providerIds, ...(layout && { layout }) };
  }

  /** A gang that has lost a node while others were requested is no placement any more. */
  #gone(instance: InstanceId): void {
    this.#forget(({ instances }) => instances.includes(instance));
  }

  /** Whether anything that was waited for is waited for no more. */
  #forget(which: (placement: PlaceAction) => boolean): boolean {
    const before = this.#awaitingGrant.length;
    this.#awaitingGrant = this.#awaitingGrant.filter((placement) => !which(placement));
    return this.#awaitingGrant.length < before;
  }

  /**
   * In the order in which their instances were launched, of a gang the last, then in which they were placed: whatever the order in
   * which the grants of one instant arrived, and as work starts on instances that become ready together.
   */
  #startsOn(granted: readonly InstanceId[]): Call[] {
    return this.#awaitingGrant
      .filter(({ instances }) => instances.some((instance) => granted.includes(instance)))
      .sort((a, b) => Math.max(...a.instances) - Math.max(...b.instances))
      .flatMap((placement) => {
        const start = this.#startOf(placement);
        if (start === undefined) return [];
        this.#forget((each) => each === placement);
        return [start];
      });
  }

  /** Makes the calls, in order and without waiting for one another, once it is on disk that they will be made. */
  async #send(calls: readonly Call[], entries: readonly JournalEntry[] = []): Promise<void> {
    const first = this.#calls;
    this.#calls += calls.length;
    const intents = calls.map((what, i): JournalEntry => ({ kind: "intent", call: first + i, what }));
    await this.#ports.journal.append([...entries, ...intents], { durable: calls.length > 0 });
    for (const [i, what] of calls.entries()) this.#dispatch(first + i, what);
  }

  #dispatch(call: number, what: Call): void {
    this.#make(what).then(
      (outcome) => this.#inbox.put(() => this.#answered(call, what, outcome)),
      (error) => this.#fail(`${what.do} (call ${call})`, error),
    );
  }

  async #make(what: Call): Promise<CallOutcome> {
    const { capacity, standby, balancer, jobs, journal } = this.#ports;
    const signal = this.#signal;
    switch (what.do) {
      case "launch":
        // Another host could not know of it: nothing is launched, and nothing has to be looked for.
        // Where there is no copy it goes out in its turn, before what was decided after it.
        if (journal.copied !== undefined && !(await journal.copied()))
          return { ok: false, reason: "lost", scope: "market", code: "NoCopy" };
        return capacity.launch(what.request, signal);
      case "terminate":
        return capacity.terminate(what.providerId, signal);
      case "startInstance":
        return standby.start(what.providerId, signal);
      case "stopInstance":
        return standby.stop(what.providerId, signal);
      case "register":
      case "deregister":
        return balancer[what.do](what.providerId, signal);
      case "start":
        await jobs.start(what.job, what.providerIds, signal, what.layout);
        return "done";
      case "stop":
        await jobs.stop(what.job, what.providerIds, signal);
        return "done";
      case "reparallelize":
        await jobs.reparallelize(what.job, what.replicas, what.how, signal);
        return "done";
      case "scale":
        await jobs.scale(what.job, what.replicas, signal);
        return "done";
      case "move": {
        const { do: _, ...move } = what;
        return jobs.move(move, signal);
      }
      case "checkpoint":
        await jobs.checkpoint(what.job, signal);
        return "done";
    }
  }

  // ── in ─────────────────────────────────────────────────────────────────────────────

  #listen(): void {
    const { capacity, notices, jobs } = this.#ports;
    const signal = this.#signal;
    const standing = this.#standing();
    this.#hear("instances", capacity.instances(signal, standing), (report) => this.#instance(report));
    const obtainable = capacity.obtainable?.(signal);
    if (obtainable !== undefined) {
      this.#hear("obtainable", obtainable, ({ market, count }) =>
        this.#market(market, (id) => this.#fact("obtainable", id, count)),
      );
    }
    this.#hear("notices", notices.stream(signal), ({ providerId, reclaimS, acknowledge }) => {
      if (reclaimS === null) {
        this.#ofInstance(providerId, "recommendation", (id) => this.#fact("rebalanceRecommended", id));
      } else {
        this.#ofInstance(providerId, "notice", (id) => this.#fact("reclaimNotice", id, reclaimS + this.#offsetS));
      }
      if (acknowledge !== undefined) this.#toAcknowledge.push(acknowledge);
    });
    this.#hear("jobs", jobs.reports(signal, standing), (report) => this.#job(report));
  }

  /** A stream that ends by itself is as bad as one that throws: silence would pass for peace. */
  async #hear<T>(name: string, stream: AsyncIterable<T>, take: (item: T) => void): Promise<void> {
    try {
      for await (const item of stream) this.#inbox.put(() => take(item));
      throw new Error("it ended by itself");
    } catch (error) {
      this.#fail(`the stream of ${name}`, error);
    }
  }

  #fail(what: string, cause: unknown): void {
    this.#inbox.put(() => {
      if (this.#signal.aborted) return;
      throw new Error(`${what} failed: ${cause instanceof Error ? cause.message : cause}`, { cause });
    });
  }

  /** Takes in all that has landed, then starts the work that waited for it and takes in what that sets off at once. */
  async #takeIn(): Promise<void> {
    this.#inbox.takeAll();
    await this.#record();
    while (this.#granted.length > 0) {
      await this.#send(this.#startsOn(this.#granted.splice(0)));
      await this.#breath();
      this.#inbox.takeAll();
      await this.#record();
    }
  }

  /** Prices are no events: what has changed is told before an ask. */
  async #tellPrices(): Promise<void> {
    for (const { market, priceUsdPerHour } of await this.#ports.prices.latest(this.#signal)) {
      this.#market(market, (id) => {
        if (this.#state.markets[id]!.priceUsdPerHour !== priceUsdPerHour) this.#fact("price", id, priceUsdPerHour);
      });
    }
    // Rates of requests are no events either: what has come by now counts for this ask.
    this.#inbox.takeAll();
    await this.#record();
  }

  /** Journal first, then state. */
  async #record(): Promise<void> {
    const entries = this.#landed;
    if (entries.length === 0) return;
    this.#landed = [];
    const acknowledged = this.#toAcknowledge.splice(0);
    await this.#ports.journal.append(entries, { durable: acknowledged.length > 0 });
    for (const entry of entries) if (entry.kind === "fact") applyFact(this.#state, entry);
    for (const acknowledge of acknowledged) acknowledge();
  }

  #fact<Name extends keyof Facts>(name: Name, ...args: Parameters<Facts[Name]>): void {
    this.#landed.push({ kind: "fact", name, args } as unknown as FactEntry);
  }

  #foreign(name: string, what: string): void {
    this.#landed.push({ kind: "foreign", name, what });
  }

  #answered(call: number, what: Call, outcome: CallOutcome): void {
    this.#landed.push({ kind: "result", call, outcome });
    if (typeof outcome === "string" || (what.do !== "launch" && what.do !== "startInstance")) return;
    if (what.do === "launch" && outcome.ok) this.#names.granted(what.instance, outcome.providerId);
    this.#launched(what.instance, outcome);
    if (what.do === "launch") this.#oneAnswered();
  }

  /** When nothing is unanswered any more, what was said of others is of nobody that we know. */
  #oneAnswered(): void {
    if (--this.#unanswered > 0) return;
    for (const [name, said] of this.#early) for (const _ of said) this.#foreign(name, "instance");
    this.#early.clear();
  }

  #launched(instance: InstanceId, outcome: LaunchOutcome): void {
    if (outcome.ok) {
      const { providerId } = outcome;
      this.#fact("status", instance, "pending");
      this.#granted.push(instance);
      for (const take of this.#early.get(providerId) ?? []) take();
      this.#early.delete(providerId);
    } else {
      this.#fact("refused", instance, outcome.reason, outcome.scope);
      this.#gone(instance);
    }
  }

  #instance(report: InstanceReport): void {
    this.#ofInstance(report.providerId, report.status, (id) => {
      if (report.status === "ended") {
        this.#gone(id);
        this.#fact("ended", id, report.why);
      } else {
        this.#fact("status", id, report.status);
      }
    });
  }

  #job(report: JobReport): void {
    if (report.what === "modelWarm") {
      this.#ofInstance(report.providerId, report.what, (id) => this.#fact("modelWarm", id, report.model));
      return;
    }
    if (report.what === "ready") {
      this.#ofInstance(report.providerId, report.what, (id) => this.#fact("status", id, "ready"));
      return;
    }
    if (report.what === "drained") {
      this.#ofInstance(report.providerId, report.what, (id) => this.#fact("drained", id));
      return;
    }
    if (report.what === "cachesHeld") {
      this.#ofInstance(report.providerId, report.what, (id) => this.#fact("cachesHeld", id, report.miB));
      return;
    }
    if (report.what === "shards") {
      this.#ofInstance(report.providerId, report.what, (id) => this.#fact("shards", id, report.shards));
      return;
    }
    if (report.what === "batch") {
      this.#ofInstance(report.providerId, report.what, (id) => this.#fact("batch", id, report.batch));
      return;
    }
    const { job, what } = report;
    if (what === "arrived" || what === "deadlineJobArrived" || what === "serviceArrived") {
      const work = this.#names.arrived(job);
      if (work === undefined) return;
      this.#landed.push({ kind: "named", work, job });
      if (what === "arrived") this.#fact("workArrived", work, report.task);
      else if (what === "serviceArrived") {
        this.#fact("serviceArrived", work, report.service);
        this.#adopt(work);
      } else this.#fact("jobArrived", work, report.deadlineJob);
      return;
    }
    const work = this.#names.work(job);
    if (work === undefined) this.#foreign(job, what);
    else if (what === "replicasWanted") this.#fact("replicasWanted", work, report.count);
    else if (what === "requestRate") this.#fact("requestRate", work, report.perS);
    else if (what === "progress") this.#fact("progress", work, report.doneS, report.keptS, report.ratePerS);
    else this.#fact(what === "ended" ? "workEnded" : "stateLeft", work);
  }

  #market(name: MarketName, take: (id: NonNullable<ReturnType<Names["market"]>>) => void): void {
    const id = this.#names.market(name);
    if (id !== undefined) take(id);
  }

  #ofInstance(providerId: string, what: string, take: (id: InstanceId) => void): void {
    const id = this.#names.instance(providerId);
    if (id !== undefined) {
      take(id);
    } else if (this.#unanswered > 0) {
      const said = this.#early.get(providerId) ?? [];
      this.#early.set(providerId, [...said, () => this.#ofInstance(providerId, what, take)]);
    } else {
      this.#foreign(providerId, what);
    }
  }
}

/** A journal cannot be gone on with: says why, and what helps. */
export class ResumeError extends Error {
  override readonly name = "ResumeError";
}

const isAlive = ({ state }: Held): boolean => state !== "ended";

const ARRIVALS: ReadonlySet<keyof Facts> = new Set(["workArrived", "jobArrived", "serviceArrived"]);

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
