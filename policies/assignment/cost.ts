import type { PlacementCostS } from "../contract/assignment.ts";

/**
 * Seconds until the work runs there: the wait until the target is ready, then its state, then the weights it lacks.
 *
 * State still on the instance it ran on goes through that one's network card, which all that is displaced from it share;
 * a checkpoint already written is read through the target's card. Weights come through the target's card too.
 * @returns Infinity where it does not fit.
 */
export const placementCostS: PlacementCostS = (work, target) => {
  if (target.freeSlots < 1 || target.freeMemoryMiB < work.memoryMiB) return Infinity;
  const { stateOn } = work;
  let transferS = 0;
  if (stateOn !== undefined && stateOn.id !== target.id) {
    transferS = work.stateMiB / (stateOn.networkMiBPerS / Math.max(1, stateOn.statesHeld));
  } else if (stateOn === undefined && work.keptS > 0) {
    transferS = work.stateMiB / target.networkMiBPerS;
  }
  const cold = work.model !== undefined && !target.warmModels.includes(work.model);
  return target.readyInS + transferS + (cold ? work.weightsMiB / target.networkMiBPerS : 0);
};
