import type { Move } from "../contract/facts.ts";
import { ClairvoyantError } from "../contract/foresight.ts";
import type { Usd } from "../contract/units.ts";
import { gcd, IDLE, type Plan, type PlanProblem, PlanRecord, runTick } from "./optimal-plan.ts";

/** A job whose state lies in one of several places, and has to follow when its gang runs in another. */
export interface RegionProblem extends PlanProblem {
  readonly places: number;
  /** Of each composition: the place where it runs. */
  readonly placeOf: readonly number[];
  /** From one place to another; whole seconds beside the overhead. */
  move(from: number, to: number): Move;
}

/**
 * The cheapest plan that finishes the work within its ticks, exactly; undefined when there is none. Before its first launch a job has
 * no state anywhere, so that one moves nothing.
 *
 * `optimalPlan`'s dynamic program over time lost, with the place of the state beside it: idling keeps the place, a launch in place p
 * comes from the cheapest place q, loses the overhead and the time of the move, and pays for it.
 *
 * Source: SkyNomad, NSDI 2027, the problem of 3.1 and the optimum of its artifact (sky_spot/strategies/multi_region_oracle_dp.py), which
 * rounds overheads and work up to whole ticks; this does not.
 * @throws ClairvoyantError for a plan beyond 2 GiB.
 * Cost: O(ticks x (T g - C) / gcd(g, d, moves) x (compositions + places squared)) time, two to five bytes for each of the first two and
 * place.
 *
 * @example regionPlan({ workS: 4, restartOverheadS: 1, tickS: 1, ticks: 5, compositions: 2, places: 2, placeOf: [0, 1],
 *   tickUsd: (composition, tick) => (composition === 0 && tick > 1 ? Infinity : 2), move: () => ({ usd: 3, moveS: 0 }) }) // 10 USD, all of it on composition 1
 */
export function regionPlan(problem: RegionProblem): Plan | undefined {
  const { workS, restartOverheadS, tickS, ticks, compositions, places, placeOf, tickUsd, move } = problem;
  const nowhere = places;
  const moves = Array.from({ length: places + 1 }, (_, from) =>
    Array.from({ length: places }, (_, to) => (from === nowhere || from === to ? STAYS : move(from, to))),
  );
  const unitS = moves.flat().reduce((unit, { moveS }) => gcd(unit, moveS), gcd(tickS, restartOverheadS));
  const idle = tickS / unitS;
  const lostMax = Math.floor((ticks * tickS - workS) / unitS);
  if (lostMax < 0) return undefined;
  const states = lostMax + 1;
  checkSize(ticks, states, places);
  const infinite = () => new Float64Array(states).fill(Infinity);
  const held = Array.from({ length: places }, (_, place) => [...placeOf.keys()].filter((c) => placeOf[c] === place));
  const records = held.map((local) => new PlanRecord(ticks, states, local.length));
  const cameFrom = held.map(() => new Uint8Array(ticks * states)); // [place][tick * states + lost] where its launch took the state from
  let best = Array.from({ length: places + 1 }, infinite); // [place, or nowhere][lost]
  let next = Array.from({ length: places + 1 }, infinite);
  best[nowhere]![0] = 0;
  const up = Array.from({ length: compositions }, infinite); // [composition][lost]
  const come = infinite();
  for (let t = 0; t < ticks; t++) {
    for (let place = 0; place <= places; place++) {
      next[place]!.fill(Infinity, 0, Math.min(idle, states));
      if (idle < states) next[place]!.set(best[place]!.subarray(0, states - idle), idle);
    }
    for (let place = 0; place < places; place++) {
      come.fill(Infinity);
      const from = cameFrom[place]!.subarray(t * states, (t + 1) * states);
      for (let origin = 0; origin <= places; origin++) {
        const { usd, moveS } = moves[origin]![place]!;
        arrive(come, from, best[origin]!, (restartOverheadS + moveS) / unitS, usd, origin);
      }
      const record = records[place]!;
      const row = record.row(t);
      for (const [i, c] of held[place]!.entries()) {
        const usd = tickUsd(c, t);
        if (usd === Infinity) up[c]!.fill(Infinity);
        else runTick(up[c]!, come, next[place]!, 0, usd, row, record.stayed(i), i + 1, record.choiceMask);
      }
    }
    [best, next] = [next, best];
  }
  let [place, lost] = [nowhere, 0];
  let costUsd = workS > 0 ? Infinity : 0;
  for (let p = 0; p < places; p++) {
    for (let r = 0; r < states; r++) if (best[p]![r]! < costUsd) [place, lost, costUsd] = [p, r, best[p]![r]!];
  }
  if (costUsd === Infinity) return undefined;
  const plan = new Int8Array(ticks).fill(IDLE);
  let on = IDLE; // of its place's compositions: what the tick after this one stayed on
  for (let t = ticks - 1; t >= 0 && place !== nowhere; t--) {
    const record = records[place]!;
    const cell = record.row(t)[lost]!;
    const local = on === IDLE ? record.choice(cell) : on;
    if (local === IDLE) {
      lost -= idle;
      continue;
    }
    plan[t] = held[place]![local]!;
    if ((cell & record.stayed(local)) !== 0) {
      on = local;
      continue;
    }
    on = IDLE;
    const origin = cameFrom[place]![t * states + lost]!;
    lost -= (restartOverheadS + moves[origin]![place]!.moveS) / unitS;
    place = origin;
  }
  return { costUsd, ticks: plan };
}

const STAYS: Move = { usd: 0, moveS: 0 };

/** Takes up what comes from a place. */
function arrive(
  come: Float64Array,
  from: Uint8Array,
  best: Float64Array,
  launch: number,
  usd: Usd,
  origin: number,
): void {
  for (let r = launch; r < come.length; r++) {
    const cost = best[r - launch]! + usd;
    if (cost < come[r]!) {
      come[r] = cost;
      from[r] = origin;
    }
  }
}

const BYTES_MAX = 2 ** 31;

function checkSize(ticks: number, states: number, places: number): void {
  const bytes = 3 * ticks * states * places;
  if (bytes <= BYTES_MAX) return;
  throw new ClairvoyantError(
    `the optimum would need ${(bytes / 2 ** 30).toFixed(1)} GiB: ${ticks} ticks, as many times ${states} units of slack, for ${places} regions; lengthen cadence.everyS, or give everyS, restartOverheadS and the seconds of a move a larger common divisor`,
  );
}
