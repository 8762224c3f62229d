import type { TargetCase, Tolerance } from "./target-file.ts";

/** A part of a result that is not what was expected. */
export interface Mismatch {
  /** @example "series[1].mean" */
  readonly field: string;
  readonly expected: unknown;
  /** undefined where nothing of that name was computed. */
  readonly got: unknown;
}

/**
 * Where a result differs from what is expected of it, field by field; what else was computed is not looked at. A number may
 * lie abs + rel x |expected| away, or as far as `fields` says for that field and all within it; lists and mappings are
 * compared part by part, with equal length and equal keys; all else must be equal. NaN never passes.
 * @example mismatches({ n: 2 }, { n: 3, mean: 1 }, { abs: 0.5, rel: 0 }) // [{ field: "n", expected: 2, got: 3 }]
 */
export function mismatches(
  expected: TargetCase["expect"],
  got: Readonly<Record<string, unknown>>,
  { fields, ...all }: TargetCase["tolerance"],
): Mismatch[] {
  return Object.entries(expected).flatMap(([field, value]) => {
    const tolerance = fields !== undefined && Object.hasOwn(fields, field) ? fields[field]! : all;
    return differences(field, value, Object.hasOwn(got, field) ? got[field] : undefined, tolerance);
  });
}

function differences(field: string, expected: unknown, got: unknown, tolerance: Tolerance): Mismatch[] {
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length) {
    return expected.flatMap((each, i) => differences(`${field}[${i}]`, each, got[i], tolerance));
  }
  if (isMapping(expected) && isMapping(got) && sameKeys(expected, got)) {
    return Object.keys(expected).flatMap((key) => differences(`${field}.${key}`, expected[key], got[key], tolerance));
  }
  const isEqual =
    typeof expected === "number" && typeof got === "number" ? isNear(expected, got, tolerance) : expected === got;
  return isEqual ? [] : [{ field, expected, got }];
}

/** Around Infinity, which JSON can say as 1e999, everything would lie within any relative tolerance. */
const isNear = (expected: number, got: number, { abs, rel }: Tolerance): boolean =>
  Number.isFinite(expected) && Math.abs(got - expected) <= abs + rel * Math.abs(expected);

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const sameKeys = (a: object, b: object): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => Object.hasOwn(b, key));
