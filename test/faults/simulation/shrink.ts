import type { Plan } from "./plan.ts";
import { run } from "./run.ts";

/** Only these of the plan's faults, by position. */
export const keeping = (plan: Plan, kept: readonly number[]): Plan => ({
  ...plan,
  faults: kept.map((at) => plan.faults[at]!),
});

/** The fewest faults, found by leaving out one after another, that break the same law. @returns their positions */
export async function shrunk(plan: Plan, broken: string): Promise<readonly number[]> {
  let kept = plan.faults.map((_, at) => at);
  for (const at of [...kept]) {
    const fewer = kept.filter((each) => each !== at);
    const outcome = await run(keeping(plan, fewer));
    if (outcome.broken !== undefined && lawOf(outcome.broken) === lawOf(broken)) kept = fewer;
  }
  return kept;
}

/** Of "at 12 s: law: what". */
export const lawOf = (broken: string): string => broken.split(": ")[1]!;
