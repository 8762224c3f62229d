import type { Phase } from "./profiles.ts";

/** Every kind of event there is, and the phase of an instant it belongs to. */
export const EVENT = {
  answer: 0,
  running: 1,
  ready: 2,
  reclaim: 3,
  arrival: 4,
  start: 5,
  complete: 6,
  fetched: 7,
  written: 8,
  step: 9,
  timeout: 10,
  wanted: 11,
  capacity: 12,
  hazard: 13,
  shock: 14,
  notice: 15,
} as const;

const PHASE: Readonly<Record<keyof typeof EVENT, Phase>> = {
  answer: "due",
  running: "due",
  ready: "due",
  reclaim: "due",
  arrival: "due",
  start: "due",
  complete: "due",
  fetched: "due",
  written: "due",
  step: "due",
  timeout: "due",
  wanted: "due",
  capacity: "trace",
  hazard: "trace",
  shock: "trace",
  notice: "trace",
};

/** Rank of each kind of event under a profile's order of phases: the second part of the total order (time, rank, sequence). */
export function ranksOf(phases: readonly Phase[]): readonly number[] {
  return Object.keys(EVENT).map((kind) => phases.indexOf(PHASE[kind as keyof typeof EVENT]));
}
