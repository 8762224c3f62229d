import type { TracedRun } from "../../experiments/record.ts";
import type { TimelineInstance } from "../../sim/simulation.ts";
import { ALARM, type Chart, INK, type KeyEntry, MUTED } from "../chart.ts";
import { byPolicy } from "../encodings.ts";
import { counted } from "../numbers.ts";
import { type Looks, looksFor } from "../palette.ts";
import { panels, panelsHeight, pixels, titleLayers } from "../panels.ts";
import { groupName } from "../sweep.ts";
import { type Clock, clockFor } from "../timeline/clock.ts";
import { type Decisions, decisionMark, decisionsOf, decisionTable } from "../timeline/decisions.ts";
import { instanceSpans, notices, reclaims, refusals, workSpans } from "../timeline/instance-marks.ts";
import { instanceTable } from "../timeline/instance-table.ts";
import { layout, longest, type MarketGroup } from "../timeline/layout.ts";
import { bandLabel, capacitySteps, priceSteps } from "../timeline/market-marks.ts";
import { progressLayers, progressOf } from "../timeline/progress-panels.ts";
import { capacityOf, pricesOf, SLICES } from "../timeline/steps.ts";
import type { LuckScene, View } from "./view.ts";

const PANEL = 46;
/** A lane of decisions for each run. */
const LANE = 20;

/** A traced run, and what of it is drawn. */
interface Side extends TracedRun {
  readonly shown: readonly TimelineInstance[];
  readonly decisions: readonly Decisions[];
}

