import type { Summary, SummaryGroup } from "../experiments/summary.ts";
import { spaced } from "./measures.ts";

/** An axis of the sweep that takes more than one value. */
export interface Axis {
  readonly path: string;
  /** What it is called on an axis of a chart. */
  readonly title: string;
  /** In the order of the study. */
  readonly values: readonly unknown[];
}

export function axesOf({ groups }: Summary): readonly Axis[] {
  const paths = [...new Set(groups.flatMap(({ axes }) => Object.keys(axes)))];
  return paths
    .map((path) => {
      const values = new Map(groups.map(({ axes }) => [axisText(axes[path]), axes[path]]));
      return { path, title: `${spaced(path.split(".").at(-1)!)} (${path})`, values: [...values.values()] };
    })
    .filter(({ values }) => values.length > 1);
}

/** A value of an axis as a word. @example axisText({ a: 1 }) // '{"a":1}' */
export const axisText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The coordinates of a point of the sweep as words; empty without a sweep. */
export const groupName = (axes: SummaryGroup["axes"]): string =>
  Object.entries(axes)
    .map(([path, value]) => `${path} = ${axisText(value)}`)
    .join(", ");
