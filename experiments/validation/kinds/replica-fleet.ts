import { z } from "zod";
import type { AnyPolicySpec } from "../../../policies/contract/policy.ts";
import type { Seconds } from "../../../policies/contract/units.ts";
import { resolveScenario } from "../../../policies/registry.ts";
import { simulate } from "../../../sim/simulate.ts";
import type { SimulationResult, Timeline } from "../../../sim/simulation.ts";
import { type MarketSeries, tableFromSeries } from "../../../traces/columns.ts";
import type { TraceTable } from "../../../traces/trace-table.ts";
import type { ZoneSamples } from "./zones.ts";

export const TICK_S = 30;
/** So that a tick on spot comes to one. */
const SPOT_USD_PER_HOUR = 3600 / TICK_S;
const INSTANCE_TYPE = "any";

const count = z.int().nonnegative();

/** Of one replica service in ticks: N wanted, E more, cold start of d ticks, on-demand at k times the price of spot. */
export const fleetParams = z.object({
  N: count.min(1),
  E: count.default(0),
  d: count,
  k: z.number().positive().default(1),
  baseOd: count.default(0),
  rebalance: z.enum(["paper", "ae"]).default("paper"),
  pick: z.enum(["first", "fewest"]).default("first"),
  fallback: z.boolean().default(true),
});
export type FleetParams = z.infer<typeof fleetParams>;

type Scheduling = (params: FleetParams, zones: number) => { readonly name: string; readonly params: object };

/** What target files call the policies, and what they are here. */
const POLICIES = {
  od: ({ E }) => ({ name: "on-demand-only", params: { extraReplicas: E } }),
  even: ({ E, baseOd }) =>
    baseOd === 0
      ? { name: "even-spread", params: { extraReplicas: E } }
      : {
          name: "static-mixture",
          params: { extraReplicas: E, onDemandBase: baseOd, onDemandPercentAboveBase: 0 },
        },
  rr: ({ E, baseOd }) => ({ name: "round-robin", params: { extraReplicas: E, onDemandBase: baseOd } }),
  hedge: ({ E, baseOd, rebalance, pick, fallback }, zones) => ({
    name: "spot-hedge",
    params: {
      extraReplicas: E,
      onDemandBase: baseOd,
      fallback,
      // Fewer than two left; the authors' simulator with three zones: none left, with two: never.
      activeZonesMin: rebalance === "paper" ? 2 : Math.max(0, Math.min(2, zones - 2)),
      // All zones have one price here, so the cheapest is the first.
      pick: pick === "first" ? "cheapest" : "fewest",
    },
  }),
} satisfies Readonly<Record<string, Scheduling>>;

export type FleetPolicy = keyof typeof POLICIES;
export const fleetPolicies = Object.keys(POLICIES) as FleetPolicy[];

/** Capacity tick by tick, for so many ticks from an offset on; a zone begins anew at its own end. */
export const ticksOf = (
  { counts }: ZoneSamples,
  {
    ticksPerSample,
    offset,
    ticks,
  }: { readonly ticksPerSample: number; readonly offset: number; readonly ticks: number },
): number[] =>
  Array.from(
    { length: ticks },
    (_, tick) => counts[Math.floor(((offset + tick) % (counts.length * ticksPerSample)) / ticksPerSample)]!,
  );

export interface TickFleet {
  /** [zone][tick] */
  readonly capacity: readonly (readonly number[])[];
  /** Any capacity is as much as anybody wants. */
  readonly unlimited: boolean;
  readonly params: FleetParams;
}

/** One run of a service under the timing profile skyserve-tick, through the engine. @param around sees what the policy remembers. */
export function runFleet(
  fleet: TickFleet,
  policy: FleetPolicy,
  around = (spec: AnyPolicySpec): AnyPolicySpec => spec,
): SimulationResult & { readonly timeline: Timeline } {
  const scheduling = POLICIES[policy](fleet.params, fleet.capacity.length);
  const decisions = resolveScenario({ scheduling, assignment: "earliest-node" });
  return simulateFleet(fleet, { ...decisions, scheduling: around(decisions.scheduling) }, fleet.params.d * TICK_S);
}