/** Runs on the same luck in one picture: what the market offered to all, and under it what each held, what ran there, and why. */
export const timeline: View<LuckScene> = {
  id: "timeline",
  heading: "Side by side on the same luck",
  draw({ runs, looks }): Chart | undefined {
    if (runs.every(({ timeline: { instances, asks } }) => instances.length === 0 && asks.length === 0))
      return undefined;
    const whole = longest(runs.map((run) => run.timeline));
    const clock = clockFor(whole.endS);
    const panelled = progressOf(runs, whole.endS);
    const all = panels(panelled.length, PANEL);
    const lanesPx = panelsHeight(all) + 28;
    const groups = layout(
      runs.map((run) => run.timeline),
      lanesPx + LANE * runs.length,
    );
    const sides = runs.map(
      (run, i): Side => ({
        ...run,
        shown: groups
          .flatMap(({ blocks }) => blocks.filter((block) => block.run === i).flatMap(({ rows }) => rows))
          .map(({ instance }) => instance)
          .sort((a, b) => a.id - b.id),
        decisions: decisionsOf(run.timeline, clock),
      }),
    );
    const height = groups.at(-1)?.endPx ?? lanesPx + LANE * sides.length;
    const marks = marksOf(sides, groups, clock, whole.endS / SLICES);
    const x = {
      field: "from",
      type: "quantitative" as const,
      scale: { domain: [0, clock.time(whole.endS)], nice: false },
      axis: {
        title: `${clock.unit} from the start of the window`,
        values: [...clock.ticks],
        tickCount: 24,
        labelOverlap: true,
        labelFlush: false,
        grid: true,
      },
    };
    const y = pixels("top", height);
    const span = { x, x2: { field: "to" }, y, y2: { field: "bottom" } };
    const tooltip = { field: "tip", type: "nominal" } as const;
    const policies = sides.map(({ policyId }) => policyId);
    const own = apart(policies, looks);
    const color = byPolicy(policies, own);
    return {
      title: `${sides.map(({ policyId }) => policyId).join(" and ")}, ${placeOf(sides[0]!)}`,
      caption: captionOf(sides, groups),
      key: keyOf(sides, own),
      spec: {
        height,
        layer: [
          ...progressLayers(panelled, all, height, x, color, clock),
          {
            data: { values: groups.flatMap((group) => capacitySteps(whole, group, clock)) },
            mark: { type: "area", interpolate: "step-after", color: "var(--capacity, #dce9da)", opacity: 1 },
            encoding: { x, y, y2: { field: "bottom" }, detail: { field: "market", type: "nominal" } },
          },
          {
            data: { values: groups.flatMap((group) => priceSteps(whole, group, clock)) },
            mark: { type: "line", interpolate: "step-after", strokeWidth: 1.3, color: MUTED },
            encoding: { x, y, detail: { field: "market", type: "nominal" } },
          },
          {
            data: {
              values: groups.map((group) => ({ from: 0, top: group.topPx + 13, text: bandLabel(whole, group) })),
            },
            mark: { type: "text", align: "left", baseline: "alphabetic", limit: { expr: "width" }, color: INK },
            encoding: { x, y, text: { field: "text", type: "nominal" } },
          },
          {
            name: "blocks",
            data: { values: marks.blocks },
            mark: { type: "rect", x: -5, width: 3 },
            encoding: { y, y2: { field: "bottom" }, color },
          },
          {
            name: "refusals",
            data: { values: marks.refusals },
            mark: { type: "rect", color: ALARM },
            encoding: { ...span, tooltip },
          },
          {
            name: "instances",
            data: { values: marks.instances },
            mark: { type: "rect" },
            encoding: {
              ...span,
              color: {
                condition: [
                  { test: "datum.phase === 'starting'", value: "var(--starting, #e6d08c)" },
                  { test: "datum.phase === 'ready'", value: "var(--ready, #c6ccd6)" },
                  { test: "datum.phase === 'spare'", value: "var(--spare, #b3c9e6)" },
                ],
                value: MUTED,
              },
              tooltip,
            },
          },
          {
            name: "work",
            data: { values: marks.work },
            mark: { type: "rect" },
            encoding: {
              ...span,
              color,
              opacity: {
                condition: [
                  { test: "datum.draining", value: 0.25 },
                  { test: "datum.stopped", value: 0.5 },
                ],
                value: 1,
              },
              tooltip,
            },
          },
          {
            name: "notices",
            data: { values: marks.notices },
            mark: { type: "point", shape: "triangle-down", filled: true, size: 46, color: ALARM, opacity: 1 },
            encoding: { x, y, tooltip },
          },
          {
            name: "reclaims",
            data: { values: marks.reclaims },
            mark: {
              type: "point",
              shape: "M-1,-1L1,1M-1,1L1,-1",
              size: 26,
              strokeWidth: 1.8,
              color: ALARM,
              opacity: 1,
            },
            encoding: { x, y, tooltip },
          },
          ...titleLayers([{ px: lanesPx - 4, name: "decisions", result: "" }], height),
          {
            name: "decisions",
            data: {
              values: sides.flatMap(({ policyId, decisions }, i) =>
                decisions.map((slice) => ({
                  policy: policyId,
                  ...decisionMark(slice, lanesPx + LANE * (i + 0.5), clock),
                })),
              ),
            },
            mark: { type: "point", shape: "diamond", size: 54, strokeWidth: 1.2, opacity: 0.9 },
            encoding: {
              x,
              y,
              color,
              fill: { condition: { ...color, test: "datum.reasoned" }, value: "transparent" },
              tooltip,
            },
          },
        ],
      },
      tables: sides.flatMap(({ policyId, timeline: run, shown, decisions }) => [
        instanceTable(policyId, run, shown, clock),
        decisionTable(policyId, decisions, clock),
      ]),
    };
  },
};

function marksOf(sides: readonly Side[], groups: readonly MarketGroup[], clock: Clock, gapS: number) {
  const blocks = groups.flatMap((group) => group.blocks.map((block) => ({ block, side: sides[block.run]! })));
  return {
    blocks: blocks.map(({ block, side }) => ({ policy: side.policyId, top: block.topPx, bottom: block.endPx })),
    refusals: blocks.flatMap(({ block, side }) => owned(side, refusals(block, clock, gapS))),
    instances: blocks.flatMap(({ block, side }) => block.rows.flatMap((row) => owned(side, instanceSpans(row, clock)))),
    work: blocks.flatMap(({ block, side }) =>
      block.rows.flatMap((row) => owned(side, workSpans(row, side.timeline.work, clock))),
    ),
    notices: blocks.flatMap(({ block, side }) => block.rows.flatMap((row) => owned(side, notices(row, clock)))),
    reclaims: blocks.flatMap(({ block, side }) => owned(side, reclaims(block, clock))),
  };
}

