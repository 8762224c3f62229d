import type { Timeline } from "../../sim/simulation.ts";
import { name } from "../html.ts";
import { counted } from "../numbers.ts";
import type { Table } from "../table.ts";
import type { Clock } from "./clock.ts";

/** Marks that fit side by side, and lines that a tooltip can hold. */
const MARKS_MAX = 90;
const LINES_MAX = 5;

/** The decisions under one mark: all of a slice of the run's time. */
export interface Decisions {
  readonly timeS: number;
  readonly asks: number;
  readonly reasoned: boolean;
  /** Each action with the notes that explain it: the first of many, and how many more there were. */
  readonly lines: readonly string[];
}

/** What was decided, in at most MARKS_MAX marks over the whole run: a policy that retries decides thousands of times. */
export function decisionsOf(run: Timeline, clock: Clock): readonly Decisions[] {
  const slices = Map.groupBy(run.asks, ({ timeS }) =>
    Math.min(MARKS_MAX - 1, Math.floor((timeS / run.endS) * MARKS_MAX)),
  );
  return [...slices.values()].map((asks) => {
    const lines = asks.flatMap((ask) => {
      const at = asks.length > 1 ? `${clock.write(ask.timeS)} ` : "";
      return linesOf(ask).map((line) => at + line);
    });
    const more = lines.length - LINES_MAX;
    return {
      timeS: asks[0]!.timeS,
      asks: asks.length,
      reasoned: asks.some(({ notes }) => notes.length > 0),
      lines: more > 0 ? [...lines.slice(0, LINES_MAX), `and ${counted(more, "more action")}`] : lines,
    };
  });
}

/** A mark in the lane of decisions; its tooltip says what and why. */
export const decisionMark = ({ timeS, reasoned, lines }: Decisions, px: number, clock: Clock) => ({
  from: clock.time(timeS),
  top: px,
  reasoned,
  tip: [clock.write(timeS), ...lines].join("\n"),
});

/** The same for those who cannot hover. */
export const decisionTable = (policyId: string, decisions: readonly Decisions[], clock: Clock): Table => ({
  caption: `Decisions of ${policyId} with their reasons, times from the start of the window`,
  columns: [{ title: "time", numeric: true }, { title: "decided" }],
  rows: decisions.map(({ timeS, lines }) => [clock.write(timeS), name(lines.join("\n"))]),
});

const linesOf = ({ actions, notes }: Timeline["asks"][number]): readonly string[] =>
  actions.map((action, i) => {
    const why = notes.filter((note) => note.action === i).map(({ why, by }) => `${why} (${by})`);
    return why.length > 0 ? `${action}: ${why.join("; ")}` : action;
  });
