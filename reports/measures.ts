import { metricNamed } from "../experiments/metrics.ts";

/** How a metric is shown. */
export interface Measure {
  readonly title: string;
  readonly unit: string;
}

/**
 * A metric's title and unit: those of its definition, or what the name of one that nobody described says.
 * @example measure("completionP95H") // { title: "completion time, P95", unit: "h" }
 */
export function measure(metric: string): Measure {
  const known = metricNamed(metric);
  if (known !== undefined)
    return { title: known.title.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()), unit: known.unit };
  const [suffix, unit] = SUFFIXES.find(([suffix]) => suffix.test(metric)) ?? [/$/, ""];
  return { title: spaced(metric.replace(suffix, "")).replace(/^usd/, "USD"), unit };
}

/** Names of metrics end in their unit. */
const SUFFIXES: readonly (readonly [RegExp, string])[] = [
  [/UsdPerHour$/, "USD/h"],
  [/Usd$|^(?=usdPer)/, "USD"],
  [/H$|(?=Hours$)/, "h"],
  [/Ms$/, "ms"],
  [/(?<=[a-z\d])S$/, "s"],
  [/(?=Share$)/, "share"],
];

/** @example spaced("rowsRead") // "rows read" */
export const spaced = (identifier: string): string =>
  identifier.replace(/([a-z0-9])([A-Z])/g, (_, before, letter) => `${before} ${letter.toLowerCase()}`);

/** As the start of a sentence or a heading. @example sentence("cost per work hour") // "Cost per work hour" */
export const sentence = (text: string): string => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
