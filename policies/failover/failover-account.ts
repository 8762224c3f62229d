import type { FailoverTally } from "../contract/failover.ts";
import type { InstanceId, Seconds, WorkId } from "../contract/units.ts";
import type { FleetView, ServiceView } from "../contract/view.ts";
import { replicasThat, serves } from "./replicas-of.ts";

// Which failovers there are and how each ends. Nothing is decided by it.

/** A replica that the service lost or is about to lose. */
type OpenFailover = {
  service: WorkId;
  /** null: it was gone before anybody knew. */
  instance: InstanceId | null;
  sinceS: Seconds;
  /** When it stopped taking requests; null while it does. */
  goneS: Seconds | null;
  /** The service has enough replicas again; kept until the replica is gone, so that it is not lost twice. */
  over: boolean;
};

/** One JSON value, kept by the host beside the policy's memory. */
export type FailoverMemory = {
  open: OpenFailover[];
  /** Losses without a notice that have been looked at, by service. */
  unnoticed: { [service: string]: number };
  tally: FailoverTally;
};

export const failoverStart = (): FailoverMemory => ({
  open: [],
  unnoticed: {},
  tally: { begun: 0, covered: 0, inTime: 0, late: 0, notReplaced: 0, gapS: 0, drained: 0, cutShort: 0 },
});

/** A service that had no replica to take over for so long after a loss is not failing over any more, it is short. */
const GIVE_UP_S = 600;

/** Enters replicas that are newly lost or about to be. */
export function begin(view: FleetView, service: ServiceView, { open, unnoticed, tally }: FailoverMemory): void {
  const add = (instance: InstanceId | null) => {
    tally.begun++;
    open.push({
      service: service.id,
      instance,
      sinceS: view.nowS,
      goneS: instance === null ? view.nowS : null,
      over: false,
    });
  };
  for (const { instances } of service.placements) {
    const { id, purpose, status, reclaimS, draining, rebalanceS } = instances[0]!;
    const isLost = reclaimS !== undefined || (draining && rebalanceS !== undefined);
    if (isLost && status === "ready" && purpose === "work" && !open.some(({ instance }) => instance === id)) add(id);
  }
  const seen = unnoticed[service.id] ?? 0;
  for (let lost = seen; lost < service.lostUnnoticed; lost++) add(null);
  if (service.lostUnnoticed > seen) unnoticed[service.id] = service.lostUnnoticed;
}

/** Names those that are over. Replicas are alike, so the oldest is over first. */
export function judge(view: FleetView, service: ServiceView, memory: FailoverMemory): void {
  const { nowS } = view;
  const { tally } = memory;
  const open = memory.open.filter((each) => each.service === service.id);
  const replicaOf = ({ instance }: OpenFailover) =>
    service.placements.find(({ instances }) => instances[0]!.id === instance)?.instances[0];
  for (const each of open) {
    const replica = replicaOf(each);
    if (replica === undefined || replica.deregisteredS !== undefined) each.goneS ??= nowS;
  }
  const lasting = open.filter(({ over }) => !over);
  const missing = Math.max(0, service.replicasWanted - replicasThat(service, serves));
  for (const [i, each] of lasting.entries()) {
    const { sinceS, goneS } = each;
    if (i < lasting.length - missing) {
      each.over = true;
      tally[sinceS === nowS ? "covered" : goneS === null || goneS === nowS ? "inTime" : "late"]++;
      tally.gapS += nowS - (goneS ?? nowS);
    } else if (goneS !== null && nowS - goneS >= GIVE_UP_S) {
      each.over = true;
      tally.notReplaced++;
    }
  }
  memory.open = memory.open.filter(
    (each) => each.service !== service.id || !each.over || replicaOf(each) !== undefined,
  );
}
