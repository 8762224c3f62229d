import { placementCostS } from "./assignment/cost.ts";
import type { Action, Note } from "./contract/actions.ts";
import type { AssignmentStrategy, Pair, PlacementLuck } from "./contract/assignment.ts";
import type { FailoverRules } from "./contract/failover.ts";
import { ClairvoyantError, type Foresight } from "./contract/foresight.ts";
import type { AnyPolicySpec, Policy } from "./contract/policy.ts";
import { createRandom } from "./contract/random.ts";
import type { RequestLuck, Router } from "./contract/routing.ts";
import type { Cadence, Cap, Caps } from "./contract/scenario.ts";
import type { InstanceId, Json, MarketId, Seconds, Usd } from "./contract/units.ts";
import type { TaskView } from "./contract/view.ts";
import { type FailoverMemory, failoverStart } from "./failover/failover-account.ts";
import { replicaFailover } from "./failover/replica-failover.ts";
import type { StandIns } from "./failover/stand-ins.ts";
import { taskFailover } from "./failover/task-failover.ts";
import { Guard, type GuardMemory, guardStart } from "./guard/guard.ts";
import { ActionWriter } from "./state/action-writer.ts";
import type { FleetState } from "./state/fleet-state.ts";

/**
 * How often decisions may be asked at one instant until they ask for nothing: once for each market that may refuse, twice
 * around that, and once for each time that a fleet can double, since a market that refused is asked for twice as many with each
 * answer, and answers may take no time. More is a policy that does not settle.
 */
export const asksMax = (markets: number): number => markets + 2 + 32;

/** A scenario with its names looked up: what `resolveScenario` gives, ready to be created. */
export interface Decisions {
  readonly label: string;
  readonly scheduling: AnyPolicySpec;
  readonly params: unknown;
  readonly assignment: AssignmentStrategy;
  /** Before the replicas of a service, once a request: the host asks it, not the decider. */
  readonly routing: (luck: RequestLuck) => Router;
  readonly failover: FailoverRules;
  readonly caps?: Caps;
}

/** All that outlives an ask. One JSON value: journalled and restored by a live host. */
export type DeciderMemory = {
  scheduling: Json;
  failover: FailoverMemory;
  guard: GuardMemory;
  /** What the last ask wanted to be woken at, and what failover of tasks did when it last looked; null: not at all. */
  wakeS: number | null;
  failoverWakeS: number | null;
  seenVersion: number;
  seenNoticed: number;
  /** It has just acted: it is asked again at the same instant until it asks for nothing. */
  unsettled: boolean;
};

/** A launch or start that the guard held back, and the cap that it would have passed. */
export interface Capped {
  readonly instance: InstanceId;
  readonly market: MarketId;
  readonly cap: Cap;
}

/** What came of an ask. One object, filled anew by the next ask; the lists of actions and notes are the caller's to keep. */
export interface Asked {
  /** To be carried out, in this order. */
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
  /** What the guard held back. */
  readonly capped: readonly Capped[];
  /** Pending work that found no place; the live list, so read it before the next ask. */
  readonly unassigned: readonly TaskView[];
}

/**
 * One ask of everything that decides, in the order both hosts share: failover of tasks, scheduling policy, failover of services,
 * guard, assignment. It also
 * knows when it wants to be asked, so that replay and live keep the same cadence. The host feeds facts into the state,
 * calls `ask` when `wantsAsk`, and carries out the actions; what was seen is marked before anything is carried out, so a
 * fact that lands meanwhile leads to another ask.
 */
export class Decider {
  memory: DeciderMemory;
  readonly #state: FleetState;
  readonly #policy: Policy<Json>;
  readonly #assignment: AssignmentStrategy;
  readonly #failover: FailoverRules;
  readonly #standIns: StandIns;
  readonly #guard: Guard | undefined;
  readonly #writer: ActionWriter;
  readonly #cadence: Cadence;
  readonly #pair: Pair;
  readonly #luck: PlacementLuck;
  // Numbers from the start: a field that was undefined first is boxed anew by every write.
  #gridS: Seconds = Infinity;
  /** The next time at which it wants to be asked though nothing has changed; Infinity if never. */
  nextS: Seconds = Infinity;
  readonly #asked: { -readonly [K in keyof Asked]: Asked[K] } = { actions: [], notes: [], capped: [], unassigned: [] };

