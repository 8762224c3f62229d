import type { InstanceId, MarketId, Seconds } from "../policies/contract/units.ts";
import { NONE } from "../policies/state/lists.ts";
import type { SimJob } from "./workloads/deadline-job.ts";
import type { SimTask } from "./workloads/tasks.ts";
import type { SimReplica } from "./workloads/workload.ts";

export const PHASE = { requested: 0, pending: 1, running: 2, ready: 3, ended: 4, stopped: 5 } as const;

/** An instance as it truly is: what the cloud and the workload know, not what the policy has been told. */
export class SimInstance {
  readonly id: InstanceId;
  readonly market: MarketId;
  /** Of its present life. */
  requestedS: Seconds = 0;
  phase: number = PHASE.requested;
  /** Rank among the market's instances from grant to end: whose hazard clock it lives under. */
  slot = -1;
  /** Its place in the market's list of held instances. */
  heldAt = -1;
  grantedS = -1;
  /** Since when it has its volume, which holds image and weights once it was stopped. */
  volumeS = -1;
  startsWarm = false;
  runningS = -1;
  readyS = -1;
  /** The market has no room for it any more: a recommendation or notice has gone out. */
  doomed = false;
  noticeS = -1;
  reclaimS = Infinity;
  endS = Infinity;
  endedBy: "terminated" | "reclaimed" | "refused" | "stopped" | "cut" = "cut";
  /** Sequence numbers of the events it waits for; an event with another number was cancelled. */
  stepSeq = -1;
  hazardSeq = -1;
  // The workload's part.
  tasks: readonly SimTask[] = NONE;
  job: SimJob | undefined = undefined;
  /** The replica of a service that it is, or is a part of. */
  replica: SimReplica | undefined = undefined;
  statesHeld: readonly SimTask[] = NONE;
  /** When its one network card has sent all that was queued on it. */
  cardFreeS = 0;
  /** When it has taken in all that was sent to it; it does both at a time. */
  cardTakesFromS = 0;
  warmModels: readonly string[] = NONE;
  idleSinceS = 0;

  constructor(id: InstanceId, market: MarketId, requestedS: Seconds) {
    this.id = id;
    this.market = market;
    this.requestedS = requestedS;
  }

  /** Nothing is placed on it. */
  get isIdle(): boolean {
    return this.tasks.length === 0 && this.job === undefined && this.replica === undefined;
  }
}
