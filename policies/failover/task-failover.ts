import type { Actions } from "../contract/actions.ts";
import { HOUR_S } from "../contract/units.ts";
import type { FleetView, InstanceView, PlacementView, TaskView } from "../contract/view.ts";

/**
 * What happens to tasks when the provider takes an instance back; the same in replay and live. Asked before the scheduling
 * policy, level-triggered, remembers nothing. A deadline job stays: it loses no progress, and works until the end.
 *
 * At a notice: drain the instance; work that will finish before the reclaim stays; all other work does what its `onReclaim`
 * says (writes a checkpoint, leaves its state to be fetched, or nothing) and returns to pending at once, so that its
 * replacement starts in parallel. Work with the smallest state goes first through the one network card: that saves the most
 * pieces in the time left.
 *
 * Once nothing runs and no state is left on it: an instance in its first hour since `running` is left to the provider, since
 * a reclaim in that hour is free; an older one is terminated, since the rest of the notice would only cost.
 * Source: AWS, "Billing for interrupted Spot Instances"; Synkti (drain, select, spawn, route).
 */
export function taskFailover(view: FleetView, act: Actions): void {
  for (const instance of view.instances.noticed) {
    if (!instance.draining) leave(view, act, instance);
    if (instance.placements.length > 0 || instance.statesHeld > 0 || instance.runningS === undefined) continue;
    const freeUntilS = instance.runningS + HOUR_S;
    if (view.nowS < freeUntilS) {
      if (freeUntilS < instance.reclaimS!) act.wakeAt(freeUntilS);
    } else {
      act.note("drained, and past its free first hour");
      act.terminate(instance);
    }
  }
}

function leave(view: FleetView, act: Actions, instance: InstanceView): void {
  const leftS = instance.reclaimS! - view.nowS;
  act.note("interruption notice");
  act.drain(instance);
  const leaving: { readonly placement: PlacementView; readonly work: TaskView }[] = [];
  for (const placement of instance.placements) {
    const { work } = placement;
    const leaves = work.kind === "task" && (instance.status !== "ready" || work.workS - work.doneS > leftS);
    if (leaves) leaving.push({ placement, work });
  }
  if (leaving.length > 1) leaving.sort((a, b) => a.work.stateMiB - b.work.stateMiB || a.work.id - b.work.id);
  for (const { placement, work } of leaving) {
    // State that is still being written where it last ran is not here.
    if (work.onReclaim === "checkpointInGrace" && work.stateOn === undefined && work.doneS > work.keptS) {
      act.note("writes its state while there is time");
      act.checkpoint(work);
    }
    act.note("needs a new place");
    act.release(placement);
  }
}
