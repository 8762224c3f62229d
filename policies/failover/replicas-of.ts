import type { InstanceView, ServiceView } from "../contract/view.ts";

/** Under notice, or to be given up: it counts for nobody who plans. */
export const isGoing = ({ reclaimS, draining, purpose, deregisteredS }: InstanceView): boolean =>
  reclaimS !== undefined || draining || (purpose === "spare" && deregisteredS !== undefined);

/** It takes requests, and will go on to. */
export const serves = (instance: InstanceView): boolean => instance.registered && !isGoing(instance);

export function replicasThat({ placements }: ServiceView, test: (instance: InstanceView) => boolean): number {
  let count = 0;
  for (const { instances } of placements) if (test(instances[0]!)) count++;
  return count;
}