const owned = <Mark>({ policyId }: Side, marks: readonly Mark[]) =>
  marks.map((mark) => ({ policy: policyId, ...mark }));

/** Of more policies than there are colours two may have the same one: here they must be told apart by it. */
const apart = (policies: readonly string[], looks: Looks): Looks =>
  new Set(policies.map((policy) => looks.get(policy)?.index)).size < policies.length ? looksFor(policies) : looks;

const placeOf = ({ trace, unit, replicate, axes }: TracedRun): string =>
  [trace, unit, replicate > 0 && `replicate ${replicate}`, groupName(axes)].filter(Boolean).join(", ");

const keyOf = (sides: readonly Side[], looks: Looks): readonly KeyEntry[] => [
  ...sides.map(({ policyId }) => ({
    label: `work of ${policyId}`,
    sample: `policy-${looks.get(policyId)?.index ?? "none"}`,
    policy: policyId,
  })),
  { label: "paler: stopped before its end", sample: "faded" },
  ...(sides.some(({ timeline: run }) => run.work.some(({ drainedToS }) => drainedToS !== undefined))
    ? [{ label: "palest: takes no more requests, finishes those it has", sample: "faded" }]
    : []),
  { label: "instance starting", sample: "key-starting" },
  { label: "ready", sample: "key-ready" },
  ...(sides.some(({ timeline: run }) => run.instances.some(({ spare }) => spare))
    ? [{ label: "ready, a spare", sample: "key-spare" }]
    : []),
  { label: "notice", sample: "key-notice" },
  { label: "reclaimed", sample: "key-cross" },
  { label: "launches refused", sample: "key-refused" },
  { label: "decision, filled: with a reason", sample: "key-decision" },
  { label: "price", sample: "key-price" },
  { label: "capacity", sample: "key-capacity" },
];

function captionOf(sides: readonly Side[], groups: readonly MarketGroup[]): string {
  const [{ timeline: first }] = sides as [Side];
  const silent = first.markets.length - groups.length;
  const thinned = sides.some(({ timeline: run }) =>
    run.markets.some((_, market) => pricesOf(run, market).length > SLICES || capacityOf(run, market).length > SLICES),
  );
  const folded = sides.filter(({ decisions }) => decisions.some(({ asks }) => asks > 1));
  const granted = ({ timeline: { instances } }: Side) => instances.filter(({ runningS }) => runningS !== null).length;
  const cut = sides.filter((side) => granted(side) > side.shown.length);
  return [
    sides.length > 1
      ? `One run each (n = 1), so no interval: it shows how they act, not how well they do. Of the runs that both have done at this point it is the one whose difference is nearest to the mean.`
      : "One run (n = 1), so no interval: it shows how the policy acts, not how well it does.",
    "Each bill is spread over its instance's up-time along the market's price; what costs less so far may only have done less so far.",
    "In each market's band the line is the price from 0 to its highest, the shaded area the capacity from 0 to its highest; each band has its own scale. Under it each policy's instances, its colour at their left, one after another in a row.",
    thinned &&
      `Where they change more than ${SLICES} times, each of ${SLICES} slices shows the highest price and the lowest capacity in it.`,
    ...cut.map(
      (side) =>
        `Drawn are ${side.shown.length} of ${counted(granted(side), "instance")} of ${side.policyId}; for the others there was no room, but they ran too.`,
    ),
    ...folded.map(
      ({ policyId, timeline: { asks }, decisions }) =>
        `${counted(asks.length, "decision")} of ${policyId} share ${counted(decisions.length, "mark")}: a mark stands for all decisions close to it.`,
    ),
    silent > 0 && `${counted(silent, "market")} without a launch ${silent === 1 ? "is" : "are"} left out.`,
  ]
    .filter(Boolean)
    .join(" ");
}
