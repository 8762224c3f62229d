import type { Summary, VarianceShares } from "../summary.ts";

/** What is varied: how many values it takes. */
export interface Factor {
  readonly name: string;
  readonly levels: number;
}

/**
 * Which factors a full-factorial grid of values owes its variance to, alone and together: exact, since every combination is there
 * once. The shares of all sets of factors add up to 1.
 * Source: Fisher's analysis of variance; Montgomery, "Design and Analysis of Experiments", 2017, 5.3.
 *
 * @param values one a combination, the last factor changing fastest.
 * @returns names of each set of factors and its share; empty where all values are equal.
 * @example varianceShares([{ name: "a", levels: 2 }, { name: "b", levels: 2 }], [0, 1, 2, 3]) // a 0.8, b 0.2, a and b 0
 */
export function varianceShares(
  factors: readonly Factor[],
  values: readonly number[],
): { readonly of: readonly string[]; readonly share: number }[] {
  const strides = factors.map((_, f) => factors.slice(f + 1).reduce((product, { levels }) => product * levels, 1));
  const levelOf = (at: number, f: number): number => Math.floor(at / strides[f]!) % factors[f]!.levels;
  const sets = Array.from({ length: 2 ** factors.length }, (_, set) => set).sort((a, b) => size(a) - size(b) || a - b);
  /** [set]: place -> what the set's levels there add beyond those of its subsets. */
  const effects = new Map<number, Float64Array>();
  const sums = sets.map((set) => {
    const place = (at: number): string => factors.map((_, f) => (set & (1 << f) ? levelOf(at, f) : "")).join();
    const left = values.map((value, at) => {
      let rest = value;
      for (const [other, effect] of effects) if ((other & set) === other) rest -= effect[at]!;
      return rest;
    });
    const means = new Map<string, { sum: number; n: number }>();
    for (const [at, rest] of left.entries()) {
      const mean = means.get(place(at)) ?? { sum: 0, n: 0 };
      means.set(place(at), { sum: mean.sum + rest, n: mean.n + 1 });
    }
    const effect = Float64Array.from(values, (_, at) => means.get(place(at))!.sum / means.get(place(at))!.n);
    effects.set(set, effect);
    return { set, squares: effect.reduce((sum, each) => sum + each * each, 0) };
  });
  const varying = sums.filter(({ set }) => set !== 0);
  const total = varying.reduce((sum, { squares }) => sum + squares, 0);
  // What rounding leaves of equal values is no variance.
  const scale = values.reduce((sum, value) => sum + value * value, 0);
  if (total <= 1e-20 * scale) return [];
  return varying.map(({ set, squares }) => ({
    of: factors.filter((_, f) => set & (1 << f)).map(({ name }) => name),
    share: squares / total,
  }));
}

function size(set: number): number {
  let count = 0;
  for (let rest = set; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

/** More factors than these, and nobody reads their interactions. */
const FACTORS_MAX = 6;

/**
 * Which axis of a sweep matters: of what each policy comes to, and of how it compares with the baseline. Nothing without a sweep, or
 * where a point of it has no value.
 */
export function sweepShares({
  groups,
  baseline,
  primaryMetric,
}: Pick<Summary, "groups" | "baseline" | "primaryMetric">): VarianceShares[] {
  const axes = [...new Set(groups.flatMap(({ axes }) => Object.keys(axes)))]
    .map((name) => ({ name, values: [...new Set(groups.map(({ axes }) => JSON.stringify(axes[name])))] }))
    .filter(({ values }) => values.length > 1);
  const place = (coordinates: readonly (string | undefined)[]): string => JSON.stringify(coordinates);
  const at = new Map(groups.map((group) => [place(axes.map(({ name }) => JSON.stringify(group.axes[name]))), group]));
  const combinations = axes.reduce<string[][]>(
    (heads, { values }) => heads.flatMap((head) => values.map((value) => [...head, value])),
    [[]],
  );
  // The last axis changes fastest, in whatever order the groups came.
  const points = combinations.flatMap((each) => at.get(place(each)) ?? []);
  if (axes.length === 0 || axes.length + 1 > FACTORS_MAX || points.length < combinations.length) return [];
  const ids = points[0]!.policies.flatMap(({ policyId, clairvoyant }) => (clairvoyant ? [] : [policyId])).sort();
  const factors = axes.map(({ name, values }) => ({ name, levels: values.length }));
  const shares = (
    quantity: VarianceShares["quantity"],
    policies: readonly string[],
    read: (group: Summary["groups"][number], id: string) => number | undefined,
  ) => {
    const values = policies.flatMap((id) => points.map((group) => read(group, id)));
    if (policies.length === 0 || values.some((value) => value === undefined)) return [];
    const all = policies.length > 1 ? [{ name: "policy", levels: policies.length }, ...factors] : factors;
    const found = varianceShares(all, values as number[]);
    return found.length === 0 ? [] : [{ quantity, policies, shares: found.filter(({ share }) => share >= 0.0005) }];
  };
  return [
    ...shares(
      "value",
      ids,
      ({ policies }, id) => policies.find(({ policyId }) => policyId === id)?.metrics[primaryMetric]?.mean,
    ),
    ...shares(
      "change",
      ids.filter((id) => id !== baseline),
      ({ comparisons }, id) =>
        comparisons.find((each) => each.metric === primaryMetric && each.policyId === id && each.against === baseline)
          ?.ratio?.mean,
    ),
  ];
}
