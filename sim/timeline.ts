import type { Action, Note } from "../policies/contract/actions.ts";
import type { InstanceId, Seconds } from "../policies/contract/units.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import type { LedgerRow } from "./meter.ts";
import type { SimulationInput, Timeline, TimelineInstance } from "./simulation.ts";
import type { SimWorld } from "./world.ts";

/** What was decided in one ask of a traced run. */
export interface AskLog {
  readonly timeS: Seconds;
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
}

/** A market as people name it: type, zone, and how it is bought. */
export const marketName = ({ instanceType, zone, capacityType }: TraceTable["markets"][number]): string =>
  `${instanceType} ${zone} ${capacityType === "spot" ? "spot" : "on-demand"}`;

/**
 * The picture of a finished run, from what the world recorded on the way.
 * @param spares instances that were kept to stand in
 */
export function timelineOf(
  input: SimulationInput,
  world: SimWorld,
  { log, spares }: { readonly log: readonly AskLog[]; readonly spares: ReadonlySet<InstanceId> },
  endS: Seconds,
): Timeline {
  const { table, cloud } = input;
  const prices: Timeline["prices"][number][] = [];
  const capacity: Timeline["capacity"][number][] = [];
  for (let market = 0; market < table.markets.length; market++) {
    for (let timeS = 0; timeS < endS; timeS = table.nextPriceChangeS(market, timeS)) {
      prices.push({ market, timeS, usdPerHour: table.priceUsdPerHourAt(market, timeS) });
    }
    const bound = cloud.interruptions.model === "capacity";
    for (let timeS = 0; timeS < endS; timeS = bound ? table.nextCapacityChangeS(market, timeS) : Infinity) {
      const count = bound ? table.capacityAt(market, timeS) : Infinity;
      capacity.push({ market, timeS, count: Number.isFinite(count) ? count : null });
    }
  }
  // One bill for each life of an instance that ran, in order.
  const bills = new Map<InstanceId, LedgerRow[]>();
  for (const row of world.meter.ledger ?? []) bills.set(row.instance, [...(bills.get(row.instance) ?? []), row]);
  const instances: TimelineInstance[] = world.cloud.past.map((instance) => ({
    id: instance.id,
    market: instance.market,
    requestedS: instance.requestedS,
    runningS: instance.runningS < 0 ? null : instance.runningS,
    readyS: instance.readyS < 0 ? null : instance.readyS,
    noticeS: instance.noticeS < 0 ? null : instance.noticeS,
    endS: instance.endS,
    endedBy: instance.endedBy,
    ...(spares.has(instance.id) && { spare: true as const }),
    usd: instance.runningS < 0 ? 0 : bills.get(instance.id)!.shift()!.usd,
  }));
  return {
    endS,
    markets: table.markets.map((market) => ({ name: marketName(market), capacityType: market.capacityType })),
    prices,
    capacity,
    instances: instances.sort((a, b) => a.id - b.id),
    work: world.workload.stretches,
    ...(world.workload.wanted && { wanted: world.workload.wanted }),
    asks: log.map(({ timeS, actions, notes }) => ({
      timeS,
      actions: actions.map((action) => describe(action, table)),
      notes,
    })),
  };
}

function describe(action: Action, table: TraceTable): string {
  switch (action.do) {
    case "launch":
      return `launch instance ${action.instance} on ${marketName(table.markets[action.market]!)}`;
    case "terminate":
    case "drain":
    case "register":
    case "deregister":
    case "stop":
    case "start":
      return `${action.do} instance ${action.instance}`;
    case "place":
      return `place task ${action.work} on instance ${action.instances.join(", ")}${action.exclusive ? " alone" : ""}`;
    case "release":
      return `release task ${action.work} from instance ${action.instances.join(", ")}`;
    case "move": {
      const list = (placements: typeof action.from) => placements.map((ids) => ids.join(" + ")).join(", ");
      const to = action.to.length === 0 ? "" : ` to instance ${list(action.to)}`;
      const share = action.share === 1 ? "" : `, ${Math.round(100 * action.share)} % of each cache`;
      return `move task ${action.work} from instance ${list(action.from)}${to} by ${action.how}${share}`;
    }
    case "reparallelize":
      return `reparallelize service ${action.work} over ${action.to
        .map(
          ({ instances, layout: { pipeline, tensor } }) =>
            `${pipeline} x ${tensor} on instances ${instances.join(", ")}`,
        )
        .join("; ")} (${action.how})`;
    case "scale":
      return `scale service ${action.work} to ${action.replicas} replicas`;
    case "checkpoint":
      return `checkpoint task ${action.work}`;
  }
}
