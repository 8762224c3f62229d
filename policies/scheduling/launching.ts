import type { Actions } from "../contract/actions.ts";
import type { MiB } from "../contract/units.ts";
import type { CapacityType, FleetView, InstanceView, MarketView, TaskView } from "../contract/view.ts";

/**
 * The cheapest market of a kind that may grant one more launch: not known to be exhausted, not refused at this very instant
 * (asking again now would be the same question), with the memory for the work. Ties go to the lower id.
 */
export function cheapestMarket(view: FleetView, capacityType: CapacityType, memoryMiB: MiB): MarketView | undefined {
  let best: MarketView | undefined;
  for (const market of view.markets) {
    if (market.capacityType !== capacityType || market.gpuMemoryMiB < memoryMiB) continue;
    if (market.obtainable !== undefined && market.obtainable < 1) continue;
    if (market.refusal !== undefined && market.refusal.timeS === view.nowS) continue;
    if (best === undefined || market.priceUsdPerHour < best.priceUsdPerHour) best = market;
  }
  return best;
}

/**
 * Launches what the work lacks: first-fit of the work over the room there is (requested instances included), then over the
 * instances it plans, a launch on the cheapest market for the rest. It places nothing: that is the assignment's.
 *
 * @returns whether all of it has, or will have, room; false when no market was left to ask.
 */
export function launchShortfall(
  view: FleetView,
  act: Actions,
  work: readonly TaskView[],
  capacityType: CapacityType,
  why: string,
): boolean {
  const room: Room[] = [];
  let unopened = 0;
  const { withRoom } = view.instances;
  for (const task of work) {
    if (room.some((each) => take(each, task))) continue;
    // Rooms are opened as they are needed: with one piece of work and space at the front, the rest is never looked at.
    let found = false;
    while (unopened < withRoom.length && !found) {
      const each = roomOf(withRoom[unopened++]!);
      room.push(each);
      found = take(each, task);
    }
    if (found) continue;
    const market = cheapestMarket(view, capacityType, task.memoryMiB);
    if (market === undefined) return false;
    act.note(why);
    act.launch(market);
    const planned = { slots: market.slots, memoryMiB: market.gpuMemoryMiB };
    take(planned, task);
    room.push(planned);
  }
  return true;
}

/** Ends what is billed for nothing. */
export function endIdle(view: FleetView, act: Actions): void {
  for (const instance of view.instances.idle) {
    act.note("idle");
    act.terminate(instance);
  }
}

type Room = { slots: number; memoryMiB: MiB };

const roomOf = (instance: InstanceView): Room => ({ slots: instance.freeSlots, memoryMiB: instance.freeMemoryMiB });

function take(room: Room, task: TaskView): boolean {
  if (room.slots < 1 || room.memoryMiB < task.memoryMiB) return false;
  room.slots--;
  room.memoryMiB -= task.memoryMiB;
  return true;
}
