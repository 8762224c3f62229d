import type { Seconds } from "../../policies/contract/units.ts";
import type { Clock, EngineLoad } from "../ports.ts";

/** How a drain ended: nothing was in flight any more, or time was over with so much in flight. */
export type Drained =
  | { readonly idle: true; readonly afterS: Seconds }
  | { readonly idle: false; readonly afterS: Seconds; readonly inFlight: number | "unknown" };

/** Requests still come for a while after the balancer has been told. */
const QUIET_S = 5;
const READ_EVERY_S = 1;
/** Kept at the end, for whoever stops the server; and a drain takes no longer than the longest notice allows. */
const MARGIN_S = 10;
const DRAIN_S_MAX = 115;

/**
 * How long a drain may take on an instance that is taken back in so many seconds.
 * @example drainBudgetS(60) // 50
 */
export const drainBudgetS = (leftS: Seconds): Seconds => Math.min(DRAIN_S_MAX, leftS - MARGIN_S);

/**
 * Waits until a model server has nothing left to do: two readings of none in flight, one after the other, after a quiet period. A
 * reading that fails is unknown, never idle.
 */
export async function drained(
  engine: { load(signal: AbortSignal): Promise<EngineLoad | "unknown"> },
  clock: Clock,
  withinS: Seconds,
  signal: AbortSignal,
): Promise<Drained> {
  const fromS = clock.nowS();
  const untilS = fromS + withinS;
  let inFlight: number | "unknown" = "unknown";
  let idleBefore = false;
  for (let nextS = fromS + QUIET_S; nextS <= untilS && !signal.aborted; nextS = clock.nowS() + READ_EVERY_S) {
    await clock.sleepUntil(nextS, signal);
    const load = await engine.load(signal);
    inFlight = load === "unknown" ? load : load.inFlight;
    const idle = inFlight === 0;
    if (idle && idleBefore) return { idle: true, afterS: clock.nowS() - fromS };
    idleBefore = idle;
  }
  return { idle: false, afterS: clock.nowS() - fromS, inFlight };
}