/** @param warmupS is left out of metrics. */
export function simulateFleet(
  { capacity, unlimited, params: { N, d, k } }: TickFleet,
  decisions: Parameters<typeof simulate>[1],
  warmupS: Seconds,
): SimulationResult & { readonly timeline: Timeline } {
  const constant = (value: number) => ({ kind: "constant", value }) as const;
  const table = tableOf(capacity, k);
  const result = simulate(
    {
      table,
      horizonS: table.endS,
      workload: { model: "serving", params: { replicas: N, warmupS } },
      cloud: {
        profile: "skyserve-tick",
        launchS: { boot: constant(0), imagePull: constant(0), engineStart: constant(d * TICK_S) },
        interruptions: { model: "capacity" },
        visibility: "tried",
        depth: unlimited ? "unlimited" : "observed",
        slotsPerInstance: 1,
        instanceTypes: { [INSTANCE_TYPE]: { gpuMemoryMiB: 1, networkMiBPerS: 1 } },
      },
      cadence: { onChange: false, everyS: TICK_S },
      seed: "",
      traced: true,
    },
    decisions,
  );
  return { ...result, timeline: result.timeline! };
}

/** A spot market a zone, in order, then one on-demand market. */
function tableOf(capacity: TickFleet["capacity"], k: number): TraceTable {
  const ticks = capacity[0]!.length;
  const market = (zone: string, capacityType: "spot" | "onDemand", usdPerHour: number) => ({
    market: { instanceType: INSTANCE_TYPE, region: "any", zone, capacityType },
    price: { timesS: [0], usdPerHour: [usdPerHour] },
    gapS: 0,
  });
  const spot = capacity.map((counts, zone): MarketSeries => {
    const changes = [...counts.keys()].filter((tick) => tick === 0 || counts[tick] !== counts[tick - 1]);
    return {
      ...market(`zone-${zone}`, "spot", SPOT_USD_PER_HOUR),
      capacity: { timesS: changes.map((tick) => tick * TICK_S), counts: changes.map((tick) => counts[tick]!) },
      depth: { kind: "observed", instances: counts.reduce((most, each) => Math.max(most, each), 0) },
    };
  });
  const onDemand = market("any", "onDemand", k * SPOT_USD_PER_HOUR);
  return tableFromSeries([...spot, { ...onDemand, depth: { kind: "unlimited", instances: 0 } }], {
    digest: "",
    endS: ticks * TICK_S,
  });
}

/** Replicas tick by tick, as counts. */
export interface FleetTicks {
  /** [market][tick] held, the cold start included; the last market is on-demand. */
  readonly held: readonly (readonly number[])[];
  /** [market][tick] */
  readonly ready: readonly (readonly number[])[];
  /** [market][tick] launches asked for. */
  readonly asked: readonly (readonly number[])[];
}

/** Counts the run's log. */
export function fleetTicks({ endS, markets, instances, work }: Timeline): FleetTicks {
  const ticks = endS / TICK_S;
  const zeros = () => markets.map(() => new Array<number>(ticks).fill(0));
  const [held, ready, asked] = [zeros(), zeros(), zeros()];
  const add = (counts: number[], fromS: Seconds, toS: Seconds) => {
    for (let tick = fromS / TICK_S; tick < toS / TICK_S; tick++) counts[tick]!++;
  };
  for (const { market, requestedS, runningS, endS } of instances) {
    asked[market]![requestedS / TICK_S]!++;
    if (runningS !== null) add(held[market]!, runningS, endS);
  }
  const marketOf = new Map(instances.map(({ id, market }) => [id, market]));
  for (const { instance, fromS, toS } of work) add(ready[marketOf.get(instance)!]!, fromS, toS);
  return { held, ready, asked };
}

/** @example sumsOf([[1, 2], [3, 4]]) // [4, 6] */
export const sumsOf = (rows: readonly (readonly number[])[]): number[] =>
  rows.reduce<number[]>((sums, row) => row.map((each, i) => each + (sums[i] ?? 0)), []);

export const total = (row: readonly number[]): number => row.reduce((sum, each) => sum + each, 0);