  /**
   * @param options seed: names the luck of the strategies that draw, the same for every policy. foresight: of a simulation; a
   * host that does not know the future gives none.
   * @throws ClairvoyantError when the policy needs foresight and there is none
   */
  constructor(
    state: FleetState,
    decisions: Decisions,
    cadence: Cadence,
    options: { readonly notes: boolean; readonly seed: string; readonly foresight?: () => Foresight },
  ) {
    this.#state = state;
    this.#policy = createPolicy(decisions, options.foresight);
    this.#assignment = decisions.assignment;
    this.#failover = decisions.failover;
    this.#guard = decisions.caps === undefined ? undefined : new Guard(decisions.caps);
    this.#cadence = cadence;
    state.everyS = cadence.everyS;
    if (cadence.everyS !== undefined) {
      this.#gridS = 0;
      this.nextS = 0;
    }
    this.#writer = new ActionWriter(state, options.notes);
    const random = createRandom(options.seed);
    let stream: number | undefined; // named by the first draw: most strategies draw nothing
    this.#luck = (work) => {
      stream ??= random.stream("placement");
      return random.at(stream, work.id, work.timesPlaced);
    };
    // All that is pending are tasks.
    this.#pair = (work, target) => this.#writer.place(work as TaskView, { instances: [target] });
    this.#standIns = (lacking, spares, pair) =>
      this.#assignment.assign(lacking, spares, placementCostS, (_, spare) => pair(spare), this.#luck);
    this.memory = {
      scheduling: decisions.scheduling.memory(decisions.params, (name) =>
        random.at(random.stream(`policy/${name}`), 0),
      ),
      failover: failoverStart(),
      guard: guardStart(),
      wakeS: null,
      failoverWakeS: null,
      seenVersion: -1,
      seenNoticed: -1,
      unsettled: false,
    };
  }

  /** Of a relaxation; then there is nothing to ask. */
  get leastUsd(): Usd | undefined {
    return this.#policy.leastUsd;
  }

  /** Whether it wants to be asked at the state's present instant. */
  get wantsAsk(): boolean {
    if (this.memory.unsettled || this.nextS <= this.#state.nowS) return true;
    return this.#cadence.onChange && this.memory.seenVersion !== this.#state.version;
  }

  ask(): Asked {
    const state = this.#state;
    const writer = this.#writer;
    const { memory } = this;
    const { nowS } = state;
    memory.seenVersion = state.version;
    while (this.#gridS <= nowS) this.#gridS = (Math.floor(nowS / this.#cadence.everyS!) + 1) * this.#cadence.everyS!;
    this.#guard?.accrue(state, memory.guard);
    const { onChange } = this.#cadence;
    const due = memory.failoverWakeS !== null && memory.failoverWakeS <= nowS;
    writer.open();

    // What failover does follows from its instances and the times it asked for, so it need not look when neither has come.
    if (memory.seenNoticed !== state.noticedVersion || due || !onChange) {
      memory.seenNoticed = state.noticedVersion;
      writer.by = "failover";
      taskFailover(state, writer);
      memory.failoverWakeS = onChange ? writer.takeWakeS() : null;
    }
    writer.by = "policy";
    this.#policy.decide(state, writer, memory.scheduling);
    if (state.work.services.length > 0) {
      writer.by = "failover";
      replicaFailover(state, writer, memory.failover, this.#failover, this.#standIns);
    }
    const { once = false } = this.#cadence;
    memory.unsettled = !once && writer.actions.length > 0;
    const asked = this.#asked;
    asked.capped = this.#guard === undefined ? NONE : this.#keepCaps(this.#guard);
    const { pending } = state.work;
    const unassigned = pending.length === 0 ? pending : this.#assign(pending);
    memory.unsettled ||= !once && writer.actions.length > 0;
    memory.wakeS = onChange ? writer.takeWakeS() : null;
    this.nextS = this.#gridS;
    if (memory.wakeS !== null && memory.wakeS < this.nextS) this.nextS = memory.wakeS;
    if (memory.failoverWakeS !== null && memory.failoverWakeS < this.nextS) this.nextS = memory.failoverWakeS;
    asked.actions = writer.actions;
    asked.notes = writer.notes;
    asked.unassigned = unassigned;
    return asked;
  }

  /** @returns what found no place */
  #assign(pending: readonly TaskView[]): readonly TaskView[] {
    const { work, instances } = this.#state;
    const { withRoom } = instances;
    if (withRoom.length === 0) return pending;
    this.#writer.by = "assignment";
    this.#assignment.assign(pending, withRoom, placementCostS, this.#pair, this.#luck);
    return work.pending;
  }

  /** Launches and starts beyond the caps are refused by the guard instead of by the provider, and never go out. */
  #keepCaps(guard: Guard): readonly Capped[] {
    const writer = this.#writer;
    const state = this.#state;
    const memory = this.memory.guard;
    const capped: Capped[] = [];
    const later = writer.actions.flatMap((action) => {
      if (action.do === "launch") return state.markets[action.market]!;
      return action.do === "start" ? state.instanceOf({ id: action.instance })!.market : [];
    });
    for (const action of writer.actions) {
      if (action.do !== "launch" && action.do !== "start") continue;
      const market = later.shift()!;
      const cap = guard.forbids(market, state, memory, later);
      if (cap === undefined) continue;
      capped.push({ instance: action.instance, market: market.id, cap });
      state.refused(action.instance, "guard", "market");
      const retryS = guard.retryS(cap, state, memory);
      if (retryS !== undefined) writer.wakeAt(retryS);
    }
    if (capped.length > 0) writer.withdraw(new Set(capped.map(({ instance }) => instance)));
    guard.accrue(state, memory);
    return capped;
  }
}

const NONE: readonly Capped[] = [];

function createPolicy(
  { label, scheduling, params }: Decisions,
  foresight: (() => Foresight) | undefined,
): Policy<Json> {
  if (scheduling.sight !== "clairvoyant") return scheduling.create(params);
  if (foresight === undefined) {
    throw new ClairvoyantError(`${label} plans with the future and can only be simulated; choose a causal policy`);
  }
  return scheduling.create(params, foresight());
}
