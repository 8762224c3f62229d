import { createRandom } from "../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import type { Path } from "./paths.ts";
import type { GeneratedTrace, StudyTrace } from "./trace-schema.ts";

/** A stretch of a real trace that is run. Those of one unit of inference are averaged before anything is compared. */
export interface TraceWindow {
  /** The disjoint stretch of calendar time that it lies in. */
  readonly unit: string;
  /** Counts the windows of a unit. */
  readonly place: number;
  readonly fromS: Seconds;
  readonly lengthS: Seconds;
}

type Windows = Exclude<StudyTrace, GeneratedTrace>["windows"];

/**
 * The windows of a trace of length endS: those that are listed, as many as it holds, or at random starts, several in each of
 * as many disjoint units as it holds. @throws what `fault` makes of windows that do not fit.
 */
export function windowsOf(
  { name, windows }: { readonly name: string; readonly windows: Windows },
  endS: Seconds,
  drainH: number,
  fault: (path: Path, text: string) => Error,
): readonly TraceWindow[] {
  const endH = endS / HOUR_S;
  const drain = drainH === 0 ? "" : ` and ${hours(drainH)} of drain`;
  const long = `trace ${name} is ${hours(endH)} long`;
  if (!("lengthH" in windows)) {
    return windows.map(({ fromH, lengthH, wrap }, i) => {
      const needH = fromH + lengthH + drainH;
      if (needH > endH && wrap !== true) {
        throw fault(
          [i],
          `ends at ${hours(fromH + lengthH)}${drain}, but ${long}; move or shorten it, or let it go on at the trace's start with wrap: true`,
        );
      }
      if (fromH >= endH || lengthH + drainH > endH) {
        throw fault([i], `needs ${hours(lengthH)}${drain} from ${hours(fromH)}, but ${long}; move or shorten it`);
      }
      const other = windows.findIndex((each, k) => k !== i && needH - endH > each.fromH);
      if (other >= 0) {
        throw fault(
          [i],
          `goes on at the trace's start until ${hours(needH - endH)}, where windows.${other} is; shorten one`,
        );
      }
      return { unit: span(fromH, lengthH), place: 0, fromS: fromH * HOUR_S, lengthS: lengthH * HOUR_S };
    });
  }
  const { lengthH, random } = windows;
  const unitH = random === undefined ? lengthH + drainH : (random.unitH ?? 2 * (lengthH + drainH));
  const stepH = "everyH" in windows ? (windows.everyH ?? unitH) : unitH;
  const count = Math.floor((endH - unitH) / stepH) + 1;
  if (count < 1) {
    throw fault(
      random === undefined ? ["lengthH"] : ["random"],
      `a window of ${hours(lengthH)}${drain} does not fit${random === undefined ? "" : ` in units of ${hours(unitH)}`}: ${long}; shorten it${random === undefined ? ` to ${hours(Math.floor(endH - drainH))} or less` : ""}, or use a longer trace`,
    );
  }
  const units = Array.from({ length: count }, (_, i) => i * stepH);
  if (random === undefined) {
    return units.map((fromH) => ({
      unit: span(fromH, lengthH),
      place: 0,
      fromS: fromH * HOUR_S,
      lengthS: lengthH * HOUR_S,
    }));
  }
  // Whole seconds; the study's trace names the luck, so that another study on it meets the same stretches.
  const draws = createRandom(`${name}/windows`);
  const stream = draws.stream("start");
  const roomS = (unitH - lengthH - drainH) * HOUR_S;
  return units.flatMap((fromH, i) =>
    Array.from({ length: random.perUnit }, (_, place) => ({
      unit: span(fromH, unitH),
      place,
      fromS: fromH * HOUR_S + Math.floor(draws.at(stream, i, place) * (roomS + 1)),
      lengthS: lengthH * HOUR_S,
    })),
  );
}

const span = (fromH: number, lengthH: number): string => `${hours(fromH)} to ${hours(fromH + lengthH)}`;
const hours = (h: number): string => `${Number(h.toFixed(2))} h`;
