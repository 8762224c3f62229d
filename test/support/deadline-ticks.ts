/** A deadline job in ticks, as whole seconds; counts: instances obtainable, a tick each. */
export interface TickCase {
  readonly counts: readonly number[];
  readonly tickS: number;
  readonly workS: number;
  readonly deadlineS: number;
  readonly overheadS: number;
  readonly k: number;
  readonly nodes: number;
}

export interface TickRun {
  readonly cost: number;
  readonly spotTicks: number;
  readonly onDemandTicks: number;
  readonly spotWorkS: number;
  readonly onDemandWorkS: number;
  readonly launches: number;
  readonly preemptions: number;
  readonly ticks: number;
  readonly completed: boolean;
}

type State = "idle" | "spot" | "onDemand";
interface Asked {
  readonly state: State;
  readonly has: boolean;
  readonly elapsedS: number;
  readonly doneS: number;
  readonly tick: number;
}
type Rule = (asked: Asked, run: TickCase) => State;

/**
 * A second, naive implementation of Can't Be Late's model, tick by tick with no events, no instances and no cloud: what the
 * engine's runs are compared with. Written from the model's description (Wu et al., NSDI 2024, 3.2 and 5).
 */
export function runInTicks(job: TickCase, policy: Rule, net: boolean): TickRun {
  const { counts, tickS, workS, deadlineS, overheadS, k, nodes } = job;
  let state: State = "idle";
  let [remS, doneS, tick, launches, preemptions] = [0, 0, 0, 0, 0];
  const billed = { spot: 0, onDemand: 0 };
  const worked = { spot: 0, onDemand: 0 };
  for (; doneS < workS && tick < Math.ceil(deadlineS / tickS); tick++) {
    const has = (counts[tick] ?? 0) >= nodes;
    if (state === "spot" && !has) {
      state = "idle";
      preemptions++;
    }
    const elapsedS = tick * tickS;
    let next = policy({ state, has, elapsedS, doneS, tick }, job);
    if (net) {
      const up = (timeS: number) => Math.ceil(timeS / tickS) * tickS;
      const roomS = Math.floor((deadlineS - elapsedS) / tickS) * tickS;
      const leftS = workS - doneS;
      if (up(leftS + 2 * overheadS) >= roomS && state !== "spot") next = "onDemand";
      if (up(leftS + overheadS) >= roomS) {
        next = state === "spot" && remS === 0 ? "spot" : "onDemand";
        if (overheadS === 0 && has) next = "spot";
      }
    }
    if (next !== "idle") {
      if (next !== state) {
        remS = overheadS;
        launches++;
      }
      const ranS = Math.max(tickS - remS, 0);
      remS -= tickS - ranS;
      const gainS = Math.min(ranS, workS - doneS);
      doneS += gainS;
      worked[next] += gainS;
      billed[next]++;
    }
    state = next;
  }
  return {
    cost: (nodes * (billed.spot + k * billed.onDemand) * tickS) / 3600,
    spotTicks: billed.spot,
    onDemandTicks: billed.onDemand,
    spotWorkS: worked.spot,
    onDemandWorkS: worked.onDemand,
    launches,
    preemptions,
    ticks: tick,
    completed: doneS >= workS,
  };
}

const isBehind = ({ doneS, elapsedS }: Asked, { workS, deadlineS }: TickCase) => doneS * deadlineS < elapsedS * workS;

