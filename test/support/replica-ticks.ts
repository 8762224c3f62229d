/** A replica service in ticks; capacity: [zone][tick]. */
export interface ReplicaCase {
  readonly capacity: readonly (readonly number[])[];
  readonly wanted: number;
  readonly extra: number;
  readonly coldStart: number;
  readonly base: number;
}

export interface ReplicaRun {
  readonly okTicks: number;
  readonly spotTicks: number;
  readonly onDemandTicks: number;
  /** [ready] ticks with so many ready. */
  readonly ready: Readonly<Record<string, number>>;
  readonly preempted: number;
  readonly launches: number;
  readonly unfilled: number;
  readonly zoneTicks: readonly number[];
}

/** Places missing replicas into the plan of a tick, zone by zone; has seen what was asked for and granted in the tick before. */
type Placer = (plan: number[], missing: number) => void;
export interface ReplicaRule {
  readonly allOnDemand?: boolean;
  readonly fallback?: boolean;
  placer(zones: number): {
    readonly place: Placer;
    readonly seen?: (asked: readonly number[], granted: readonly number[]) => void;
  };
}

/**
 * A second, naive implementation of SkyServe's model: counts per zone and tick, with no instances, events or cloud. What the
 * engine's runs are compared with. Written from the model's description (Mao et al., EuroSys 2025, 5.2).
 */
export function runInTicks(fleet: ReplicaCase, rule: ReplicaRule): ReplicaRun {
  const { capacity, wanted, extra, coldStart, base } = fleet;
  const ticks = capacity[0]!.length;
  const { place, seen } = rule.placer(capacity.length);
  const granted: number[][] = [];
  const onDemand: number[] = [];
  const readyNow = (history: (tick: number) => number, tick: number): number => {
    if (tick < coldStart) return 0;
    return Math.min(...Array.from({ length: coldStart + 1 }, (_, back) => history(tick - back)));
  };
  const spotReady = (tick: number) =>
    capacity.reduce((sum, _, z) => sum + readyNow((each) => granted[each]![z]!, tick), 0);
  const spotWanted = rule.allOnDemand ? 0 : wanted + extra - base;
  const run = { okTicks: 0, spotTicks: 0, onDemandTicks: 0, preempted: 0, launches: 0, unfilled: 0 };
  const ready: Record<string, number> = {};
  const zoneTicks = capacity.map(() => 0);
  let asked = capacity.map(() => 0);
  for (let tick = 0; tick < ticks; tick++) {
    const before = granted[tick - 1] ?? capacity.map(() => 0);
    const missingReady = Math.max(0, spotWanted - (tick === 0 ? 0 : spotReady(tick - 1)));
    if (rule.allOnDemand) onDemand.push(wanted + extra);
    else onDemand.push(base + (rule.fallback ? Math.min(wanted - base, missingReady) : 0));
    if (tick > 0) seen?.(asked, before);
    const plan = [...before];
    place(plan, Math.max(0, spotWanted - plan.reduce((a, b) => a + b, 0)));
    asked = plan;
    granted.push(plan.map((count, z) => Math.min(count, capacity[z]![tick]!)));
    for (const [z, count] of granted[tick]!.entries()) {
      run.preempted += Math.max(0, before[z]! - count);
      run.launches += Math.max(0, count - before[z]!);
      run.unfilled += plan[z]! - count;
      if (tick >= coldStart) zoneTicks[z]! += count;
    }
    if (tick < coldStart) continue;
    const all = spotReady(tick) + readyNow((each) => onDemand[each]!, tick);
    ready[all] = (ready[all] ?? 0) + 1;
    if (all >= wanted) run.okTicks++;
    run.onDemandTicks += onDemand[tick]!;
  }
  run.spotTicks = zoneTicks.reduce((a, b) => a + b, 0);
  return { ...run, ready, zoneTicks };
}

/** Fills level by level, from the first zone on. */
export const evenly: ReplicaRule = {
  placer: () => ({
    place: (plan, missing) => {
      for (let level = 0; missing > 0; level++) {
        for (let z = 0; z < plan.length && missing > 0; z++) {
          if (plan[z] !== level) continue;
          plan[z]!++;
          missing--;
        }
      }
    },
  }),
};

export const inTurn: ReplicaRule = {
  placer: (zones) => {
    let cursor = 0;
    return {
      place: (plan, missing) => {
        for (; missing > 0; missing--) {
          plan[cursor]!++;
          cursor = (cursor + 1) % zones;
        }
      },
    };
  },
};

export const noSpot: ReplicaRule = { allOnDemand: true, placer: () => ({ place: () => {} }) };

export const hedged = (threshold: number, fewestFirst: boolean, fallback: boolean): ReplicaRule => ({
  fallback,
  placer: (zones) => {
    let active = Array.from({ length: zones }, (_, z) => z);
    let preempting: number[] = [];
    return {
      seen: (asked, granted) => {
        for (let z = 0; z < zones; z++) {
          if (asked[z]! > granted[z]!) {
            if (active.includes(z)) preempting = [...preempting, z];
            active = active.filter((each) => each !== z);
          } else if (asked[z]! > 0 && preempting.includes(z)) {
            preempting = preempting.filter((each) => each !== z);
            active = [...active, z];
          }
        }
        if (active.length <= threshold) {
          active = Array.from({ length: zones }, (_, z) => z);
          preempting = [];
        }
      },
      place: (plan, missing) => {
        for (; missing > 0; missing--) {
          const empty = active.filter((z) => plan[z] === 0);
          const among = [...(empty.length > 0 ? empty : active)].sort(
            (a, b) => (fewestFirst ? plan[a]! - plan[b]! : 0) || a - b,
          );
          if (among.length === 0) return;
          plan[among[0]!]!++;
        }
      },
    };
  },
});

/**
 * The cheapest plan that has all wanted replicas ready from the first cold start on, by trying every plan: all ways to hold 0 to
 * `wanted` instances of each market in a tick, forward over what was held in the last ticks of a cold start.
 */
export function cheapestByBruteForce(
  { capacity, wanted, coldStart }: Pick<ReplicaCase, "capacity" | "wanted" | "coldStart">,
  price: readonly number[],
): number | undefined {
  const ticks = capacity[0]!.length;
  let reached = new Map<string, number>([["[]", 0]]); // what was held lately -> least cost
  for (let tick = 0; tick < ticks; tick++) {
    const next = new Map<string, number>();
    const choices = capacity.reduce<number[][]>(
      (all, counts) =>
        all.flatMap((held) =>
          Array.from({ length: Math.min(wanted, counts[tick]!) + 1 }, (_, count) => [...held, count]),
        ),
      [[]],
    );
    for (const [key, cost] of reached) {
      const lately = JSON.parse(key) as number[][];
      for (const held of choices) {
        const window = [...lately, held];
        const ready = held.reduce((sum, _, m) => sum + Math.min(...window.map((each) => each[m]!)), 0);
        if (tick >= coldStart && ready < wanted) continue;
        const kept = JSON.stringify(coldStart === 0 ? [] : window.slice(-coldStart));
        const paid = cost + held.reduce((sum, count, m) => sum + count * price[m]!, 0);
        if (paid < (next.get(kept) ?? Infinity)) next.set(kept, paid);
      }
    }
    reached = next;
  }
  return reached.size === 0 ? undefined : Math.min(...reached.values());
}
