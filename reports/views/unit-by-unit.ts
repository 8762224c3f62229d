import type { Summary, SummaryGroup } from "../../experiments/summary.ts";
import { ALARM, type Chart, INK, MUTED } from "../chart.ts";
import { orDash } from "../comparison-table.ts";
import { byPolicy } from "../encodings.ts";
import { comparisonName, onPrimaryMetric } from "../estimates.ts";
import { name } from "../html.ts";
import { measure } from "../measures.ts";
import { counted, type Scale, scaleFor } from "../numbers.ts";
import { type Panel, panels, panelsHeight, pixels, placeIn, titleLayers } from "../panels.ts";
import type { Table } from "../table.ts";
import type { GroupScene, View } from "./view.ts";

const PLOT = 40;
/** Above the first panel, for the names of traces where there are several. */
const HEAD = 18;
/** Bars that can still be told apart; where there are more units, neighbours share one. */
const BARS_MAX = 80;
const ROWS_MAX = 200;

/** One unit of one trace. */
interface Stretch {
  /** Its place on the axis, from 1. */
  readonly at: number;
  readonly trace: string;
  readonly unit: string;
  readonly values: Readonly<Record<string, number | null>>;
}

/** A policy's differences from another, and the panel that shows them. */
interface Row {
  readonly policy: string;
  readonly name: string;
  readonly panel: Panel;
  readonly differences: readonly { readonly stretch: Stretch; readonly value: number }[];
}

/** Small multiples, a panel a comparison: on which unit of which trace a policy beats the other, and on which it loses. */
export const unitByUnit: View<GroupScene> = {
  id: "unit-by-unit",
  heading: "Where each policy wins and loses",
  draw({ summary, group, looks }): Chart | undefined {
    const { baseline, primaryMetric, better } = summary;
    const stretches = stretchesOf(group);
    const rows = rowsOf(summary, group, stretches);
    if (rows.length === 0 || stretches.length < 2) return undefined;
    const { title, unit } = measure(primaryMetric);
    const scale = scaleFor(
      unit,
      rows.flatMap(({ differences }) => differences.map(({ value }) => value)),
    );
    const height = panelsHeight(rows.map(({ panel }) => panel));
    const perBar = Math.ceil(stretches.length / BARS_MAX);
    const wins = (value: number) => (better === "lower" ? value < 0 : value > 0);
    const drawn = rows.map((row) => barsOf(row, perBar, scale, wins));
    const policies = [...new Set(rows.map(({ policy }) => policy))];
    return {
      title: `Difference in ${title} from ${baseline}, unit by unit`,
      caption: captionOf(summary, group, stretches.length, perBar),
      key: [{ label: "worse than the other on that unit", sample: "key-worse" }],
      spec: {
        height,
        layer: [
          {
            data: { values: drawn.flatMap(({ bars }) => bars) },
            mark: { type: "rect" },
            encoding: {
              x: {
                field: "from",
                type: "quantitative",
                scale: { domain: [0.5, stretches.length + 0.5], nice: false },
                axis: {
                  title: "unit of inference, in the order of the study",
                  tickMinStep: 1,
                  grid: false,
                  format: "d",
                },
              },
              x2: { field: "to" },
              y: pixels("top", height),
              y2: { field: "bottom" },
              color: {
                condition: {
                  test: "datum.wins",
                  ...byPolicy(policies, looks),
                },
                value: ALARM,
              },
              tooltip: { field: "tip", type: "nominal" },
            },
          },
          {
            data: { values: drawn.map(({ zeroPx }, i) => ({ policy: rows[i]!.policy, px: zeroPx })) },
            mark: { type: "rule", color: INK, opacity: 0.6 },
            encoding: { y: pixels("px", height) },
          },
          {
            data: { values: group.traces.length > 1 ? firsts(stretches) : [] },
            layer: [
              {
                transform: [{ filter: "datum.from > 1" }],
                mark: { type: "rule", color: MUTED, strokeDash: [2, 3] },
                encoding: { x: { field: "from", type: "quantitative" } },
              },
              {
                mark: { type: "text", align: "left", dx: 4, color: INK },
                encoding: {
                  x: { field: "from", type: "quantitative" },
                  y: { value: 8 },
                  text: { field: "trace", type: "nominal" },
                },
              },
            ],
          },
          ...titleLayers(
            rows.map((row) => ({
              policy: row.policy,
              px: row.panel.titlePx,
              name: row.name,
              result: resultOf(row, scale, wins),
            })),
            height,
          ),
        ],
      },
      tables: [valueTable(group, stretches, `${title}`, unit)],
    };
  },
};

