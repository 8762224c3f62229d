import { ClairvoyantError } from "../contract/foresight.ts";
import type { Seconds, Usd } from "../contract/units.ts";

/** One job on a grid of ticks, in each of which it is idle or runs on one of several compositions of its gang. */
export interface PlanProblem {
  /** Whole seconds. */
  readonly workS: Seconds;
  readonly restartOverheadS: Seconds;
  readonly tickS: Seconds;
  readonly ticks: number;
  readonly compositions: number;
  /** Of the whole gang for that tick; Infinity where the composition is not to be had. */
  tickUsd(composition: number, tick: number): Usd;
}

export interface Plan {
  readonly costUsd: Usd;
  /** The composition of each tick, IDLE for none. */
  readonly ticks: Int8Array;
  /** Ticks that begin with a launch though the gang is on that composition already; absent: none. */
  readonly anew?: ReadonlySet<number>;
}

/** In `Plan.ticks`: the gang is down. */
export const IDLE = -1;

/**
 * The cheapest plan that finishes the work within its ticks, exactly; undefined when there is none. A tick on another
 * composition than the last, or after an idle one, begins with the overhead.
 *
 * Dynamic program over time lost, r = t g - p (t ticks of g seconds, progress p), in units of gcd(g, d): idling loses g, a
 * launch loses d, running loses nothing, so that states of a gang that stays up keep their place and are updated in it. A plan is
 * feasible when it has lost at most T g - C. Progress may be owed (p < 0) while an overhead is longer than a tick. To launch
 * anew on the composition that it has is allowed and never pays, which saves keeping the second best.
 *
 * Source: Wu et al., "Can't Be Late", NSDI 2024, omniscient policy (there an integer program): C = workS, d = restartOverheadS.
 * @throws ClairvoyantError for a plan beyond 2 GiB.
 * Cost: O(ticks x (T g - C) / gcd(g, d) x compositions) time, one to four bytes for each of the first two.
 *
 * @example optimalPlan({ workS: 4, restartOverheadS: 1, tickS: 1, ticks: 5, compositions: 1, tickUsd: () => 2 }) // 10 USD
 */
export function optimalPlan(problem: PlanProblem): Plan | undefined {
  const { tickS, ticks, workS } = problem;
  return planFrom(problem, IDLE, ticks * tickS - workS, leastOf);
}

/**
 * The plan that ends where it is told to, among all that lose no more than so much.
 * @param before the composition that the gang is on when the first tick begins: to stay on it costs no overhead
 * @param lostMaxS seconds that may be lost to idling and overheads
 * @param chosen from the cheapest cost of each loss, in units of unitS: the loss to end with
 */
export function planFrom(
  problem: Omit<PlanProblem, "workS">,
  before: number,
  lostMaxS: Seconds,
  chosen: (costs: Float64Array, unitS: Seconds) => number,
): (Plan & { readonly lostS: Seconds }) | undefined {
  const { restartOverheadS, tickS, ticks, compositions, tickUsd } = problem;
  const unitS = gcd(tickS, restartOverheadS);
  const idle = tickS / unitS;
  const launch = restartOverheadS / unitS;
  const lostMax = Math.floor(lostMaxS / unitS);
  if (lostMax < 0) return undefined;
  const states = lostMax + 1;
  let best = new Float64Array(states).fill(Infinity); // [lost] cheapest way to be anywhere
  let next = new Float64Array(states);
  best[0] = 0;
  const up = Array.from({ length: compositions }, () => new Float64Array(states).fill(Infinity)); // [composition][lost]
  if (before !== IDLE) up[before]![0] = 0;
  const record = new PlanRecord(ticks, states, compositions);
  for (let t = 0; t < ticks; t++) {
    const row = record.row(t);
    next.fill(Infinity, 0, Math.min(idle, states));
    if (idle < states) next.set(best.subarray(0, states - idle), idle);
    for (let c = 0; c < compositions; c++) {
      const usd = tickUsd(c, t);
      if (usd === Infinity) up[c]!.fill(Infinity);
      else runTick(up[c]!, best, next, launch, usd, row, record.stayed(c), c + 1, record.choiceMask);
    }
    [best, next] = [next, best];
  }
  const lost = chosen(best.subarray(0, states), unitS);
  const costUsd = best[lost]!;
  if (costUsd === Infinity) return undefined;
  return { costUsd, lostS: lost * unitS, ticks: traced(record, ticks, lost, idle, launch) };
}

