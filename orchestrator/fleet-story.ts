import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { InstanceId, MarketId, Seconds, Usd, UsdPerHour } from "../policies/contract/units.ts";
import { HOUR_S } from "../policies/contract/units.ts";
import type { InstanceStatus } from "../policies/contract/view.ts";
import { accrue, noSpend } from "../policies/guard/day-spend.ts";
import type { Call, FactEntry, JournalEntry, StartEntry } from "./records.ts";

/** An instance as its journal tells it. */
export interface ToldInstance {
  readonly id: InstanceId;
  readonly market: MarketId;
  status: InstanceStatus;
  readonly requestedS: Seconds;
  providerId?: string;
  /** When the provider takes it back. */
  reclaimS?: Seconds;
  /** Nothing that it had in flight runs any more. */
  drained?: boolean;
}

/** A decision, with why. */
export interface ToldDecision {
  readonly timeS: Seconds;
  readonly what: string;
  readonly why: string;
}

const DECISIONS_KEPT = 20;

/** What a journal says of a fleet, entry by entry: for people and for metrics. It decides nothing. */
export class FleetStory {
  start: StartEntry | undefined;
  epoch = 1;
  nowS: Seconds = 0;
  asks = 0;
  /** Instances that have not ended, by number. */
  readonly instances = new Map<InstanceId, ToldInstance>();
  replicasWanted = 0;
  readonly pricesUsdPerHour: (UsdPerHour | undefined)[] = []; // [market]
  /** At list prices, from the moment each is billed; free hours and minimums are left to the bill. */
  spentUsd: Usd = 0;
  /** The same, of the last day. */
  readonly day = noSpend();
  readonly launches: Seconds[] = [];
  readonly refusals = new Map<string, number>();
  /** Launches that the guard held back, by cap. */
  readonly capped = new Map<string, number>();
  readonly ends = new Map<string, number>();
  notices = 0;
  /** Of those that were taken back after a notice: whether the last requests were done. */
  readonly drains = { done: 0, unknown: 0 };
  foreign = 0;
  readonly decisions: ToldDecision[] = [];
  /** Calls without a result. */
  readonly open = new Map<number, Call>();

  /** The name of the next that is adopted. */
  #found = "";

  get fleet(): FleetSpec {
    if (this.start === undefined) throw new Error("a journal begins with its start");
    return this.start.fleet;
  }

  get readyReplicas(): number {
    return this.all(({ status }) => status === "ready").length;
  }

  /** What is billed now. */
  get usdPerHour(): UsdPerHour {
    return this.all(isBilled).reduce((sum, { market }) => sum + (this.pricesUsdPerHour[market] ?? 0), 0);
  }

  get launchesLastHour(): number {
    return this.launches.filter((timeS) => timeS > this.nowS - HOUR_S).length;
  }

  all(which: (instance: ToldInstance) => boolean = () => true): readonly ToldInstance[] {
    return [...this.instances.values()].filter(which);
  }

  see(entry: JournalEntry): void {
    switch (entry.kind) {
      case "start":
        this.start = entry;
        break;
      case "resumed":
        this.epoch = entry.epoch;
        break;
      case "fact":
        this.#fact(entry);
        break;
      case "ask":
        this.asks++;
        for (const action of entry.actions) {
          if (action.do === "launch") {
            const { instance: id, market } = action;
            this.instances.set(id, { id, market, status: "requested", requestedS: this.nowS });
          } else if (action.do === "stop" || action.do === "start") {
            const instance = this.instances.get(action.instance);
            if (instance !== undefined) instance.status = action.do === "stop" ? "stopped" : "requested";
          }
        }
        for (const { cap, market } of entry.capped ?? []) {
          add(this.capped, cap);
          this.#decided(`no launch ${JSON.stringify({ market })}`, `cap on ${cap}`);
        }
        for (const { action, why } of entry.notes) {
          const { do: what, ...about } = entry.actions[action]!;
          this.#decided(`${what} ${JSON.stringify(about)}`, why);
        }
        break;
      case "intent":
        this.open.set(entry.call, entry.what);
        if (entry.what.do === "launch") this.launches.push(this.nowS);
        break;
      case "result":
        this.#result(entry);
        break;
      case "found":
        this.#found = entry.providerId;
        break;
      case "foreign":
        this.foreign++;
        break;
    }
  }

  #decided(what: string, why: string): void {
    this.decisions.push({ timeS: this.nowS, what, why });
    if (this.decisions.length > DECISIONS_KEPT) this.decisions.shift();
  }

  #result({ call, outcome }: Extract<JournalEntry, { kind: "result" }>): void {
    const what = this.open.get(call);
    this.open.delete(call);
    if (what?.do === "terminate") {
      const ended = this.all(({ providerId }) => providerId === what.providerId)[0];
      if (ended !== undefined) this.#ended(ended.id, "terminated");
    }
    if (what?.do !== "launch" || typeof outcome === "string") return;
    if (outcome.ok) {
      const instance = this.instances.get(what.instance);
      if (instance !== undefined) instance.providerId = outcome.providerId;
    } else {
      add(this.refusals, outcome.code ?? outcome.reason);
    }
  }

  #fact(fact: FactEntry): void {
    switch (fact.name) {
      case "advance": {
        const [nowS] = fact.args;
        const { usdPerHour } = this;
        this.spentUsd += (usdPerHour * (nowS - this.nowS)) / HOUR_S;
        accrue(this.day, this.nowS, usdPerHour);
        accrue(this.day, nowS, usdPerHour);
        this.nowS = nowS;
        break;
      }
      case "price":
        this.pricesUsdPerHour[fact.args[0]] = fact.args[1];
        break;
      case "status": {
        const instance = this.instances.get(fact.args[0]);
        if (instance !== undefined) instance.status = fact.args[1];
        break;
      }
      case "reclaimNotice": {
        this.notices++;
        const instance = this.instances.get(fact.args[0]);
        if (instance !== undefined) instance.reclaimS = fact.args[1];
        break;
      }
      case "drained": {
        const instance = this.instances.get(fact.args[0]);
        if (instance !== undefined) instance.drained = true;
        break;
      }
      case "adopted": {
        const [id, market] = fact.args;
        this.instances.set(id, { id, market, status: "requested", requestedS: this.nowS, providerId: this.#found });
        break;
      }
      case "refused":
      case "ended":
        this.#ended(fact.args[0], fact.name === "ended" ? fact.args[1] : "refused");
        break;
      case "serviceArrived":
        this.replicasWanted = fact.args[1].replicasWanted;
        break;
      case "replicasWanted":
        this.replicasWanted = fact.args[1];
        break;
    }
  }

  #ended(id: InstanceId, why: string): void {
    const instance = this.instances.get(id);
    if (instance === undefined) return;
    this.instances.delete(id);
    add(this.ends, why);
    if (instance.reclaimS !== undefined) this.drains[instance.drained ? "done" : "unknown"]++;
  }
}

const isBilled = ({ status }: ToldInstance): boolean => status === "warming" || status === "ready";

const add = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