/** The rules, by the names of our policies. */
export const rules = {
  "on-demand-only": () => "onDemand",
  "spot-only": ({ has }) => (has ? "spot" : "idle"),
  "as-fast-as-possible": ({ has }) => (has ? "spot" : "onDemand"),
  "greedy-deadline": ({ has }) => (has ? "spot" : "idle"),
  "uniform-progress": (asked, job) => {
    const { state, has, elapsedS, doneS } = asked;
    const { workS, deadlineS, overheadS } = job;
    let next: State = has ? "spot" : "idle";
    if (!has && isBehind(asked, job)) next = "onDemand";
    if (state === "onDemand" && (!has || (elapsedS + 2 * overheadS) * workS >= doneS * deadlineS)) next = "onDemand";
    return next;
  },
  plain: (asked, job) => {
    if (asked.has) return "spot";
    return asked.state === "onDemand" || isBehind(asked, job) ? "onDemand" : "idle";
  },
  "up-next-lifetime": (asked, job) => {
    const { state, has, tick } = asked;
    const { counts, tickS, k, overheadS, nodes } = job;
    let run = 0;
    while (tick + run < counts.length && counts[tick + run]! >= nodes) run++;
    const worth = run * tickS * (k - 1);
    if (state === "onDemand") return has && worth > 2 * k * overheadS ? "spot" : "onDemand";
    if (state === "spot") return "spot";
    if (has && worth > k * overheadS) return "spot";
    return isBehind(asked, job) ? "onDemand" : "idle";
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** Remembers that it has begun to keep pace. */
export function loose(share: number): Rule {
  let begun = false;
  return (asked, job) => {
    begun ||= job.workS - asked.doneS >= share * (job.deadlineS - asked.elapsedS);
    if (begun) return rules["uniform-progress"](asked, job);
    return asked.has ? "spot" : "idle";
  };
}

/** Slices remember the one before, so each run needs its own. */
export function sliced(n: number): Rule {
  let before = -1;
  return ({ state, has, elapsedS, doneS }, { workS, deadlineS, overheadS, tickS }) => {
    const i = Math.min(n, Math.floor((elapsedS * n) / deadlineS) + 1);
    const same = i === before;
    before = i;
    const lackS = i * workS - n * doneS; // n times what the slice lacks
    const endS = i < n ? Math.floor((i * deadlineS) / (n * tickS)) * tickS : Math.floor(deadlineS / tickS) * tickS;
    const needS = Math.ceil((lackS + 2 * n * overheadS) / (n * tickS)) * tickS;
    if (state === "spot") return "spot";
    if (state === "onDemand" && same && lackS > 0) return "onDemand";
    if (lackS > 0 && needS >= endS - elapsedS) return "onDemand";
    return has ? "spot" : "idle";
  };
}

/**
 * RSF with the coin fallen one way or the other; where the deadline is below twice the work MRSF, on-demand until it is not. Written with
 * the ends of the slices as a list.
 */
export function shiftedGreedy(n: number, isShifted: boolean): Rule {
  let from: { readonly sinceS: number; readonly doneS: number } | undefined;
  let before = -1;
  return ({ state, has, elapsedS, doneS }, { workS, deadlineS, overheadS, tickS }) => {
    if (from === undefined && deadlineS - elapsedS >= 2 * (workS - doneS)) from = { sinceS: elapsedS, doneS };
    if (from === undefined) return "onDemand";
    const [restS, workLeftS] = [deadlineS - from.sinceS, workS - from.doneS];
    const [nowS, didS] = [elapsedS - from.sinceS, doneS - from.doneS];
    if (isShifted && didS * n < workLeftS) return "onDemand";
    // n times the end of each slice, and n times what must be done by then.
    const ends = Array.from({ length: isShifted ? n - 1 : n }, (_, i) => ({
      endS: (isShifted ? workLeftS : 0) + (i + 1) * restS,
      dueS: (isShifted ? i + 2 : i + 1) * workLeftS,
    }));
    const found = ends.findIndex(({ endS }) => nowS * n < endS);
    const i = found < 0 ? ends.length - 1 : found;
    const same = i === before;
    before = i;
    const { endS, dueS } = ends[i]!;
    const lackS = dueS - n * didS;
    const needS = Math.ceil((lackS + 2 * n * overheadS) / (n * tickS)) * tickS;
    const isTight = lackS > 0 && needS >= Math.floor(endS / (n * tickS)) * tickS - nowS;
    if (state === "spot") return "spot";
    if (state === "onDemand" && same && lackS > 0) return "onDemand";
    if (isTight) return "onDemand";
    return has ? "spot" : "idle";
  };
}

/**
 * The cheapest plan by trying every one: in each tick the gang is down or has one of `mixes` nodes on spot.
 * @returns Infinity where no plan finishes within floor(R/g) ticks.
 */
export function cheapestByBruteForce(job: TickCase, mixes: readonly number[]): number {
  const { counts, tickS, workS, deadlineS, overheadS, k, nodes } = job;
  const ticks = Math.floor(deadlineS / tickS);
  let best = Infinity;
  const extend = (tick: number, before: number | undefined, progressS: number, cost: number): void => {
    if (cost >= best) return;
    if (progressS >= workS) best = cost;
    if (tick === ticks) return;
    for (const spot of mixes) {
      if ((counts[tick] ?? 0) < spot) continue;
      const gainS = tickS - (spot === before ? 0 : overheadS);
      extend(tick + 1, spot, progressS + gainS, cost + ((spot + k * (nodes - spot)) * tickS) / 3600);
    }
    extend(tick + 1, undefined, progressS, cost);
  };
  extend(0, undefined, 0, 0);
  return best;
}
