import type { Cadence, CloudSpec, Scenario } from "../contract/scenario.ts";
import type { Evidence, Stage } from "./stage.ts";

/** Mean over units, and the ends of its 95 % interval. */
export interface Measured {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly units: number;
}

/**
 * A condition on an end of an interval, never on a mean: the policy's metric itself, or its ratio to the baseline's. The end that counts
 * is the worse one: the high end of what may be at most so much.
 */
export interface Gate {
  readonly metric: string;
  readonly of: "value" | "ratio";
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What a policy has proved, for which fleet, and until when that holds. Whoever runs it computes all of it anew. */
export interface PromotionManifest {
  readonly format: 1;
  readonly policy: Scenario;
  readonly cloud: CloudSpec;
  readonly cadence: Cadence;
  /** Of all code that the policy names. */
  readonly codeSha256: string;
  readonly lockfileSha256: string;
  readonly traceSha256: readonly string[];
  readonly seeds: unknown;
  /** How often a policy of these results has been held against gates, this time included: each look finds by chance too. */
  readonly looks: number;
  readonly metrics: Readonly<Record<string, Measured>>;
  readonly gates: readonly (Gate & { readonly end: number })[];
  readonly fleet: string;
  readonly region: string;
  /** Of the fleet's file: markets, caps and template in it are what was allowed. */
  readonly fleetSha256: string;
  /** 2026-12-23T08:00:00.000Z, in UTC. */
  readonly expires: string;
  /** Nothing acts before it has been watched, so a manifest begins at "shadow". */
  readonly stage: Stage;
  /** What the stages before this one have shown, in order; absent at "shadow". */
  readonly evidence?: readonly Evidence[];
  /** Of all the rest, in canonical JSON. */
  readonly sha256: string;
}

/** What is found where it is to run. */
export interface Found {
  readonly sha256: string;
  readonly codeSha256: string;
  readonly lockfileSha256: string;
  readonly fleet: string;
  readonly region: string;
  readonly fleetSha256: string;
  /** As `expires` is written: 2026-11-23T08:00:00.000Z. */
  readonly now: string;
}

/**
 * The end of an interval that a gate is about, and whether it holds.
 * @example gateEnd({ metric: "costUsd", of: "ratio", atMost: 0.8 }, { mean: 0.7, low: 0.6, high: 0.81, units: 9 }) // { end: 0.81, holds: false }
 */
export function gateEnd(gate: Gate, measured: Measured): { readonly end: number; readonly holds: boolean } {
  const { atMost = Infinity, atLeast = -Infinity } = gate;
  const end = gate.atMost === undefined ? measured.low : measured.high;
  return { end, holds: measured.high <= atMost && measured.low >= atLeast };
}

/** Why a manifest does not hold here, each by its field and the remedy; empty if it does. */
export function manifestFaults(manifest: PromotionManifest, found: Found): string[] {
  const faults: string[] = [];
  const REMEDY = {
    sha256: "it was changed after it was written; promote again",
    codeSha256: "the policy's code has changed since; run the study and promote again",
    lockfileSha256: "packages have changed since; run the study and promote again",
    fleet: "it allows another fleet; promote for this one",
    region: "it allows another region; promote for this one",
    fleetSha256: "the fleet's file has changed since; promote again",
  } as const;
  for (const field of Object.keys(REMEDY) as (keyof typeof REMEDY)[]) {
    if (manifest[field] !== found[field]) faults.push(`${field} does not match: ${REMEDY[field]}`);
  }
  // Text of one form and one zone is in order of time.
  if (manifest.expires <= found.now) faults.push(`expires: ${manifest.expires} is past; promote again`);
  return faults;
}