/** Where the least is; of equal ones, where first. */
export function leastOf(costs: Float64Array): number {
  let least = 0;
  for (let r = 1; r < costs.length; r++) if (costs[r]! < costs[least]!) least = r;
  return least;
}

/** A tick on one composition: those on it stay, or come from anywhere at the price of a launch where that is cheaper. */
export function runTick(
  costs: Float64Array,
  best: Float64Array,
  next: Float64Array,
  launch: number,
  usd: Usd,
  row: Row,
  stayed: number,
  choice: number,
  choiceMask: number,
): void {
  for (let r = 0; r < costs.length; r++) {
    const stay = costs[r]!;
    const come = r < launch ? Infinity : best[r - launch]!;
    const stays = stay <= come;
    const cost = (stays ? stay : come) + usd;
    let cell = stays ? row[r]! | stayed : row[r]!;
    costs[r] = cost;
    if (cost < next[r]!) {
      next[r] = cost;
      cell = (cell & ~choiceMask) | choice;
    }
    row[r] = cell;
  }
}

/** Walks the record back from the end. */
function traced(record: PlanRecord, ticks: number, lostAtEnd: number, idle: number, launch: number): Int8Array {
  const plan = new Int8Array(ticks).fill(IDLE);
  let lost = lostAtEnd;
  let on = IDLE; // what the tick after this one stayed on
  for (let t = ticks - 1; t >= 0; t--) {
    const cell = record.row(t)[lost]!;
    const composition = on === IDLE ? record.choice(cell) : on;
    plan[t] = composition;
    if (composition === IDLE) {
      lost -= idle;
    } else if ((cell & record.stayed(composition)) !== 0) {
      on = composition;
    } else {
      on = IDLE;
      lost -= launch;
    }
  }
  return plan;
}

const CELLS_MAX = 2 ** 31;

type Row = Uint8Array | Uint16Array | Uint32Array;

/** How each state was reached: the best choice (0 idle, c + 1), then a bit for each composition that was stayed on. */
export class PlanRecord {
  readonly #cells: Row;
  readonly #states: number;
  readonly #choiceBits: number;

  constructor(ticks: number, states: number, compositions: number) {
    this.#states = states;
    this.#choiceBits = 32 - Math.clz32(compositions);
    const bits = this.#choiceBits + compositions;
    if (bits > 32) throw new Error(`${compositions} compositions: there is room for 26`);
    const cells = ticks * states;
    if (cells > CELLS_MAX) {
      throw new ClairvoyantError(
        `the optimum would need ${(cells / 2 ** 30).toFixed(1)} GiB: ${ticks} ticks, and as many times ${states} units of slack; lengthen cadence.everyS, or give everyS and restartOverheadS a larger common divisor`,
      );
    }
    this.#cells = bits <= 8 ? new Uint8Array(cells) : bits <= 16 ? new Uint16Array(cells) : new Uint32Array(cells);
  }

  row(tick: number): Row {
    return this.#cells.subarray(tick * this.#states, (tick + 1) * this.#states);
  }

  stayed(composition: number): number {
    return 1 << (this.#choiceBits + composition);
  }

  get choiceMask(): number {
    return (1 << this.#choiceBits) - 1;
  }

  choice(cell: number): number {
    return (cell & this.choiceMask) - 1;
  }
}

export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
