import { z } from "zod";
import { blockedUntilS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import { definePolicy, defineWrapper } from "../contract/policy.ts";
import type { CapacityType, FleetView, InstanceView, MarketView } from "../contract/view.ts";
import { cheapestMarket } from "../scheduling/launching.ts";
import { marketOver } from "./market-over.ts";

/** After a refusal or a reclaim another market is asked for the spare first. */
const RETRY_S = 180;

/** A pool of spares for the failover of services: it only keeps them; who stands in when, the failover decides. */
export const withStandby = defineWrapper({
  name: "with-standby",
  summary:
    "Keeps spares for a service: warm on spot, stopped on-demand. They stand in while ready replicas are lacking.",
  source: "Synkti, standby pool (planned there); EC2 Auto Scaling, warm pools",
  details: [
    "A spare stands in from the moment that a replica is under notice, lost, or not there yet, until the policy's own replica is ready; then it goes back. The policy inside sees neither spares nor what stands in.",
    "A warm spare is billed all the time and takes over at once. A stopped one is on-demand, since a one-time spot instance cannot be stopped: it is billed for its disk, and while it stands in; it takes over after a boot and the start of its engine. Each is launched once and stopped when it is ready.",
    "A spare goes to the cheapest zone that holds no other instance, if there is one, and has neither refused nor reclaimed for three minutes; one under notice is replaced.",
  ],
  params: z.strictObject({
    warmSpot: z.int().min(0).default(1).describe("spot instances that are ready and wait"),
    stoppedOnDemand: z.int().min(0).default(0).describe("on-demand instances that are stopped and wait"),
  }),
  wrap: (inner, { warmSpot, stoppedOnDemand }) =>
    definePolicy({
      ...inner,
      name: `with-standby(${inner.name})`,
      summary: `${inner.summary} Keeps ${warmSpot} warm and ${stoppedOnDemand} stopped spares for a service.`,
      memory: (params, luck) => ({ own: null, inner: inner.memory(params, luck) }),
      create: (params, ...foresight) => {
        const policy = inner.create(params, ...foresight);
        return {
          decide(view, act, memory) {
            if (view.work.services.length === 0 && view.instances.spares.length === 0) {
              policy.decide(view, act, memory.inner);
              return;
            }
            policy.decide(withoutSpares(view), act, memory.inner);
            const isOver = view.work.services.length === 0;
            keep(view, act, "spot", isOver ? 0 : warmSpot);
            keep(view, act, "onDemand", isOver ? 0 : stoppedOnDemand);
            for (const spare of view.instances.spares) if (isToStop(spare)) stop(act, spare);
          },
        };
      },
    }),
});

const spareOf = (view: FleetView, kind: CapacityType): readonly InstanceView[] =>
  view.instances.spares.filter((spare) => spare.market.capacityType === kind && spare.reclaimS === undefined);

function keep(view: FleetView, act: Actions, kind: CapacityType, wanted: number): void {
  const spares = spareOf(view, kind);
  for (let held = spares.length; held < wanted; held++) {
    const market = marketFor(view, kind);
    if (market === undefined) {
      act.wakeAt(view.nowS + RETRY_S);
      return;
    }
    act.note("short of spares");
    act.launch(market, "spare");
  }
  for (const spare of spares.slice(wanted)) {
    if (spare.status === "requested" || spare.placements.length > 0) continue;
    act.note("more spares than wanted");
    act.terminate(spare);
  }
}

/** The cheapest in a zone that holds no other instance, so that what takes a replica leaves its spare; else the cheapest. */
function marketFor(view: FleetView, kind: CapacityType): MarketView | undefined {
  const isOpen = (market: MarketView) => blockedUntilS(market, RETRY_S) <= view.nowS;
  const isEmpty = ({ region, zone }: MarketView) =>
    view.markets.every((each) => each.held === 0 || each.zone !== zone || each.region !== region);
  return (
    cheapestMarket(view, kind, 0, (market) => isOpen(market) && isEmpty(market)) ??
    cheapestMarket(view, kind, 0, isOpen)
  );
}

const isToStop = ({ market, status, placements }: InstanceView): boolean =>
  market.capacityType === "onDemand" && status === "ready" && placements.length === 0;

function stop(act: Actions, spare: InstanceView): void {
  act.note("a spare waits stopped");
  act.stop(spare);
}

const isSpare = ({ purpose }: InstanceView): boolean => purpose === "spare";

/** As if there were none. What stands in is no replica of the policy's; how many it wants stays as it is. */
function withoutSpares(view: FleetView): FleetView {
  const { instances, work } = view;
  const held = (market: { readonly id: number }, unanswered: boolean) =>
    instances.spares.filter(
      (spare) =>
        spare.market.id === market.id && (unanswered ? spare.status === "requested" : spare.status !== "stopped"),
    ).length;
  return {
    nowS: view.nowS,
    everyS: view.everyS,
    instances: {
      get idle() {
        return instances.idle;
      },
      get withRoom() {
        return instances.withRoom;
      },
      get noticed() {
        return instances.noticed.filter((each) => !isSpare(each));
      },
      get probes() {
        return instances.probes;
      },
      spares: [],
    },
    work: {
      get pending() {
        return work.pending;
      },
      jobs: work.jobs,
      services: work.services.map((service) => ({
        ...service,
        get placements() {
          return service.placements.filter((replica) => !isSpare(replica.instances[0]!));
        },
      })),
    },
    markets: view.markets.map((market) =>
      instances.spares.some((spare) => spare.market.id === market.id)
        ? marketOver(market, {
            held: () => market.held - held(market, false),
            unanswered: () => market.unanswered - held(market, true),
          })
        : market,
    ),
  };
}
