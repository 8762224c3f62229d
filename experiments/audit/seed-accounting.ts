import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";
import type { Timeline, TimelineWork } from "../../sim/simulation.ts";
import type { TraceTable } from "../../traces/trace-table.ts";

/** What the accounts below are made of: a run's log, the prices it was billed at, and how long its tasks are. */
export interface RunLog {
  readonly timeline: Pick<Timeline, "endS" | "instances" | "work">;
  readonly table: Pick<TraceTable, "costUsd" | "priceUsdPerHourAt">;
  /** Hours of work of a task, in seconds. */
  readonly workS: (task: number) => Seconds;
}

/**
 * What Synkti's simulator would have said of a run, and, setting one of its defects right after the other, how that becomes
 * the task-hours that were run at the prices that stood. No honest engine can make these mistakes, so they are made here, on
 * the log of a run that made none.
 *
 * It bills tasks, not instances, each the whole price, when it completes, from its last start. A completion is never cancelled,
 * so a task that was taken back completes when it would have without (`first end`); one that has no instance then costs
 * nothing; one whose first end lies beyond the horizon is not billed at all. The price is that of the instance's launch.
 * Source: Bobby-Math/synkti, crates/synkti-simulation/src/simulator.rs. Assumes the price in force at the launch, where it
 * takes the next sample, up to 6 minutes later; and that the log goes on as it did after a task's first end, where the seed's
 * task would have left.
 */
export function seedAccounting({ timeline, table, workS }: RunLog): Record<string, number> {
  const launched = new Map(timeline.instances.map(({ id, market, requestedS }) => [id, { market, requestedS }]));
  const sum = {
    seedUsd: 0,
    seedTaskHours: 0,
    seedTasksCompleted: 0,
    seedTasksUnbilled: 0,
    seedTrueEndsUsd: 0,
    seedAllStartsUsd: 0,
    seedAllTasksUsd: 0,
    taskHourUsd: 0,
    taskHours: 0,
  };
  const atLaunchPrice = ({ instance, fromS }: TimelineWork, toS: Seconds): number => {
    const { market, requestedS } = launched.get(instance)!;
    return (table.priceUsdPerHourAt(market, requestedS) * (toS - fromS)) / HOUR_S;
  };
  for (const [task, stretches] of Map.groupBy(timeline.work, ({ work }) => work)) {
    const last = stretches.at(-1)!;
    const firstEndS = stretches[0]!.fromS + workS(task);
    if (firstEndS <= timeline.endS) {
      sum.seedTasksCompleted++;
      const running = stretches.find(({ fromS, toS }) => fromS <= firstEndS && firstEndS <= toS);
      if (running === undefined) sum.seedTasksUnbilled++;
      else {
        sum.seedUsd += atLaunchPrice(running, firstEndS);
        sum.seedTaskHours += (firstEndS - running.fromS) / HOUR_S;
      }
    }
    const allUsd = stretches.reduce((usd, stretch) => usd + atLaunchPrice(stretch, stretch.toS), 0);
    if (last.ended === "completed") {
      sum.seedTrueEndsUsd += atLaunchPrice(last, last.toS);
      sum.seedAllStartsUsd += allUsd;
    }
    sum.seedAllTasksUsd += allUsd;
    for (const { instance, fromS, toS } of stretches) {
      sum.taskHourUsd += table.costUsd(launched.get(instance)!.market, fromS, toS);
      sum.taskHours += (toS - fromS) / HOUR_S;
    }
  }
  return sum;
}
