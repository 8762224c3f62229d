import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "../../yaml-file.ts";
import { type TickJob, type TickPolicy, tickPolicies } from "../tick-run.ts";
import type { Figure, Paper, ReplayOptions, Row } from "./paper.ts";
import { runBatches } from "./tick-batches.ts";
import type { TickBatch, TickOutcome } from "./tick-worker.ts";

export const cantBeLate: Paper = {
  name: "cant-be-late",
  citation: "Wu et al., Can't Be Late: Optimizing Spot Instance Savings under Deadlines, NSDI 2024",
  set: "skypilot-spot-traces",
  replay: (folder, options) => replayCantBeLate(folder, options),
};

/** Its figures, all where none is named. @throws TraceError for a trace that is missing or spoilt */
export async function replayCantBeLate(
  folder: string,
  options: ReplayOptions,
  figures: readonly FigureName[] = Object.keys(FIGURES) as FigureName[],
): Promise<readonly Figure[]> {
  const published = readYaml(fileURLToPath(new URL("./cant-be-late.yaml", import.meta.url)), publishedSchema);
  const planned = figures.map((name) => ({ ...published[name], id: name, rows: FIGURES[name](published) }));
  const batches = planned.flatMap(({ rows }) => rows.flatMap(({ points }) => points.flatMap(({ from }) => from)));
  const outcomesOf = await runBatches(folder, batches, options);
  return planned.map(({ id, title, unit, within, rows }) => ({
    id: id.replace(/^(figure|table)/, (kind) => `${kind} `),
    title,
    unit,
    within,
    rows: rows.map(({ of, points, why }): Row => {
      const done = points.map(({ at, published, from, runs }) => ({
        at,
        published,
        runs: runs(from.map(outcomesOf)),
      }));
      return { of, why, points: done };
    }),
  }));
}

// ── what is published ────────────────────────────────────────────────────────────────

const policyName = z.enum(tickPolicies);
const about = {
  title: z.string(),
  unit: z.string(),
  within: z.union([
    z.strictObject({ mean: z.number() }),
    z.strictObject({ each: z.number() }),
    z.strictObject({ starts: z.number() }),
  ]),
  folder: z.string(),
  why: z.record(z.string(), z.string()).default({}),
};
const byPolicy = <T>(value: z.ZodType<T>) => z.partialRecord(policyName, value);
const curves = z.record(z.string(), byPolicy(z.array(z.number())));
const byDeadline = z.record(z.string(), z.number());
const gaps = z.strictObject({
  ...about,
  panels: z.array(z.string()),
  groups: z.array(z.string()),
  gaps: byPolicy(z.array(z.number())),
});
const publishedSchema = z.strictObject({
  k: z.number(),
  figure8: z.strictObject({
    ...about,
    cells: z.array(
      z.strictObject({
        panel: z.string(),
        share: z.number(),
        greedy: z.number(),
        slices: z.int(),
        sliced: z.number(),
      }),
    ),
  }),
  figure11: z.strictObject({ ...about, deadlinesH: z.array(z.number()), curves }),
  figure12: gaps,
  figure13: z.strictObject({ ...about, overheadsH: z.array(z.number()), curves }),
  figure14: gaps,
  figure18: z.strictObject({ ...about, deadlinesH: z.array(z.number()), curves }),
  table3: z.strictObject({ ...about, hours: byPolicy(z.tuple([z.number(), z.number()])) }),
  table5: z.strictObject({
    ...about,
    jobs: z.array(
      z.strictObject({
        name: z.string(),
        trace: z.string(),
        discount: z.number(),
        workH: z.number(),
        overheadH: z.number(),
        savings: byPolicy(byDeadline),
        lead: byDeadline.default({}),
      }),
    ),
  }),
});
type Published = z.infer<typeof publishedSchema>;
type FigureName = Exclude<keyof Published, "k">;

// ── what is run for it ───────────────────────────────────────────────────────────────

interface PlannedRow {
  readonly of: string;
  readonly why?: string | undefined;
  readonly points: readonly {
    readonly at: string;
    readonly published: number;
    readonly from: readonly TickBatch[];
    /** From the outcomes of each of its batches; ours is their mean. */
    runs(outcomes: readonly (readonly TickOutcome[])[]): readonly number[];
  }[];
}

/** The paper draws 300 starts a trace at random; these are spaced evenly, so that no luck is in ours. */
const TWO_WEEKS = { count: 103, belowTick: 1_236 };
const TWO_MONTHS = { count: 30 };
const FOUR_NODES = { count: 50 };
const REAL_RUNS = { count: 100 };

