import { z } from "zod";
import { blockedUntilS, nextUnblockedS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import { definePolicy } from "../contract/policy.ts";
import type { MiB, Seconds } from "../contract/units.ts";
import type { CapacityType, FleetView, MarketView, ServiceView } from "../contract/view.ts";
import { endIdle, mayGrant, type Room, take } from "./launching.ts";
import { endSurplus, extraReplicas, launchReplica, stays } from "./replicas.ts";

const params = z.strictObject({
  scaleOutAfterS: z
    .number()
    .positive()
    .default(180)
    .describe("how long work must lack an instance before the group grows, seconds"),
  scaleInAfterS: z
    .number()
    .positive()
    .default(900)
    .describe("how long the group must be larger than needed before it shrinks, seconds"),
  zones: z
    .enum(["balanced", "any"])
    .default("balanced")
    .describe("balanced: the zone with the fewest instances first, as an Auto Scaling group; any: as an EC2 Fleet"),
  capacityRebalancing: z
    .boolean()
    .default(true)
    .describe("whether a replacement starts at the notice, not only when the instance is gone"),
  onDemandBase: z.int().nonnegative().default(0).describe("instances that are on-demand before any is spot"),
  onDemandPercentAboveBase: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe("share of the instances above the base that is on-demand, per cent"),
  scoreWindowS: z
    .number()
    .positive()
    .default(3600)
    .describe("how long a refusal or reclaim speaks against a pool, seconds"),
  retryS: z
    .number()
    .positive()
    .default(60)
    .describe("how long a pool that refused or reclaimed is not asked again, seconds"),
  extraReplicas,
});
type Params = z.infer<typeof params>;

/** `desired` is the group's desired capacity; the two times are since when an alarm's condition holds, null while it does not. */
type Memory = { desired: number; lackingSinceS: number | null; surplusSinceS: number | null };

/** What an Auto Scaling group does, as near as the view allows: for tasks one that scales on its backlog, for a service one of its size. */
export const asgPriceCapacityOptimized = definePolicy({
  name: "asg-price-capacity-optimized",
  summary:
    "An Auto Scaling group: grows and shrinks by alarms on the backlog, or as a service wants, balances zones, and asks the cheapest of the spot pools with the best capacity.",
  workloads: ["tasks", "serving"],
  source:
    "AWS, EC2 Auto Scaling User Guide: Allocation strategies, Instance distribution, Capacity Rebalancing, Scaling based on Amazon SQS; EC2 API Reference, SpotFleetRequestConfigData.AllocationStrategy priceCapacityOptimized",
  details: [
    "An approximation: EC2's capacity score is not public. AWS says that the pools with the highest capacity availability for the number of instances that are launching come first, and of these the lowest price. Availability here is how many of the missing instances a market would grant where that is told (visibility: told); otherwise how long ago it last refused for lack of capacity without a grant since, or reclaimed, at most `scoreWindowS`, a figure of ours.",
    "The group keeps its desired capacity: what is refused, reclaimed or lost is asked for again. Desired capacity follows the number of instances that the present work needs, after the times of the two alarms that target tracking sets up: 3 data points of a minute above the target, 15 below it.",
    "For a service the desired capacity is what the service wants and `extraReplicas`, at once: put with-autoscaler around it for target tracking. Its instances are replicas; in scaling in those that are not ready end first, then the newest.",
    "Instances are counted without weights. For tasks, on scaling in, idle ones end, oldest first: assumes that instances at work are protected from scale-in.",
    "Auto Scaling's own default is 100 % on-demand above the base; here it is 0, a group for spot. It never falls back from spot to on-demand: what cannot be had is asked for again.",
    "Capacity Rebalancing is off by default in the API and on in the console. The simulated cloud sends no rebalance recommendations, so the replacement starts at the notice.",
    "Left out: moving instances between zones to restore the balance, health check grace, cooldowns, warm pools. A group lies in one region; here it spans all markets of the study.",
  ],
  params,
  memory: (): Memory => ({ desired: 0, lackingSinceS: null, surplusSinceS: null }),
  create: (settings) => ({
    decide(view, act, memory) {
      if (view.work.services.length > 0) {
        for (const service of view.work.services) keepGroup(view, act, service, settings);
        endIdle(view, act);
        return;
      }
      watch(view, memory);
      const lackingUntilS = (memory.lackingSinceS ?? Infinity) + settings.scaleOutAfterS;
      const surplusUntilS = (memory.surplusSinceS ?? Infinity) + settings.scaleInAfterS;
      if (view.nowS >= Math.min(lackingUntilS, surplusUntilS)) resize(view, memory);
      launchMissing(view, act, memory.desired, settings);
      endIdleSurplus(view, act, memory.desired);
      // What has been launched may hold more than was planned.
      watch(view, memory);
      if (memory.lackingSinceS !== null) act.wakeAt(memory.lackingSinceS + settings.scaleOutAfterS);
      if (memory.surplusSinceS !== null) act.wakeAt(memory.surplusSinceS + settings.scaleInAfterS);
    },
  }),
});

/** As many replicas as the group is to have; one under notice counts until it is gone where nothing rebalances. */
function keepGroup(view: FleetView, act: Actions, service: ServiceView, settings: Params): void {
  const desired = service.replicasWanted + settings.extraReplicas;
  const group = service.placements.filter(({ instances: [replica] }) => stays(replica!));
  const going = service.placements.filter(
    ({ instances: [replica] }) => replica!.purpose === "work" && replica!.reclaimS !== undefined,
  );
  const held = group.length + (settings.capacityRebalancing ? 0 : going.length);
  for (let missing = desired - held; missing > 0; missing--) {
    const pool = askedPool(view, act, 0, missing, settings);
    if (pool === undefined) break;
    launchReplica(act, service, pool, BELOW);
  }
  endSurplus(act, group, desired, ABOVE);
}

const BELOW = "below the desired capacity";
const ABOVE = "above the desired capacity";

/** Since when the two alarms' conditions hold. */
function watch(view: FleetView, memory: Memory): void {
  const needed = instancesNeeded(view);
  memory.lackingSinceS = needed > memory.desired ? (memory.lackingSinceS ?? view.nowS) : null;
  memory.surplusSinceS = needed < memory.desired ? (memory.surplusSinceS ?? view.nowS) : null;
}

function resize(view: FleetView, memory: Memory): void {
  memory.desired = instancesNeeded(view);
  memory.lackingSinceS = null;
  memory.surplusSinceS = null;
}

/** Those with work on them, and what first-fit of the waiting work takes beyond them. Those under notice are as good as gone. */
function instancesNeeded(view: FleetView): number {
  const { withRoom, noticed } = view.instances;
  let needed = heldOf(view) - noticed.length - withRoom.length; // the full ones
  const room: (Room & { used: boolean })[] = [];
  for (const { placements, freeSlots, freeMemoryMiB } of withRoom) {
    const used = placements.length > 0;
    if (used) needed++;
    room.push({ slots: freeSlots, memoryMiB: freeMemoryMiB, used });
  }
  for (const task of view.work.pending) {
    let place = room.find((each) => take(each, task));
    if (place === undefined) {
      const type = view.markets.find((market) => market.gpuMemoryMiB >= task.memoryMiB);
      if (type === undefined) continue;
      place = { slots: type.slots, memoryMiB: type.gpuMemoryMiB, used: false };
      take(place, task);
      room.push(place);
    }
    if (!place.used) needed++;
    place.used = true;
  }
  return needed;
}

function launchMissing(view: FleetView, act: Actions, desired: number, settings: Params): void {
  const memoryMiB = view.work.pending.reduce((most, task) => Math.max(most, task.memoryMiB), 0);
  const replaced = settings.capacityRebalancing ? view.instances.noticed.length : 0;
  for (let missing = desired - heldOf(view) + replaced; missing > 0; missing--) {
    const pool = askedPool(view, act, memoryMiB, missing, settings);
    if (pool === undefined) return;
    act.note(BELOW);
    act.launch(pool);
  }
}

function endIdleSurplus(view: FleetView, act: Actions, desired: number): void {
  let surplus = heldOf(view) - view.instances.noticed.length - desired;
  for (const instance of view.instances.idle) {
    if (surplus-- <= 0) return;
    act.note(ABOVE);
    act.terminate(instance);
  }
}

/** Where there is none, it asks again. */
function askedPool(view: FleetView, act: Actions, memoryMiB: MiB, missing: number, settings: Params) {
  const pool = poolFor(view, memoryMiB, missing, settings);
  if (pool === undefined) act.wakeAt(Math.min(nextUnblockedS(view, settings.retryS), view.nowS + settings.retryS));
  return pool;
}

/** The pool for the next launch: zones, then capacity, then price, then the lower id. */
function poolFor(view: FleetView, memoryMiB: MiB, missing: number, settings: Params): MarketView | undefined {
  const capacityType = nextCapacityType(view, settings);
  let best: MarketView | undefined;
  let bestInZone = Infinity;
  let bestAvailability = -Infinity;
  for (const market of view.markets) {
    if (market.capacityType !== capacityType || !mayGrant(view, market, memoryMiB)) continue;
    if (blockedUntilS(market, settings.retryS) > view.nowS) continue;
    const inZone = settings.zones === "balanced" ? heldOf(view, market) : 0;
    const availability = availabilityOf(view, market, missing, settings.scoreWindowS);
    const order =
      inZone - bestInZone ||
      bestAvailability - availability ||
      market.priceUsdPerHour - (best?.priceUsdPerHour ?? Infinity);
    if (order >= 0) continue;
    best = market;
    bestInZone = inZone;
    bestAvailability = availability;
  }
  return best;
}

/** Base first, then the share above it, rounded up, as the group is after this launch. */
function nextCapacityType(view: FleetView, { onDemandBase, onDemandPercentAboveBase }: Params): CapacityType {
  const above = Math.max(0, heldOf(view) + 1 - onDemandBase);
  let onDemand = 0;
  for (const market of view.markets) if (market.capacityType === "onDemand") onDemand += market.held;
  const base = heldOf(view) + 1 - above;
  return onDemand < base + Math.ceil((above * onDemandPercentAboveBase) / 100) ? "onDemand" : "spot";
}

/** What stands for EC2's capacity score: larger is better, and whatever is good enough is equally good. */
function availabilityOf(view: FleetView, market: MarketView, missing: number, windowS: Seconds): number {
  if (market.obtainable !== undefined) return Math.min(market.obtainable, missing);
  const { refusal, grantedSinceRefusal, lastReclaimS } = market;
  const refusedS = refusal?.reason === "capacity" && grantedSinceRefusal === 0 ? refusal.timeS : -Infinity;
  return Math.min(view.nowS - Math.max(refusedS, lastReclaimS ?? -Infinity), windowS);
}

/** Instances requested or up, of all markets or of those in one zone. */
function heldOf(view: FleetView, zone?: { readonly region: string; readonly zone: string }): number {
  let held = 0;
  for (const market of view.markets) {
    if (zone === undefined || (market.zone === zone.zone && market.region === zone.region)) held += market.held;
  }
  return held;
}
