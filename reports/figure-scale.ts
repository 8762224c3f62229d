import type { PublishedFigure } from "../experiments/summary.ts";
import { type Scale, scaleFor } from "./numbers.ts";

/** One scale for a published figure, ours, and the steps between them. */
export function figureScale({ unit, from, to, ours, steps }: PublishedFigure): Scale {
  const estimates = [ours, ...steps.map((step) => step.ours)].flatMap((each) => each ?? []);
  return scaleFor(
    unit,
    [from, to, ...estimates.flatMap(({ mean, low, high }) => [mean, low, high])].flatMap((value) => value ?? []),
  );
}

/** A number with its unit. @example withUnit("7", "%") // "7 %", with a space that does not break */
export const withUnit = (number: string, unit: string): string => (unit === "" ? number : `${number}\u00A0${unit}`);

/** What a scale's differences are in: shares differ by points, not by per cent. */
export const differenceUnit = ({ unit }: Scale): string => (unit === "%" ? "points" : unit);

/** With the digits that it was published with. @example asPublished(0.07, "share") // "7 %" */
export function asPublished(value: number, unit: string): string {
  const shown = unit === "share" ? 100 * value : value;
  const digits = shown.toLocaleString("en-US", { maximumFractionDigits: 6 }).replace("-", "\u2212");
  return withUnit(digits, unit === "share" ? "%" : unit);
}
