import { blockedUntilS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import type { Assignable, FleetView, InstanceView, PlacementView, ServiceView } from "../contract/view.ts";
import { isGoing, replicasThat, serves } from "./replicas-of.ts";

/** Who takes over what is lacking: the scenario's assignment strategy. */
export type StandIns = (
  lacking: readonly Assignable[],
  spares: readonly InstanceView[],
  pair: (spare: InstanceView) => void,
) => void;

/** A spare whose start was refused is not asked again for so long: as a capacity memory does with launches. */
const START_AGAIN_S = 180;

/** As many spares stand in as ready replicas are lacking. */
export function balanceStandIns(view: FleetView, act: Actions, service: ServiceView, standIns: StandIns): void {
  if (service.model !== undefined) return; // a spare is one instance, and a replica is cut over several
  const own = replicasThat(service, (replica) => replica.purpose === "work" && serves(replica));
  const standing = service.placements.filter(
    ({ instances: [replica] }) => replica!.purpose === "spare" && !isGoing(replica!),
  );
  const surplus = standing.length - Math.max(0, service.replicasWanted - own);
  if (surplus > 0) {
    // What costs most by standing in goes back first.
    const dearest = standing.toSorted(
      ({ instances: [a] }, { instances: [b] }) => startCost(b!) - startCost(a!) || b!.id - a!.id,
    );
    for (const replica of dearest.slice(0, surplus)) sendBack(act, replica);
  } else if (surplus < 0) {
    const spares = view.instances.spares.filter((spare) => isFree(spare) && mayStart(view, act, spare));
    if (spares.length === 0) return;
    const lacking = Array.from({ length: -surplus }, (_, i) => lackingReplica(service, i));
    standIns(lacking, spares, (spare) => {
      if (spare.status === "stopped") {
        act.note("to stand in for a replica that is lacking");
        act.start(spare);
      }
      act.note("stands in for a replica that is lacking");
      act.place(service, { instances: [spare], exclusive: true });
    });
  }
}

/** A warm spare is paid for anyway. */
const startCost = ({ market }: InstanceView): number => (market.capacityType === "onDemand" ? 1 : 0);

const isFree = (spare: InstanceView): boolean => spare.placements.length === 0 && !isGoing(spare);

function mayStart(view: FleetView, act: Actions, spare: InstanceView): boolean {
  if (spare.status !== "stopped") return true;
  const { market } = spare;
  const untilS = blockedUntilS(market, START_AGAIN_S);
  if (untilS > view.nowS && untilS < Infinity) act.wakeAt(untilS);
  return untilS <= view.nowS && market.refusal?.timeS !== view.nowS;
}

/** A replica that is lacking, as an assignment strategy sees work. It has no state to bring along. */
const lackingReplica = (service: ServiceView, k: number): Assignable => ({
  id: service.id,
  memoryMiB: 0,
  model: undefined,
  weightsMiB: 0,
  keptS: 0,
  stateMiB: 0,
  stateOn: undefined,
  timesPlaced: service.reclaims + k,
});

function sendBack(act: Actions, standIn: PlacementView): void {
  const spare = standIn.instances[0]!;
  act.note("enough replicas without it");
  if (spare.registered) act.deregister(spare);
  else act.release(standIn);
}
