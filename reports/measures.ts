/** How a metric is shown. */
export interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher" | undefined;
}

/**
 * The metric's title and unit.
 * @example measure("completionP95H") // { title: "completion p95", unit: "h", better: "lower" }
 */
export function measure(metric: string): Measure {
  return { title: spaced(metric), unit: unitOf(metric), better: undefined };
}

/** @example spaced("rowsRead") // "rows read" */
export const spaced = (identifier: string): string =>
  identifier.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/\b[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());

/** As the start of a sentence or a heading. @example sentence("cost per work hour") // "Cost per work hour" */
export const sentence = (text: string): string => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());

/** Names end in their unit. */
function unitOf(metric: string): string {
  if (/Usd$|^usdPer/.test(metric)) return "USD";
  if (/UsdPerHour$/.test(metric)) return "USD/h";
  if (/(Hours|H)$/.test(metric)) return "h";
  if (/Ms$/.test(metric)) return "ms";
  if (/S$/.test(metric)) return "s";
  if (/Share$/.test(metric)) return "share";
  return "";
}
