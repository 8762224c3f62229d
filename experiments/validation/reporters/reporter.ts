import type { CaseResult } from "../run-case.ts";

/** How results are told on standard output. */
export interface Reporter {
  readonly name: string;
  readonly summary: string;
  /** As soon as a case is done; absent where all is told at the end. */
  readonly line?: (result: CaseResult) => string;
  readonly end: (results: readonly CaseResult[]) => string;
}

/** As JSON writes it, but NaN and Infinity, which JSON cannot say, by name, and what is not there as "nothing". */
function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value, namedNumbers);
}

export const namedNumbers = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

/** A line holds so many mismatches, and so much of a value; the JSON reporter has all. */
const MISMATCHES_TOLD = 3;
const VALUE_TOLD = 160;

export function whyFailed({ expected, mismatches, error }: CaseResult): string {
  if (error !== undefined) return `expected ${cut(shown(expected))}, got none: ${error}`;
  const told = mismatches
    .slice(0, MISMATCHES_TOLD)
    .map(({ field, expected, got }) => `${field}: expected ${cut(shown(expected))}, got ${cut(shown(got))}`);
  const rest = mismatches.length - told.length;
  return [...told, ...(rest === 0 ? [] : [`and ${rest} more`])].join("; ");
}

const cut = (text: string): string => (text.length <= VALUE_TOLD ? text : `${text.slice(0, VALUE_TOLD)}...`);

export const failedOf = (results: readonly CaseResult[]): number => results.filter(({ passed }) => !passed).length;