const FIGURES: Readonly<Record<FigureName, (published: Published) => readonly PlannedRow[]>> = {
  figure8: ({ k, figure8: { folder, cells } }) => {
    const points = (policy: "greedy" | "sliced") =>
      cells.map((cell) => ({
        at: `${cell.panel}, C/R ${cell.share}`,
        published: cell[policy],
        from: [
          batch(
            folder,
            cell.panel,
            TWO_WEEKS,
            { ...job(k, 48 / cell.share), n: cell.slices },
            policy === "greedy" ? policy : "time_sliced",
          ),
        ],
        runs: savings,
      }));
    return [
      { of: "greedy", points: points("greedy") },
      { of: "sliced", points: points("sliced") },
    ];
  },
  figure11: ({ k, figure11: { folder, deadlinesH, curves, why } }) =>
    rowsOf(curves, why, deadlinesH, (panel, R, policy) => batch(folder, panel, TWO_WEEKS, job(k, R), policy)),
  figure12: ({ k, figure11: { deadlinesH }, figure12 }) =>
    gapRows(figure12, deadlinesH, "omniscient", (panel, R, policy) =>
      batch(figure12.folder, panel, TWO_WEEKS, job(k, R), policy),
    ),
  figure13: ({ k, figure13: { folder, overheadsH, curves, why } }) =>
    rowsOf(curves, why, overheadsH, (panel, d, policy) => batch(folder, panel, TWO_WEEKS, job(k, 60, d), policy)),
  figure14: ({ k, figure11: { deadlinesH }, figure14 }) =>
    gapRows(figure14, deadlinesH, "omniscient_heterogeneous", (panel, R, policy) =>
      batch(figure14.folder, panel, FOUR_NODES, { ...job(k, R), nodes: 4 }, policy),
    ),
  figure18: ({ k, figure18: { folder, deadlinesH, curves, why } }) =>
    rowsOf(curves, why, deadlinesH, (panel, R, policy) => batch(folder, panel, TWO_MONTHS, job(k, R), policy)),
  table3: ({ k, figure11: { curves }, table3: { folder, hours, why } }) =>
    entriesOf(hours).map(([policy, [onDemand, spot]]) => {
      const from = Object.keys(curves).map((panel) => batch(folder, panel, TWO_WEEKS, job(k, 60), policy));
      return {
        of: policy,
        why: why[policy],
        points: [
          { at: "on-demand", published: onDemand, from, runs: (all) => all.flat().map((one) => one.onDemandWorkH) },
          { at: "spot", published: spot, from, runs: (all) => all.flat().map((one) => one.spotWorkH) },
        ],
      };
    }),
  table5: ({ table5: { folder, jobs, why } }) =>
    jobs.flatMap(({ name, trace, discount, workH, overheadH, savings: published, lead }): PlannedRow[] => {
      const at = (R: string, policy: TickPolicy) =>
        batch(folder, trace, REAL_RUNS, { ...job(1 / (1 - discount), Number(R), overheadH), C_hours: workH }, policy);
      const row = (of: string, byDeadline: Readonly<Record<string, number>>, policies: readonly TickPolicy[]) => ({
        of: `${name}: ${of}`,
        why: why[`${name}: ${of}`],
        points: Object.entries(byDeadline).map(([R, published]) => ({
          at: `${R} h`,
          published,
          from: policies.map((policy) => at(R, policy)),
          runs: policies.length === 1 ? savings : leads,
        })),
      });
      return [
        ...entriesOf(published).map(([policy, byDeadline]) => row(policy, byDeadline, [policy])),
        ...(Object.keys(lead).length > 0 ? [row("lead", lead, ["uniform_progress", "greedy"])] : []),
      ];
    }),
};

/** Cut into n = 8 slices by the policies that slice, as in Figure 11; Figure 12 does not say its n. */
const job = (k: number, R_hours: number, d_hours = 0.2): TickJob => ({
  C_hours: 48,
  R_hours,
  d_hours,
  k,
  nodes: 1,
  n: 8,
});

const batch = (
  folder: string,
  panel: string,
  starts: TickBatch["starts"],
  job: TickJob,
  policy: TickPolicy,
): TickBatch => ({ trace: `${folder}/${panel}.json`, starts, job, policy });

/** A row a policy, over all panels and places of the axis. */
function rowsOf(
  curves: Published["figure11"]["curves"],
  why: Readonly<Record<string, string>>,
  axis: readonly number[],
  batchOf: (panel: string, at: number, policy: TickPolicy) => TickBatch,
): PlannedRow[] {
  const policies = new Set(Object.values(curves).flatMap((panel) => entriesOf(panel).map(([policy]) => policy)));
  return [...policies].map((policy) => ({
    of: policy,
    why: why[policy],
    points: Object.entries(curves).flatMap(([panel, { [policy]: values = [] }]) =>
      values.map((published, i) => ({
        at: `${panel}, ${axis[i]} h`,
        published,
        from: [batchOf(panel, axis[i]!, policy)],
        runs: savings,
      })),
    ),
  }));
}

/** A row a policy, a point a group of samples: what it costs beyond the optimum of the same sample, averaged over the group. */
function gapRows(
  { panels, groups, gaps, why }: Published["figure12"],
  deadlinesH: readonly number[],
  optimum: TickPolicy,
  batchOf: (panel: string, R: number, policy: TickPolicy) => TickBatch,
): PlannedRow[] {
  return entriesOf(gaps).map(([policy, values]) => ({
    of: policy,
    why: why[policy],
    points: values.map((published, i) => {
      const [isHigh, isTight] = [groups[i]!.includes("high"), groups[i]!.includes("tight")];
      const own = panels.flatMap((panel) =>
        deadlinesH.filter((R) => 48 / R > 0.75 === isTight).map((R) => batchOf(panel, R, policy)),
      );
      return {
        at: groups[i]!,
        published,
        from: [...own, ...own.map((each) => ({ ...each, policy: optimum }))],
        runs: (all) =>
          own.flatMap((_, b) =>
            all[b]!.flatMap(({ cost, spotShare }, start) =>
              spotShare > 0.5 === isHigh ? [100 * (cost - all[own.length + b]![start]!.cost)] : [],
            ),
          ),
      };
    }),
  }));
}

/** How much more the first saves than the second, at the same start. */
const leads = ([ours = [], others = []]: readonly (readonly TickOutcome[])[]): number[] =>
  ours.map(({ cost }, start) => 100 * (others[start]!.cost - cost));

const savings = ([outcomes = []]: readonly (readonly TickOutcome[])[]): number[] =>
  outcomes.map(({ cost }) => 100 * (1 - cost));

const entriesOf = <T>(record: Readonly<Partial<Record<TickPolicy, T>>>): [TickPolicy, T][] =>
  Object.entries(record) as [TickPolicy, T][];
