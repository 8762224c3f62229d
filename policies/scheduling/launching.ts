import { z } from "zod";
import type { Actions } from "../contract/actions.ts";
import type { MiB, UsdPerHour } from "../contract/units.ts";
import type { CapacityType, FleetView, MarketView, TaskView } from "../contract/view.ts";

/** The parameter of every policy that waits for a market. */
export const retryS = z
  .number()
  .positive()
  .default(60)
  .describe("with work waiting and no market to ask: how long until it asks again, seconds");

/** Where to launch for work of that memory; undefined when there is no market to ask now. */
export type MarketChoice = (view: FleetView, memoryMiB: MiB) => MarketView | undefined;

export const cheapestSpot: MarketChoice = (view, memoryMiB) => cheapestMarket(view, "spot", memoryMiB);
export const cheapestOnDemand: MarketChoice = (view, memoryMiB) => cheapestMarket(view, "onDemand", memoryMiB);

/**
 * The market of a kind with the least `costOf`, its price where absent, that may grant one more launch and that `admits` lets
 * through. Ties go to the lower id.
 */
export function cheapestMarket(
  view: FleetView,
  capacityType: CapacityType,
  memoryMiB: MiB,
  admits?: (market: MarketView) => boolean,
  costOf = priceOf,
): MarketView | undefined {
  let best: MarketView | undefined;
  for (const market of view.markets) {
    if (market.capacityType !== capacityType || !mayGrant(view, market, memoryMiB)) continue;
    if (best !== undefined && costOf(market) >= costOf(best)) continue;
    if (admits?.(market) !== false) best = market;
  }
  return best;
}

const priceOf = ({ priceUsdPerHour }: MarketView): UsdPerHour => priceUsdPerHour;

/** Whether it is worth asking: may be asked, not in doubt, with the memory for the work. */
export const mayGrant = (view: FleetView, market: MarketView, memoryMiB: MiB): boolean =>
  market.gpuMemoryMiB >= memoryMiB && mayAsk(view, market) && !inDoubt(market);

/** Not known to be exhausted, and not refused at this very instant: asking again now would be the same question. */
export const mayAsk = (view: FleetView, { obtainable = 1, refusal }: MarketView): boolean =>
  obtainable >= 1 && refusal?.timeS !== view.nowS;

/**
 * Where only trying tells, a market that has refused is asked for one launch, and for one more with each grant since: a fleet
 * that is short of twenty instances does not send twenty requests to a market that has room for none.
 */
const inDoubt = (market: MarketView): boolean =>
  market.obtainable === undefined &&
  market.refusal?.reason === "capacity" &&
  market.unanswered > market.grantedSinceRefusal;

/**
 * Launches what the work lacks: first-fit of the work over the room there is (requested instances included), then over the
 * instances it plans, a launch on the chosen market for the rest. It places nothing: that is the assignment's.
 *
 * @returns whether all of it has, or will have, room; false when no market was left to ask.
 */
export function launchShortfall(
  view: FleetView,
  act: Actions,
  work: readonly TaskView[],
  choose: MarketChoice,
  why: string,
): boolean {
  const { withRoom } = view.instances;
  if (work.length === 1) {
    const task = work[0]!;
    for (let i = 0; i < withRoom.length; i++) {
      if (withRoom[i]!.freeMemoryMiB >= task.memoryMiB) return true;
    }
    return launchFor(view, act, task, choose, why) !== undefined;
  }
  const room = withRoom.map((each): Room => ({ slots: each.freeSlots, memoryMiB: each.freeMemoryMiB }));
  for (const task of work) {
    if (room.some((each) => take(each, task))) continue;
    const market = launchFor(view, act, task, choose, why);
    if (market === undefined) return false;
    const planned = { slots: market.slots, memoryMiB: market.gpuMemoryMiB };
    take(planned, task);
    room.push(planned);
  }
  return true;
}

function launchFor(
  view: FleetView,
  act: Actions,
  task: TaskView,
  choose: MarketChoice,
  why: string,
): MarketView | undefined {
  const market = choose(view, task.memoryMiB);
  if (market === undefined) return undefined;
  act.note(why);
  act.launch(market);
  return market;
}

/** Ends what is billed for nothing. */
export function endIdle(view: FleetView, act: Actions): void {
  for (const instance of view.instances.idle) {
    act.note("idle");
    act.terminate(instance);
  }
}

/** What an instance has room for, in a plan. */
export type Room = { slots: number; memoryMiB: MiB };

/** Takes the room that a task needs; false, and nothing taken, where it does not fit. */
export function take(room: Room, task: TaskView): boolean {
  if (room.slots < 1 || room.memoryMiB < task.memoryMiB) return false;
  room.slots--;
  room.memoryMiB -= task.memoryMiB;
  return true;
}
