/** What a metric is: the one place where a name gets its title, unit and meaning. docs/METRICS.md lists the same. */
export interface Metric {
  readonly name: string;
  readonly title: string;
  /** USD, USD/h, h, s, GiB, share (shown in per cent), or "" for a count. */
  readonly unit: string;
  /** Which way is better; undefined where neither is. */
  readonly better: "lower" | "higher" | undefined;
  /** Per run, before anything is averaged. */
  readonly definition: string;
}

const metric = (name: string, title: string, unit: string, better: Metric["better"], definition: string): Metric => ({
  name,
  title,
  unit,
  better,
  definition,
});

export const metrics: readonly Metric[] = [
  metric(
    "costUsd",
    "Cost",
    "USD",
    "lower",
    "All bills to the end of the run: instanceUsd, and otherUsd where the study bills other lines.",
  ),
  metric(
    "instanceUsd",
    "Cost of instances",
    "USD",
    "lower",
    "Sum of all instance bills: the price path over charged seconds. All of costUsd, and absent, where no other line is billed.",
  ),
  metric(
    "otherUsd",
    "Cost of other lines",
    "USD",
    "lower",
    "diskUsd + addressUsd + transferUsd + balancerUsd; here and below, absent what the study does not bill.",
  ),
  metric(
    "diskUsd",
    "Cost of disks",
    "USD",
    "lower",
    "One volume an instance: its size, over seconds from grant to end, at least 60 each.",
  ),
  metric(
    "addressUsd",
    "Cost of public addresses",
    "USD",
    "lower",
    "One address an instance, over the same seconds as its disk.",
  ),
  metric(
    "transferUsd",
    "Cost of transfer",
    "USD",
    "lower",
    "Between zones twice the price of a GiB, once each way; between regions the price of the region left.",
  ),
  metric(
    "transferGiB",
    "Transfer",
    "GiB",
    "lower",
    "State, checkpoints and weights that crossed a zone or region, cut off ones as far as they came.",
  ),
  metric(
    "balancerUsd",
    "Cost of the load balancer",
    "USD",
    "lower",
    "Hours of the run, begun ones whole, at the price of an hour.",
  ),
  metric(
    "usdPerWorkHour",
    "Cost per work-hour",
    "USD/h",
    "lower",
    "costUsd / workHoursDone: what an hour of useful work came to, idle and lost hours included.",
  ),
  metric("completedShare", "Tasks completed", "share", "higher", "tasksCompleted / tasksArrived."),
  metric("completionMeanH", "Completion time, mean", "h", "lower", "Mean of end - arrival over completed tasks."),
  metric(
    "completionP50H",
    "Completion time, median",
    "h",
    "lower",
    "Median (type 7) of end - arrival over completed tasks.",
  ),
  metric(
    "completionP95H",
    "Completion time, P95",
    "h",
    "lower",
    "95 % quantile (type 7) of end - arrival over completed tasks.",
  ),
  metric(
    "completionP99H",
    "Completion time, P99",
    "h",
    "lower",
    "99 % quantile (type 7) of end - arrival over completed tasks.",
  ),
  metric(
    "waitMeanH",
    "Wait before the first start, mean",
    "h",
    "lower",
    "Mean of first start - arrival over tasks that started.",
  ),
  metric("tasksArrived", "Tasks arrived", "", undefined, "Tasks that arrived before the horizon."),
  metric("tasksCompleted", "Tasks completed", "", "higher", "Tasks whose work was done before the end of the run."),
  metric(
    "workHoursDone",
    "Work done",
    "h",
    "higher",
    "Hours of work of completed tasks, and of the others what they had done by the end of the run.",
  ),
  metric(
    "lostWorkHours",
    "Work lost",
    "h",
    "lower",
    "Hours of work that were run and fell away at a reclaim, release or termination.",
  ),
  metric(
    "migrationMeanS",
    "Restart delay, mean",
    "s",
    "lower",
    "Mean, over starts after the first, of start - (placed and instance ready): fetching or reading state, loading weights.",
  ),
  metric(
    "downMeanS",
    "Down time after a stop, mean",
    "s",
    "lower",
    "Mean, over starts after the first, of start - the stop before it: waiting for a place and for its instance, fetching or reading state, loading weights.",
  ),
  metric(
    "upHours",
    "Instance hours",
    "h",
    undefined,
    "Hours from running to the end, over all instances: chargedHours + freeHours - paddingHours.",
  ),
  metric("chargedHours", "Charged hours", "h", "lower", "Hours that are paid for."),
  metric(
    "freeHours",
    "Free hours",
    "h",
    undefined,
    "Up-time of spot instances that the provider took back in their first hour: not charged.",
  ),
  metric(
    "paddingHours",
    "Minimum padding",
    "h",
    "lower",
    "Hours charged beyond up-time, to the minimum of 60 s a start.",
  ),
  metric("spotUpHours", "Spot hours", "h", undefined, "Part of upHours on spot."),
  metric("onDemandUpHours", "On-demand hours", "h", undefined, "Part of upHours on-demand."),
  metric("idleHours", "Idle hours", "h", "lower", "Part of upHours with no task placed."),
  metric(
    "listUsd",
    "Cost without free hours",
    "USD",
    undefined,
    "Price integral over charged, free and padding seconds.",
  ),
  metric("freeUsd", "Value of free hours", "USD", undefined, "listUsd - instanceUsd."),
  metric(
    "beyondDataHours",
    "Hours beyond the data",
    "h",
    undefined,
    "Instance-hours above the most instances that the trace's source ever watched in a market.",
  ),
  metric("beyondDataShare", "Share beyond the data", "share", undefined, "beyondDataHours / upHours."),
  metric("reclaims", "Reclaims", "", "lower", "Spot instances that the provider gave notice to, or took without."),
  metric("reclaimsIdle", "Reclaims without work", "", undefined, "Part of reclaims with no task placed."),
  metric("launches", "Launches asked for", "", undefined, "Launch requests sent to the provider."),
  metric(
    "refusals",
    "Launches refused",
    "",
    undefined,
    "Launch requests that the provider refused for lack of capacity.",
  ),
  metric("asks", "Asks", "", undefined, "How often the decisions were asked."),
  metric("events", "Events", "", undefined, "Simulated events handled, cancelled ones included."),
  // Accounts of a run's log, where a study asks for them: experiments/audit/seed-accounting.ts.
  metric(
    "taskHourUsd",
    "Cost by task-hours",
    "USD",
    undefined,
    "Price path over every stretch that a task ran: each task billed the whole price of its instance.",
  ),
  metric("taskHours", "Task hours", "h", undefined, "Hours that tasks ran, over all tasks, lost ones included."),
  metric(
    "seedUsd",
    "Seed's bill",
    "USD",
    undefined,
    "Per task whose first start + hours of work lies before the end of the run: price at its instance's launch from the last start before that time to that time; 0 if it then has no instance.",
  ),
  metric("seedTaskHours", "Task hours that the seed bills", "h", undefined, "The hours in seedUsd."),
  metric(
    "seedTasksCompleted",
    "Tasks completed as the seed counts",
    "",
    undefined,
    "Tasks whose first start + hours of work lies before the end of the run, whatever happened to them meanwhile.",
  ),
  metric(
    "seedTasksUnbilled",
    "Tasks that the seed bills nothing for",
    "",
    undefined,
    "Of seedTasksCompleted, those without an instance at that time.",
  ),
  metric(
    "seedTrueEndsUsd",
    "Seed's bill, true ends",
    "USD",
    undefined,
    "Per completed task: price at its instance's launch from its last start to its end.",
  ),
  metric(
    "seedAllStartsUsd",
    "Seed's bill, true ends and all starts",
    "USD",
    undefined,
    "Per completed task: price at the launch of each of its instances over all its stretches there.",
  ),
  metric(
    "seedAllTasksUsd",
    "Seed's bill, true ends, all starts and tasks",
    "USD",
    undefined,
    "seedAllStartsUsd over all tasks, completed or not; taskHourUsd differs from it by the price path.",
  ),
];

/** @example metricNamed("costUsd")?.unit // "USD" */
export const metricNamed = (name: string): Metric | undefined => metrics.find((each) => each.name === name);
