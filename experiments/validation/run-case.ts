import { nearestName } from "../../policies/contract/nearest.ts";
import { type Mismatch, mismatches } from "./compare.ts";
import { withFilesFound } from "./data-paths.ts";
import type { Computed } from "./kind.ts";
import { kinds } from "./kinds/index.ts";
import type { TargetCase, TargetFile } from "./target-file.ts";

export interface CaseResult {
  readonly file: string;
  readonly suite: string;
  readonly id: string;
  readonly kind: string;
  readonly passed: boolean;
  readonly expected: Computed;
  /** Where what was computed is not that. */
  readonly mismatches: readonly Mismatch[];
  /** Why nothing was computed. */
  readonly error?: string;
  readonly got?: Computed;
  readonly wallMs: number;
}

/** Computes one case and compares. Never throws: a case that cannot be computed is a failed one. */
export async function runCase(file: TargetFile, target: TargetCase): Promise<CaseResult> {
  const startMs = performance.now();
  const { id, kind, expect, tolerance } = target;
  const about = { file: file.path, suite: file.suite, id, kind, expected: expect };
  try {
    const got = await computed(file, target);
    const different = mismatches(expect, got, tolerance);
    const wallMs = performance.now() - startMs;
    return { ...about, passed: different.length === 0, mismatches: different, got, wallMs };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ...about, passed: false, mismatches: [], error: text, wallMs: performance.now() - startMs };
  }
}

async function computed(
  { dataRoots }: TargetFile,
  { kind: name, policy, inputs, params }: TargetCase,
): Promise<Computed> {
  const kind = kinds.find((each) => each.name === name);
  if (kind === undefined) {
    const names = kinds.map((each) => each.name);
    throw new Error(
      `no kind is called "${name}"; did you mean "${nearestName(name, names)}"? There are ${names.join(", ")}`,
    );
  }
  return kind.compute(withFilesFound(inputs, dataRoots), params, policy);
}
