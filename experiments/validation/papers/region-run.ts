import type { Scenario } from "../../../policies/contract/scenario.ts";
import { HOUR_S, type Seconds, type Usd, type UsdPerHour } from "../../../policies/contract/units.ts";
import { resolveScenario } from "../../../policies/registry.ts";
import { simulate } from "../../../sim/simulate.ts";
import { type MarketSeries, tableFromSeries } from "../../../traces/columns.ts";
import { regionOf } from "../../../traces/formats/values.ts";

/** A zone in ticks of one length: whether it has spot, what that costs, and what on-demand does. */
export interface ZoneTicks {
  readonly zone: string;
  readonly tickS: Seconds;
  readonly available: readonly number[];
  readonly usdPerHour: readonly UsdPerHour[];
  readonly onDemandUsdPerHour: UsdPerHour;
}

/** A job as SkyNomad's artifact sets it up. */
export interface RegionJob {
  readonly startTick: number;
  readonly workS: Seconds;
  readonly deadlineS: Seconds;
  readonly restartOverheadS: Seconds;
  readonly stateGib: number;
}

export interface RegionRun {
  readonly costUsd: Usd;
  /** Of what was up in the last tick. */
  readonly lastTickUsd: Usd;
  readonly completed: boolean;
}

/** One run in SkyNomad's ticks. @param told what zones would grant, as Can't Be Late's own policies need it */
export function regionRun(
  zones: readonly ZoneTicks[],
  job: RegionJob,
  scenario: Pick<Scenario, "scheduling" | "wrappers">,
  told = false,
): RegionRun {
  const { tickS } = zones[0]!;
  const { workS, deadlineS, restartOverheadS, stateGib } = job;
  const table = tableFromSeries(
    zones.flatMap((zone) => marketsOf(zone, job.startTick)),
    { digest: "", endS: (zones[0]!.available.length - job.startTick) * tickS },
  );
  const regions = [...new Set(zones.map(({ zone }) => regionOf(zone)))];
  const { metrics, timeline } = simulate(
    {
      table,
      horizonS: Math.floor(deadlineS / tickS) * tickS,
      workload: {
        model: "deadline-job",
        params: {
          workH: workS / HOUR_S,
          deadlineH: deadlineS / HOUR_S,
          restartOverheadS,
          ...(stateGib > 0 && { moves: { stateGib } }),
        },
      },
      cloud: {
        profile: "skynomad-tick",
        interruptions: { model: "capacity" },
        visibility: told ? "told" : "tried",
        depth: "observed",
        slotsPerInstance: 1,
        instanceTypes: { [INSTANCE_TYPE]: { gpuMemoryMiB: 1, networkMiBPerS: 1 } },
        bill: { transfer: { betweenZonesUsdPerGib: 0, betweenRegionsUsdPerGib: egressOf(regions) } },
      },
      cadence: { onChange: false, everyS: tickS },
      seed: "",
      traced: true,
    },
    resolveScenario({ ...scenario, assignment: "earliest-node" }),
  );
  const last = timeline!.instances
    .filter(({ endedBy }) => endedBy !== "refused")
    .reduce((latest, each) => (each.endS >= latest.endS ? each : latest));
  return {
    costUsd: metrics.costUsd!,
    lastTickUsd: table.costUsd(last.market, last.endS - tickS, last.endS),
    completed: metrics.completedShare === 1,
  };
}

const INSTANCE_TYPE = "any";

function marketsOf({ zone, tickS, available, usdPerHour, onDemandUsdPerHour }: ZoneTicks, startTick: number) {
  const market = { instanceType: INSTANCE_TYPE, region: regionOf(zone), zone };
  const capacity = stepsOf(available.slice(startTick), tickS);
  const price = stepsOf(usdPerHour.slice(startTick), tickS);
  const spot: MarketSeries = {
    market: { ...market, capacityType: "spot" },
    price: { timesS: price.timesS, usdPerHour: price.values },
    capacity: { timesS: capacity.timesS, counts: capacity.values },
    depth: { kind: "observed", instances: 1 },
    gapS: tickS,
  };
  const onDemand: MarketSeries = {
    market: { ...market, capacityType: "onDemand" },
    price: { timesS: [0], usdPerHour: [onDemandUsdPerHour] },
    depth: { kind: "unlimited", instances: 0 },
    gapS: 0,
  };
  return [spot, onDemand];
}

function stepsOf(ticks: readonly number[], tickS: Seconds) {
  const changes = [...ticks.keys()].filter((tick) => tick === 0 || ticks[tick] !== ticks[tick - 1]);
  return { timesS: changes.map((tick) => tick * tickS), values: changes.map((tick) => ticks[tick]!) };
}

/**
 * Its prices of a GiB: 2 cents between any two regions, a cent between us-east-1 and us-east-2. It knows AWS's regions by their names; all
 * of Google's cost as much, also out of Asia.
 */
function egressOf(regions: readonly string[]) {
  const near = ["us-east-1", "us-east-2"];
  return Object.fromEntries(
    regions.map((from) => [
      from,
      Object.fromEntries(regions.map((to) => [to, near.includes(from) && near.includes(to) ? 0.01 : 0.02])),
    ]),
  );
}
