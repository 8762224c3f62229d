import { mean, standardDeviation } from "simple-statistics";
import type { Seconds } from "../policies/contract/units.ts";
import { TraceError } from "./columns.ts";
import { csvRows } from "./formats/csv.ts";
import { readSources } from "./formats/source-file.ts";

/** Requests as they arrive, in order of time. */
export interface RequestArrivals {
  readonly arrivalsS: readonly Seconds[]; // [request]
  readonly inputTokens: readonly number[]; // [request]
}

/**
 * A query file of SpotServe's artifact (elastic-switch/trace/query): `id,arrival s,input tokens,offset`, without a header.
 * @throws TraceError for what is no such row, and a clock that runs backwards.
 */
export async function readRequestArrivals(path: string): Promise<RequestArrivals> {
  const [file] = await readSources([path], () => false);
  const arrivalsS: number[] = [];
  const inputTokens: number[] = [];
  for await (const { cells, line } of csvRows(file!, ",")) {
    const where = `${path}:${line}`;
    const [arrivalS, tokens] = cells.slice(1).map(Number);
    if (cells.length !== 4 || cells.includes("") || !(arrivalS! >= 0) || !Number.isInteger(tokens) || tokens! < 0) {
      throw new TraceError(
        `${where}: ${JSON.stringify(cells.join(",").slice(0, 60))} is no request; expected id,arrival s,input tokens,offset`,
      );
    }
    if (arrivalS! < (arrivalsS.at(-1) ?? 0)) {
      throw new TraceError(`${where}: the clock runs backwards; is this two traces in one file?`);
    }
    arrivalsS.push(arrivalS!);
    inputTokens.push(tokens!);
  }
  return { arrivalsS, inputTokens };
}

/** How requests follow one another: a coefficient of variation of 1 is as by chance, 0 as by a clock. */
export interface ArrivalStatistics {
  readonly requests: number;
  readonly firstS: Seconds | undefined;
  readonly lastS: Seconds | undefined;
  /** Undefined, as is the next, below two requests. */
  readonly meanGapS: Seconds | undefined;
  /** Standard deviation (of the population) over mean. */
  readonly cvGap: number | undefined;
}

/** @param arrivalsS in order of time. @example arrivalStatistics([1, 2, 5]) // gaps of 1 and 3: mean 2, cv 0.5 */
export function arrivalStatistics(arrivalsS: readonly Seconds[]): ArrivalStatistics {
  const gapsS = arrivalsS.slice(1).map((arrivalS, i) => arrivalS - arrivalsS[i]!);
  const meanGapS = gapsS.length === 0 ? undefined : mean(gapsS);
  return {
    requests: arrivalsS.length,
    firstS: arrivalsS[0],
    lastS: arrivalsS.at(-1),
    meanGapS,
    cvGap: meanGapS === undefined ? undefined : standardDeviation(gapsS) / meanGapS,
  };
}
