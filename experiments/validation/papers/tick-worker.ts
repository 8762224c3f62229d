import { HOUR_S } from "../../../policies/contract/units.ts";
import { type ThreadWork, workThrough } from "../../thread-work.ts";
import { type TickJob, type TickPolicy, tickRun } from "../tick-run.ts";

/** The same job at several starts in one trace, under one policy. */
export interface TickBatch {
  /** The trace's file, below the set's folder. */
  readonly trace: string;
  /** So many, evenly from the first tick up to, not including, belowTick; where absent, to where the trace still has room for a deadline. */
  readonly starts: { readonly count: number; readonly belowTick?: number };
  readonly job: TickJob;
  readonly policy: TickPolicy;
}

/** What probes found, and how far they are apart. */
export interface Probes {
  readonly counts: readonly number[];
  readonly tickS: number;
}

/** What came of one start. */
export interface TickOutcome {
  /** Share of the on-demand cost without any overhead, k C. */
  readonly cost: number;
  readonly spotWorkH: number;
  readonly onDemandWorkH: number;
  /** Share of the ticks to the deadline in which spot had room for all nodes. */
  readonly spotShare: number;
}

export type BatchResult = { readonly outcomes: readonly TickOutcome[] } | { readonly error: string };

/** What piscina calls in a worker thread. */
export const runBatch = (work: ThreadWork): Promise<void> =>
  workThrough<TickBatch>(work, async (batch): Promise<BatchResult> => {
    const probes = work.shared.get(batch.trace) as Probes;
    try {
      return { outcomes: startTicks(batch, probes).map((start) => outcomeOf(batch, probes, start)) };
    } catch (error) {
      return { error: String(error) };
    }
  });

function startTicks({ starts: { count, belowTick }, job }: TickBatch, probes: Probes): number[] {
  const below = belowTick ?? Math.max(1, probes.counts.length - ticksOf(job, probes));
  return Array.from({ length: count }, (_, i) => Math.floor((i * below) / count));
}

const ticksOf = ({ R_hours }: TickJob, { tickS }: Probes): number => Math.ceil((R_hours * HOUR_S) / tickS);

function outcomeOf({ job, policy }: TickBatch, probes: Probes, start: number): TickOutcome {
  const seen = probes.counts.slice(start);
  const { metrics } = tickRun(seen, probes.tickS, job, policy);
  const ticks = ticksOf(job, probes);
  return {
    cost: metrics.costUsd! / (job.nodes * job.k * job.C_hours),
    spotWorkH: metrics.spotWorkHours!,
    onDemandWorkH: metrics.onDemandWorkHours!,
    spotShare: seen.slice(0, ticks).filter((count) => count >= job.nodes).length / ticks,
  };
}
