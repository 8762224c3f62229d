import { z } from "zod";
import type { Actions } from "../contract/actions.ts";
import type { FleetView, InstanceView, MarketView, PlacementView, ServiceView } from "../contract/view.ts";
import { isGoing } from "../failover/replicas-of.ts";
import { cheapestOnDemand, endIdle, mayAsk } from "./launching.ts";

/** Replicas of each kind that a service shall have; below zero is none. */
export interface Mix {
  readonly spot: number;
  readonly onDemand: number;
}

/** The parameter of every policy that can keep more replicas than are wanted. */
export const extraReplicas = z
  .int()
  .min(0)
  .default(0)
  .describe("replicas kept beyond those wanted, against the next reclaim (Nextra)");

/** The parameter of every policy that can mix in on-demand. */
export const onDemandBase = z.int().min(0).default(0).describe("replicas that are always on-demand");

/**
 * Which spot market gets the next replica, as a position in `zones`; undefined: none now.
 * @param planned replicas that each has or is asked for.
 */
export type ZoneChoice = (zones: readonly MarketView[], planned: readonly number[]) => number | undefined;

/** Spot markets stand for the zones of the papers: one a zone where a service uses one instance type. */
export const spotZones = ({ markets }: FleetView): readonly MarketView[] =>
  markets.filter(({ capacityType }) => capacityType === "spot");

/** The emptiest of those that may be asked. Ties go to the lower id. */
export const emptiest =
  (view: FleetView): ZoneChoice =>
  (zones, planned) =>
    leastOf(zones.keys(), (z) => (mayAsk(view, zones[z]!) ? planned[z]! : Infinity));

/** The one of least cost, which is not infinite; the first of several. */
export function leastOf(candidates: Iterable<number>, costOf: (z: number) => number): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  for (const z of candidates) {
    const cost = costOf(z);
    if (cost < least) {
      best = z;
      least = cost;
    }
  }
  return best;
}

/** Those under notice or to be given up count as gone, and a spare only stands in. */
export const stays = (replica: InstanceView): boolean => replica.purpose === "work" && !isGoing(replica);

/** How many replicas that stay, requested ones included, each zone holds. */
export function plannedIn(zones: readonly MarketView[], services: readonly ServiceView[]): number[] {
  const planned = zones.map(() => 0);
  for (const service of services) {
    for (const { instances } of service.placements) {
      const replica = instances[0]!;
      const z = stays(replica) ? zones.findIndex(({ id }) => id === replica.market.id) : -1;
      if (z >= 0) planned[z]!++;
    }
  }
  return planned;
}

/** Spot replicas that serve now, those under notice among them. */
export const readySpot = ({ placements }: ServiceView): number =>
  placements.filter(
    ({ instances: [replica] }) =>
      replica!.purpose === "work" && replica!.market.capacityType === "spot" && replica!.status === "ready",
  ).length;

/** Asks a rule for each service how many replicas of each kind it shall have, and keeps it to that; ends what serves nobody. */
export function keepServices(
  view: FleetView,
  act: Actions,
  choose: ZoneChoice,
  mixOf: (service: ServiceView) => Mix,
): void {
  for (const service of view.work.services) keepReplicas(view, act, service, mixOf(service), choose);
  endIdle(view, act);
}

const SURPLUS = "more replicas than needed";

function keepReplicas(view: FleetView, act: Actions, service: ServiceView, mix: Mix, choose: ZoneChoice): void {
  const zones = spotZones(view);
  const staying = service.placements.filter(({ instances }) => stays(instances[0]!));
  const ofKind = (kind: string) => staying.filter(({ instances }) => instances[0]!.market.capacityType === kind);
  const spot = ofKind("spot");
  const onDemand = ofKind("onDemand");
  const planned = plannedIn(zones, [service]);
  for (let held = spot.length; held < mix.spot; held++) {
    const z = choose(zones, planned);
    if (z === undefined) break;
    planned[z]!++;
    launchReplica(act, service, zones[z]!, "short of spot replicas");
  }
  for (let held = onDemand.length; held < mix.onDemand; held++) {
    const market = cheapestOnDemand(view, 0);
    if (market === undefined) break;
    launchReplica(act, service, market, "short of on-demand replicas");
  }
  endSurplus(act, spot, mix.spot, SURPLUS);
  endSurplus(act, onDemand, mix.onDemand, SURPLUS);
}

export function launchReplica(act: Actions, service: ServiceView, market: MarketView, why: string): void {
  act.note(why);
  const instance = act.launch(market);
  act.note(why);
  act.place(service, { instances: [instance], exclusive: true });
}

/**
 * Those that are not ready first, then the newest: what has cost least to get. A launch cannot be taken back before its answer; what
 * may have requests is drained, and ended by the failover.
 */
export function endSurplus(act: Actions, replicas: readonly PlacementView[], keep: number, why: string): void {
  if (replicas.length <= keep) return;
  const instances = replicas.map((replica) => replica.instances[0]!);
  const isReady = (status: string) => (status === "ready" ? 1 : 0);
  instances.sort((a, b) => isReady(a.status) - isReady(b.status) || b.id - a.id);
  for (const instance of instances.slice(0, instances.length - Math.max(0, keep))) {
    if (instance.status === "requested") continue;
    act.note(why);
    if (instance.status === "ready") act.drain(instance);
    else act.terminate(instance);
  }
}
