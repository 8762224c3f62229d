import type { Timeline } from "../../sim/simulation.ts";
import { html, name } from "../html.ts";
import { counted } from "../numbers.ts";
import type { Table } from "../table.ts";
import type { Clock } from "./clock.ts";
import { DECISIONS } from "./layout.ts";

/** What was decided in one ask that led to an action. */
export type Ask = Timeline["asks"][number];

const LINES_MAX = 8;

/** A mark in the lane of decisions; its tooltip says what and why. */
export const decision = (ask: Ask, clock: Clock) => ({
  from: clock.time(ask.timeS),
  top: DECISIONS / 2,
  reasoned: ask.notes.length > 0,
  tip: [clock.write(ask.timeS), ...lines(ask)].join("\n"),
});

/** The same for those who cannot hover. */
export const decisionTable = (asks: readonly Ask[], clock: Clock): Table => ({
  caption: "Decisions with their reasons, times from the start of the window",
  columns: [{ title: "time", numeric: true }, { title: "decided" }],
  rows: asks.map((ask) => [clock.write(ask.timeS), lines(ask).map((line) => html`<div>${name(line)}</div>`)]),
});

/** Each action with the notes that explain it: the first of many, and how many more there were. */
function lines({ actions, notes }: Ask): readonly string[] {
  const all = actions.map((action, i) => {
    const why = notes.filter((note) => note.action === i).map(({ why, by }) => `${why} (${by})`);
    return why.length > 0 ? `${action}: ${why.join("; ")}` : action;
  });
  if (all.length <= LINES_MAX) return all;
  return [...all.slice(0, LINES_MAX), `and ${counted(all.length - LINES_MAX, "more action")}`];
}
