import type { MoveHow, ReparallelizeHow } from "../../policies/contract/actions.ts";
import type { Facts, JobArrival } from "../../policies/contract/facts.ts";
import type { FleetSpec } from "../../policies/contract/fleet.ts";
import type { ServiceOutlook } from "../../policies/contract/foresight.ts";
import type { Layout } from "../../policies/contract/latency-profile.ts";
import type { Random } from "../../policies/contract/random.ts";
import type { RequestLuck, Router } from "../../policies/contract/routing.ts";
import type { Seconds } from "../../policies/contract/units.ts";
import type { RequestColumns } from "../../traces/requests.ts";
import type { InstanceHooks, SimulatedCloud } from "../cloud.ts";
import type { EventQueue } from "../event-queue.ts";
import type { SimInstance } from "../instance.ts";
import type { BillLines } from "../meter.ts";
import type { Timeline, TimelineWork } from "../simulation.ts";

/** What a run's work is. The world knows no more of it; engine, cloud and meter are the same for all. */
export interface Workload extends InstanceHooks {
  /** Nothing more will arrive and nothing is left to do. */
  readonly finished: boolean;
  /** Jobs with a deadline that arrive; all at 0. */
  readonly jobs: readonly JobArrival[];
  /** How much later than by its deadline a job may be done though its policy did what it could, told what it was. */
  readonly overrunS?: Seconds;
  /** What policies are told is not what is: then nobody can be told the future. */
  readonly isUncertain?: boolean;
  /** Services; all arrive at 0. */
  readonly services: readonly ServiceOutlook[];
  /** What comes before it is warm-up, left out of all metrics but counts of events. */
  readonly measuredFromS: Seconds;
  /** What it takes for granted, as sentences for the record. */
  readonly assumptions: readonly string[];
  /** Who ran where and when; kept in traced runs only. */
  readonly stretches: readonly TimelineWork[];
  /** Of services: how many ready replicas were wanted, from when on; kept in traced runs only. */
  readonly wanted?: NonNullable<Timeline["wanted"]>;
  start(): void;
  /** Tells what asks nobody, before an ask. */
  tell?(nowS: Seconds): void;
  place(work: number, instances: readonly SimInstance[], nowS: Seconds, layout?: Layout): void;
  release(work: number, instances: readonly SimInstance[], nowS: Seconds): void;
  /** So many ready replicas are wanted from now on. Of services only. */
  scale?(replicas: number, nowS: Seconds): void;
  /** The balancer sends requests to this replica, or no more. Of services only. */
  register?(replica: SimInstance, nowS: Seconds): void;
  deregister?(replica: SimInstance, nowS: Seconds): void;
  /** What replicas have in flight goes over to others. Of services only. */
  move?(from: readonly SimInstance[], to: readonly SimInstance[], how: MoveHow, share: number, nowS: Seconds): void;
  /** These are its replicas from now on. Of services only. */
  reparallelize?(to: readonly SimPlacement[], how: ReparallelizeHow, nowS: Seconds): void;
  checkpoint(work: number, nowS: Seconds): void;
  /** An event of its own kinds. */
  handle(kind: number, work: number, seq: number, nowS: Seconds): void;
  /** Stops the clock of the run: what runs stays unfinished, with the work it has done. */
  cut(nowS: Seconds): void;
  /** Its metrics. */
  outcome(): Record<string, number>;
  /** Throws if an account does not close: the run is wrong, whatever it would have said. */
  check(upSlotS: Seconds): void;
}

/** A replica of a service; requests come to the first of its instances. */
export interface SimReplica {
  readonly instances: readonly SimInstance[];
  readonly layout: Layout | undefined;
}

/** One that is cut over their GPUs. */
export interface SimPlacement extends SimReplica {
  readonly layout: Layout;
}

/** What a workload runs in. */
export interface WorkloadWorld {
  readonly fleet: FleetSpec;
  readonly cloud: SimulatedCloud;
  readonly queue: EventQueue;
  readonly ranks: readonly number[];
  readonly facts: Facts;
  readonly random: Random;
  /** What `random` was made from, for what draws by streams of its own. */
  readonly seed: string;
  readonly routing: (luck: RequestLuck) => Router;
  /** Those of the file that the workload names. */
  readonly requests: RequestColumns | undefined;
  /** Told what moves between places; undefined where nobody bills it. */
  readonly transfers: BillLines | undefined;
  /** Nothing arrives from then on. */
  readonly horizonS: Seconds;
  readonly traced: boolean;
}
