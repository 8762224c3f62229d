import type { Layout } from "./latency-profile.ts";
import type { InstanceId, MarketId, Seconds, WorkId } from "./units.ts";
import type {
  InstancePurpose,
  InstanceView,
  MarketView,
  Placement,
  PlacementView,
  ServiceView,
  TaskView,
  WorkView,
} from "./view.ts";

/**
 * How a policy acts: a writer. A wrong action throws `ActionError` in the policy's own stack frame. The view shows the
 * effect at once (a launched instance is "requested", a terminated one is gone); what the provider says arrives later as a
 * fact.
 */
export interface Actions {
  /** Asks the provider for one instance, for work unless it is said otherwise; the grant or refusal is a later fact. */
  launch(market: MarketView, purpose?: InstancePurpose): InstanceView;
  terminate(instance: InstanceView): void;
  /** The instances may still be requested: the work starts when they are ready. */
  place(work: WorkView, placement: Placement): void;
  /** The work stops there: a task or job is pending again, a replica's requests are cut off. */
  release(placement: PlacementView): void;
  /** Takes no new work; what runs may finish. A replica serves on until it is deregistered. */
  drain(instance: InstanceView): void;
  /**
   * These are the service's replicas from now on, N to M, as one migration; one that stands as it stood serves on. Batches of the
   * others go over to the new ones in order, then to idle ones of those that stand, in order; those with most tokens first. What finds no
   * room begins again.
   */
  reparallelize(service: ServiceView, to: readonly Placement[], how: ReparallelizeHow): void;
  /** The service wants so many ready replicas from now on. */
  scale(service: ServiceView, replicas: number): void;
  /** The balancer sends requests to this replica from now on. */
  register(instance: InstanceView): void;
  /** The balancer sends it no more requests; those it has may finish. */
  deregister(instance: InstanceView): void;
  /** Keeps the instance's disk and gives its machine back, unbilled. On-demand only: EC2 stops no one-time spot instance. */
  stop(instance: InstanceView): void;
  /** Opens the next life of a stopped instance. Like a launch, it may be refused; the instance is then stopped as before. */
  start(instance: InstanceView): void;
  /** Stops the work and writes its state through the card of the instance it is on; survives only if written before the reclaim. */
  checkpoint(work: TaskView): void;
  /**
   * What a service has in flight on `from` goes over to `to`, N to M, as one migration. Those of `from` take no more requests by then; they
   * are `drained` once nothing is left there. What is lost with an instance before its turn begins elsewhere: read again after `kv` and
   * `checkpoint`, with the tokens that it had been given. A host whose engines give no caches away restarts instead, and says so.
   * @param to for `kv` alone: ready replicas, of which each request goes to the one with the fewest. Else the router says, as for new requests.
   * @param share of each cache, from its beginning, that comes along; the rest is read again. 0: all of it, at once.
   */
  move(from: readonly PlacementView[], to: readonly PlacementView[], how: MoveHow, share?: number): void;
  /**
   * Ask again then even if nothing changes. Holds until the next ask, which says anew what it wants (a policy that would say
   * "in a minute" at every ask is woken once). Not needed, and ignored, where only a grid asks.
   */
  wakeAt(timeS: Seconds): void;
  /** Why, for the action after it. Kept in traced runs and in the journal, dropped elsewhere, outside the fingerprint. */
  note(why: string): void;
}

/**
 * kv: caches go from card to card, one request after the other; each is answered on where it is until its turn comes. checkpoint: they go to
 * storage, from where whoever takes the request reads it back. restart: at once and without them, from the first token on.
 */
export type MoveHow = "kv" | "checkpoint" | "restart";

/**
 * progressive: caches and weights go from GPU to GPU, and a replica goes on as soon as it has its own. whole: the same, and all go on when
 * all has moved. restart: no batch is kept, and every engine starts anew and reads its weights from storage.
 */
export type ReparallelizeHow = "progressive" | "whole" | "restart";

/** Who decided it. */
export type DecidedBy = "failover" | "policy" | "assignment";

/** An action as recorded: fingerprint, journal, action log, dispatch. Ids only. */
export type Action =
  | { readonly do: "launch"; readonly market: MarketId; readonly instance: InstanceId }
  | {
      readonly do: "terminate" | "drain" | "register" | "deregister" | "stop" | "start";
      readonly instance: InstanceId;
    }
  | {
      readonly do: "place";
      readonly work: WorkId;
      readonly instances: readonly InstanceId[];
      readonly layout?: Layout;
      readonly exclusive: boolean;
      readonly by: DecidedBy;
    }
  | { readonly do: "release"; readonly work: WorkId; readonly instances: readonly InstanceId[] }
  | {
      readonly do: "move";
      readonly work: WorkId;
      /** The instances of each placement. */
      readonly from: readonly (readonly InstanceId[])[];
      readonly to: readonly (readonly InstanceId[])[];
      readonly how: MoveHow;
      readonly share: number;
    }
  | {
      readonly do: "reparallelize";
      readonly work: WorkId;
      readonly to: readonly { readonly instances: readonly InstanceId[]; readonly layout: Layout }[];
      readonly how: ReparallelizeHow;
    }
  | { readonly do: "scale"; readonly work: WorkId; readonly replicas: number }
  | { readonly do: "checkpoint"; readonly work: WorkId };

/** A note, and the position in the ask's actions of the action it explains. */
export interface Note {
  readonly action: number;
  readonly by: DecidedBy;
  readonly why: string;
}
