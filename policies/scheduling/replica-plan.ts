import { ClairvoyantError, type Foresight } from "../contract/foresight.ts";
import type { Policy } from "../contract/policy.ts";
import type { MarketId, Seconds, Usd } from "../contract/units.ts";
import { endSurplus, launchReplica, stays } from "./replicas.ts";

/** How many replicas of the one service are held, cold starts included. */
export interface ReplicaPlan {
  readonly tickS: Seconds;
  /** [market][tick] */
  readonly held: readonly ArrayLike<number>[];
}

/** One replica that has to be ready in each tick from the first on, wherever it is held. */
export interface ReplicaProblem {
  /** [market][tick] of one instance; Infinity where there is none. */
  readonly usd: readonly Float64Array[];
  /** It is ready so many ticks after its launch. */
  readonly coldStartTicks: number;
  /** From here on it must be ready; not before coldStartTicks. */
  readonly firstTick: number;
}

/**
 * The cheapest way to have one replica ready in every tick, exactly; undefined when there is none. A replica is launched a cold
 * start before the tick in which it takes over from the last one, and both are paid for meanwhile.
 *
 * Shortest path over (tick, market): staying costs the tick, moving also the ticks of the cold start, which must all be to be had.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.2, Optimal (there an integer program), for one replica.
 * Cost: O(ticks x markets x coldStartTicks).
 * @returns the market that is ready in each tick, from firstTick on, and what it all costs.
 * @example cheapestReplica({ usd: [Float64Array.of(3, 3, 3, 3, 3)], coldStartTicks: 2, firstTick: 2 })?.costUsd // 15
 */
export function cheapestReplica({
  usd,
  coldStartTicks,
  firstTick,
}: ReplicaProblem): { readonly costUsd: Usd; readonly readyOn: readonly MarketId[] } | undefined {
  const markets = usd.length;
  const ticks = usd[0]!.length;
  const costs = new Float64Array(markets).fill(Infinity); // of being ready in each market at the tick
  const from = new Int32Array(ticks * markets); // [tick * markets + market] where it was the tick before
  for (let tick = firstTick; tick < ticks; tick++) {
    const best = leastAt(costs);
    const bestUsd = tick === firstTick ? 0 : costs[best]!;
    for (let market = 0; market < markets; market++) {
      const stay = costs[market]! + usd[market]![tick]!;
      let come = bestUsd;
      for (let held = tick - coldStartTicks; held <= tick; held++) come += usd[market]![held]!;
      from[tick * markets + market] = come < stay ? best : market;
      costs[market] = Math.min(stay, come);
    }
  }
  let market = leastAt(costs);
  const costUsd = costs[market]!;
  if (costUsd === Infinity) return undefined;
  const readyOn = new Array<MarketId>(ticks - firstTick);
  for (let tick = ticks - 1; tick >= firstTick; tick--) {
    readyOn[tick - firstTick] = market as MarketId;
    market = from[tick * markets + market]!;
  }
  return { costUsd, readyOn };
}

function leastAt(costs: Float64Array): number {
  let best = 0;
  for (let market = 1; market < costs.length; market++) if (costs[market]! < costs[best]!) best = market;
  return best;
}

/**
 * The cheapest plan that keeps all wanted replicas of one service ready from the first cold start, or the end of the warm-up, on: so
 * many times that of one replica, since a market that has capacity has it for all of them.
 * @throws ClairvoyantError where it is no optimum: other numbers of replicas over time, several services, capacity for some of the
 * replicas, or a cold start that is not of whole ticks
 */
export function planReplicas(foresight: Foresight): ReplicaPlan {
  const { markets, services, everyS: tickS = 0, launchS, measuredFromS, runEndS } = foresight;
  const [outlook = [], ...others] = services;
  if (outlook.length !== 1 || others.length > 0) {
    throw new ClairvoyantError(
      "the optimum is of one service that always wants the same number of replicas; leave it out",
    );
  }
  if (launchS % tickS !== 0 || runEndS % tickS !== 0) {
    throw new ClairvoyantError(
      `the optimum counts whole ticks of ${tickS} s; a launch takes ${launchS} s, the run ${runEndS} s: make them multiples`,
    );
  }
  const { replicas } = outlook[0]!;
  const ticks = runEndS / tickS;
  const coldStartTicks = launchS / tickS;
  const tickUsd = (market: MarketId, tick: number): Usd => {
    const capacity = foresight.capacityAt(market, tick * tickS);
    if (capacity > 0 && capacity < replicas) {
      throw new ClairvoyantError(
        `the optimum needs room for all ${replicas} replicas or none; ${markets[market]!.zone} has room for ${capacity} at ${tick * tickS} s: set cloud.depth: unlimited, or leave it out`,
      );
    }
    if (capacity === 0) return Infinity;
    const measured = (timeS: Seconds) => Math.max(measuredFromS, timeS);
    return foresight.costUsd(market, measured(tick * tickS), measured((tick + 1) * tickS));
  };
  const usd = markets.map((_, market) =>
    Float64Array.from({ length: ticks }, (_, tick) => tickUsd(market as MarketId, tick)),
  );
  const firstTick = Math.max(coldStartTicks, Math.floor(measuredFromS / tickS));
  const best = cheapestReplica({ usd, coldStartTicks, firstTick });
  if (best === undefined) throw new ClairvoyantError("no plan keeps the replicas ready; add an on-demand market");
  const held = markets.map(() => new Int32Array(ticks));
  for (const [i, market] of best.readyOn.entries()) {
    const since = best.readyOn[i - 1] === market ? 0 : coldStartTicks;
    held[market]!.fill(replicas, firstTick + i - since, firstTick + i + 1);
  }
  return { tickS, held };
}

/** Does what the plan says, for one service: launches what a tick has more, ends the newest where it has less. */
export function replayReplicas({ tickS, held }: ReplicaPlan): Policy<Record<string, never>> {
  return {
    decide(view, act) {
      for (const service of view.work.services) {
        const tick = Math.floor((view.nowS - service.arrivalS) / tickS);
        for (const market of view.markets) {
          const want = held[market.id]![tick] ?? 0;
          const has = service.placements.filter(
            ({ instances: [replica] }) => stays(replica!) && replica!.market.id === market.id,
          );
          for (let count = has.length; count < want; count++) launchReplica(act, service, market, "planned");
          endSurplus(act, has, want, "planned");
        }
      }
    },
  };
}
