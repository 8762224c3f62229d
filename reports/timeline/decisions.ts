import type { Timeline } from "../../sim/simulation.ts";
import { name } from "../html.ts";
import { counted } from "../numbers.ts";
import type { Table } from "../table.ts";
import type { Clock } from "./clock.ts";
import { DECISIONS } from "./layout.ts";

export type Ask = Timeline["asks"][number];

export const reasons = (ask: Ask, action: number): string =>
  ask.notes
    .filter((note) => note.action === action)
    .map(({ why, by }) => `${why} (${by})`)
    .join("; ");

export function decision(ask: Ask, clock: Clock) {
  const lines = ask.actions.map((action, i) => `${action}${reasons(ask, i) && `: ${reasons(ask, i)}`}`);
  return {
    from: clock.time(ask.timeS),
    top: DECISIONS / 2,
    reasoned: ask.notes.length > 0,
    tip: [
      `${clock.write(ask.timeS)}`,
      ...lines.slice(0, 8),
      ...(lines.length > 8 ? [`and ${counted(lines.length - 8, "more action")}`] : []),
    ].join("\n"),
  };
}

export function decisionTable(asks: readonly Ask[], clock: Clock): Table {
  return {
    caption: `Decisions, times as h:mm:ss from the start of the window`,
    columns: [{ title: "time", numeric: true }, { title: "action" }, { title: "why" }],
    rows: asks.flatMap((ask) =>
      ask.actions.map((action, i) => [clock.write(ask.timeS), name(action), name(reasons(ask, i) || "\u2013")]),
    ),
  };
}
