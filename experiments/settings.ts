import { scenarioLabel } from "../policies/contract/scenario.ts";

/**
 * Every setting of the study that a manifest is of, by its path; policies by their names and not by their places.
 * @example settingsOf({ config: { drainH: 12 } }) // drainH -> 12
 */
export function settingsOf({ config }: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const { policies, ...rest } = (config ?? {}) as {
    readonly policies?: readonly Parameters<typeof scenarioLabel>[0][];
  };
  return leavesOf({
    ...rest,
    ...(policies !== undefined && {
      policies: Object.fromEntries(policies.map((policy) => [scenarioLabel(policy), policy])),
    }),
  });
}

/** Every value that is no list and no mapping, by its path. @example leavesOf({ a: { b: [1] } }) // a.b.0 -> 1 */
export function leavesOf(value: unknown, path = ""): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map(value === undefined ? [] : [[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, each]) => [...leavesOf(each, path === "" ? key : `${path}.${key}`)]),
  );
}