const stretchesOf = ({ traces }: SummaryGroup): readonly Stretch[] =>
  traces
    .flatMap(({ trace, units, values }) =>
      units.map((unit, i) => ({
        trace,
        unit,
        values: Object.fromEntries(Object.entries(values).map(([policy, of]) => [policy, of[i] ?? null])),
      })),
    )
    .map((stretch, i) => ({ at: i + 1, ...stretch }));

function rowsOf(
  { baseline, primaryMetric }: Summary,
  group: SummaryGroup,
  stretches: readonly Stretch[],
): readonly Row[] {
  const found = onPrimaryMetric(group, primaryMetric).flatMap((comparison) => {
    const { policyId, against } = comparison;
    const differences = stretches.flatMap((stretch) => {
      const [ours, theirs] = [stretch.values[policyId] ?? null, stretch.values[against] ?? null];
      return ours === null || theirs === null ? [] : [{ stretch, value: ours - theirs }];
    });
    return differences.length === 0
      ? []
      : [{ policy: policyId, name: comparisonName(comparison, baseline), differences }];
  });
  const all = panels(found.length, PLOT, group.traces.length > 1 ? HEAD : 0);
  return found.map((row, i) => ({ ...row, panel: all[i]! }));
}

/** From 0 to the mean difference of each bar's units, which are neighbours on one trace. */
function barsOf(
  { policy, name, panel, differences }: Row,
  perBar: number,
  scale: Scale,
  wins: (value: number) => boolean,
) {
  const groups = Map.groupBy(
    differences,
    ({ stretch }) => `${stretch.trace}\n${Math.floor((stretch.at - 1) / perBar)}`,
  );
  const means = [...groups.values()].map((of) => ({
    of,
    mean: of.reduce((sum, { value }) => sum + value, 0) / of.length,
  }));
  const place = placeIn(panel, [0, ...means.map(({ mean }) => mean)]);
  const bars = means.map(({ of, mean }) => {
    const [first, last] = [of[0]!.stretch, of.at(-1)!.stretch];
    const units = of.length === 1 ? first.unit : `${first.unit} to ${last.unit}, mean`;
    return {
      policy,
      from: first.at - 0.4,
      to: last.at + 0.4,
      top: place(Math.max(0, mean)),
      bottom: place(Math.min(0, mean)),
      wins: wins(mean),
      tip: `${name}, ${units}\n${scale.formatSigned(mean)} ${scale.unit}`,
    };
  });
  return { bars, zeroPx: place(0) };
}

/** Where each trace begins. */
const firsts = (stretches: readonly Stretch[]) =>
  stretches
    .filter(({ trace }, i) => stretches[i - 1]?.trace !== trace)
    .map(({ at, trace }) => ({ from: at - 0.5, trace }));

function resultOf({ differences }: Row, scale: Scale, wins: (value: number) => boolean): string {
  const values = differences.map(({ value }) => value);
  const won = values.filter(wins).length;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `better on ${won} of ${counted(values.length, "unit")}; ${scale.formatSigned(low)} to ${scale.formatSigned(high)} ${scale.unit}`;
}

function captionOf({ baseline }: Summary, group: SummaryGroup, stretches: number, perBar: number): string {
  const averaged = group.replicates > 1 ? `, each the mean of ${group.replicates} replicates` : "";
  return [
    `Policy minus ${baseline}, or minus the other where a name says so, on the same luck: ${counted(stretches, "unit")}${averaged}. One value each, so no interval.`,
    perBar > 1 &&
      `A bar is the mean of ${perBar} neighbouring units, which hides extremes; the counts are of single units.`,
    "Each panel has its own scale, with 0 at its line: its title says from where to where.",
    "A policy may win on the mean through few units, and lose on most; which units it loses is a hint where to look, not a finding.",
  ]
    .filter(Boolean)
    .join(" ");
}

function valueTable(
  { policies, traces }: SummaryGroup,
  stretches: readonly Stretch[],
  title: string,
  unit: string,
): Table {
  const ids = policies.map(({ policyId }) => policyId);
  const shown = stretches.slice(0, ROWS_MAX);
  const scale = scaleFor(
    unit,
    shown.flatMap(({ values }) => Object.values(values).filter((value) => value !== null)),
  );
  const left = stretches.length - shown.length;
  return {
    caption: `${title}${scale.unit && `, ${scale.unit}`}, of each policy on each unit${left > 0 ? `; the other ${left} are in summary.json` : ""}`,
    columns: [{ title: "unit" }, ...ids.map((id) => ({ title: id, numeric: true, policy: id }))],
    rows: shown.map(({ trace, unit, values }) => [
      name(traces.length > 1 ? `${trace}, ${unit}` : unit),
      ...ids.map((id) => orDash(values[id], scale.format)),
    ]),
  };
}
