import type { MiB, Seconds } from "./units.ts";
import type { CapacityType } from "./view.ts";

/** A market as both hosts declare it before the first fact; its position is its MarketId. */
export interface MarketSpec {
  readonly instanceType: string;
  readonly region: string;
  readonly zone: string;
  readonly capacityType: CapacityType;
  readonly slots: number;
  readonly gpuMemoryMiB: MiB;
  readonly networkMiBPerS: number;
  /** Absent: not described. */
  readonly gpus?: number;
}

/** Expected seconds of each status on the way to ready; `readyInS` and so the cost of placement rest on it. */
export interface LaunchExpectation {
  readonly answerS: Seconds;
  readonly bootS: Seconds;
  readonly warmS: Seconds;
  /** In place of warmS when a stopped instance is started: its disk holds image and weights. */
  readonly warmAgainS: Seconds;
}

export interface FleetSpec {
  readonly markets: readonly MarketSpec[];
  readonly launch: LaunchExpectation;
}
