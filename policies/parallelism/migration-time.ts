import type { ChangeSpeeds } from "../contract/served-model.ts";
import type { Seconds } from "../contract/units.ts";
import type { MigrationPlan } from "./migration-planner.ts";

/** How fast bytes move. A card sends and receives at that rate at the same time. */
export type MigrationSpeeds = Omit<ChangeSpeeds, "restartS"> & { readonly cardBytesPerS: number };

/** Of a plan, by instance, in seconds from its beginning. */
export interface MigrationTimes {
  /** When it has all it is to hold and can go on; switchS where nothing moves. */
  readonly readyS: readonly Seconds[];
  /** When it has sent all that others get from it: until then they need it. */
  readonly sentS: readonly Seconds[];
}

/**
 * How long what moves takes: a stage can start when its instances are ready. Transfers of a plan begin in its order, each when the sending and the receiving card are free of those before it.
 * Assumes that storage is never the bound for several instances at once, and that transfers inside an instance do not slow its card.
 * Source: the progressive migration of SpotServe (Miao et al., ASPLOS 2024); its artifact estimates the longest of
 * these times by the largest transfers alone.
 */
export function migrationTimes(
  { steps }: Pick<MigrationPlan, "steps">,
  instances: number,
  { cardBytesPerS, localBytesPerS, storageBytesPerS, switchS }: MigrationSpeeds,
): MigrationTimes {
  const zero = () => new Array<number>(instances).fill(0);
  const [sentS, receivedS, localS] = [zero(), zero(), zero()];
  for (const { transfers } of steps) {
    for (const { from, to, bytes } of transfers) {
      if (from === to) {
        localS[to]! += bytes / localBytesPerS;
      } else if (from === "storage") {
        receivedS[to]! += bytes / Math.min(cardBytesPerS, storageBytesPerS);
      } else {
        const endS = Math.max(sentS[from]!, receivedS[to]!) + bytes / cardBytesPerS;
        sentS[from] = endS;
        receivedS[to] = endS;
      }
    }
  }
  return { readyS: receivedS.map((each, i) => Math.max(each, localS[i]!) + switchS), sentS };
}
