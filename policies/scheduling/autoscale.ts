import type { PerSecond, Seconds } from "../contract/units.ts";

/** What is remembered between two decisions: JSON, so that it can be a part of a policy's memory. */
export type AutoscalerState = {
  /** Replicas wanted now. */
  replicas: number;
  /** Decisions in a row whose candidate was above, or below, that. */
  above: number;
  below: number;
};

export interface AutoscalerParams {
  /** Requests a second that one replica is to bear (Qtar). */
  readonly targetPerReplicaPerS: PerSecond;
  readonly replicasMin: number;
  readonly replicasMax: number;
  /** How long a candidate must lie above, or below, before it is taken. */
  readonly upDelayS: Seconds;
  readonly downDelayS: Seconds;
  /** Time between two decisions. */
  readonly everyS: Seconds;
}

export const autoscalerStart = ({ replicasMin }: AutoscalerParams): AutoscalerState => ({
  replicas: replicasMin,
  above: 0,
  below: 0,
});

/**
 * One decision of a request-rate autoscaler with hysteresis: the candidate ceil(R / Qtar) replaces the number of replicas once it
 * has lain on the same side of it for the delay. From zero replicas it is taken at once, since nobody serves meanwhile.
 * Source: Mao et al., "SkyServe", EuroSys 2025, section 4: R = ratePerS, Qtar = targetPerReplicaPerS; counters and the way out of
 * zero as in SkyPilot's RequestRateAutoscaler.
 * @example autoscale({ replicas: 0, above: 0, below: 0 }, 2.5, { targetPerReplicaPerS: 1, replicasMin: 0, replicasMax: 3,
 *   upDelayS: 300, downDelayS: 60, everyS: 20 }).replicas // 3
 */
export function autoscale(state: AutoscalerState, ratePerS: PerSecond, params: AutoscalerParams): AutoscalerState {
  const { targetPerReplicaPerS, replicasMin, replicasMax, upDelayS, downDelayS, everyS } = params;
  const candidate = Math.min(replicasMax, Math.max(replicasMin, Math.ceil(ratePerS / targetPerReplicaPerS)));
  const { replicas } = state;
  const above = candidate > replicas ? state.above + 1 : 0;
  const below = candidate < replicas ? state.below + 1 : 0;
  const isLong = (decisions: number, delayS: Seconds) => decisions > 0 && decisions >= Math.floor(delayS / everyS);
  const taken = replicas === 0 || isLong(above, upDelayS) || isLong(below, downDelayS);
  return taken ? { replicas: candidate, above: 0, below: 0 } : { replicas, above, below };
}
