import type { Timeline, TimelineInstance } from "../../sim/simulation.ts";
import { name } from "../html.ts";
import { scaleFor } from "../numbers.ts";
import type { Table } from "../table.ts";
import type { Clock } from "./clock.ts";

/** More than these are in the results folder. */
const ROWS_MAX = 60;

/** When each instance changed its state, why it ended, and its bill. */
export function instanceTable(
  policyId: string,
  run: Timeline,
  shown: readonly TimelineInstance[],
  clock: Clock,
): Table {
  const listed = shown.slice(0, ROWS_MAX);
  const usd = scaleFor(
    "USD",
    listed.map((instance) => instance.usd),
  );
  const time = (timeS: number | null) => (timeS === null ? "\u2013" : clock.write(timeS));
  return {
    caption: `${listed.length < shown.length ? `The first ${listed.length} instances` : "Instances"} of ${policyId}, times from the start of the window`,
    columns: [
      { title: "instance", numeric: true },
      { title: "market" },
      ...["requested", "running", "ready", "notice", "end"].map((title) => ({ title, numeric: true })),
      { title: "ended by" },
      { title: "pieces of work", numeric: true },
      { title: "bill", unit: "USD", numeric: true },
    ],
    rows: listed.map((instance) => [
      instance.id,
      name(run.markets[instance.market]?.name ?? String(instance.market)),
      time(instance.requestedS),
      time(instance.runningS),
      time(instance.readyS),
      time(instance.noticeS),
      time(instance.endS),
      instance.endedBy === "cut" ? "end of the run" : instance.endedBy,
      new Set(run.work.filter((stretch) => stretch.instance === instance.id).map(({ work }) => work)).size,
      usd.format(instance.usd),
    ]),
  };
}
