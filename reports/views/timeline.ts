import type { Timeline } from "../../sim/simulation.ts";
import { ALARM, type Chart, INK, MUTED } from "../chart.ts";
import { counted } from "../numbers.ts";
import { clockFor } from "../timeline/clock.ts";
import { type Decisions, decisionMark, decisionsOf, decisionTable } from "../timeline/decisions.ts";
import { instanceSpans, notices, reclaims, refusals, workSpans } from "../timeline/instance-marks.ts";
import { instanceTable } from "../timeline/instance-table.ts";
import { DECISIONS, layout } from "../timeline/layout.ts";
import { bandLabel, capacitySteps, priceSteps } from "../timeline/market-marks.ts";
import { capacityOf, maximum, pricesOf, SLICES } from "../timeline/steps.ts";
import type { RunScene, View } from "./view.ts";

/** More would be neither readable nor quick; the caption says what was left out. */
const INSTANCES_MAX = 40;

/** One run as a picture: what the market offered, what was held, what ran on it, and why. */
export const timeline: View<RunScene> = {
  id: "timeline",
  heading: "One run in detail",
  draw({ policyId, unit, timeline: run, looks }): Chart | undefined {
    if (run.instances.length === 0 && run.asks.length === 0) return undefined;
    const clock = clockFor(run.endS);
    const granted = run.instances.filter(({ runningS }) => runningS !== null);
    const shown = granted.slice(0, INSTANCES_MAX);
    const groups = layout(run, shown);
    const height = groups.at(-1)?.endPx ?? DECISIONS;
    const decisions = decisionsOf(run, clock);
    const x = axis("from", [0, clock.time(run.endS)], {});
    const y = axis("top", [height, 0], null);
    const span = { x, x2: { field: "to" }, y, y2: { field: "bottom" } };
    const tooltip = { field: "tip", type: "nominal" } as const;
    return {
      title: `${policyId}, ${unit}`,
      caption: captionOf(run, granted.length, shown.length, groups.length, decisions),
      key: [
        { label: "decision with a reason", sample: "key-decision" },
        { label: "price", sample: "key-price" },
        { label: "capacity", sample: "key-capacity" },
        { label: "starting", sample: "key-starting" },
        { label: "ready", sample: "key-ready" },
        { label: "work", sample: `policy-${looks.get(policyId)?.index ?? "none"}` },
        { label: "work stopped before its end", sample: `policy-${looks.get(policyId)?.index ?? "none"} faded` },
        { label: "notice", sample: "key-notice" },
        { label: "reclaimed, or launch refused", sample: "key-cross" },
      ],
      spec: {
        height,
        layer: [
          {
            data: { values: groups.flatMap((group) => capacitySteps(run, group, clock)) },
            mark: { type: "area", interpolate: "step-after", color: "var(--capacity, #dce9da)", opacity: 1 },
            encoding: { x, y, y2: { field: "bottom" }, detail: { field: "market", type: "nominal" } },
          },
          {
            data: { values: groups.flatMap((group) => priceSteps(run, group, clock)) },
            mark: { type: "line", interpolate: "step-after", strokeWidth: 1.3, color: MUTED },
            encoding: { x, y, detail: { field: "market", type: "nominal" } },
          },
          {
            data: { values: groups.map((group) => ({ from: 0, top: group.topPx + 13, text: bandLabel(run, group) })) },
            mark: { type: "text", align: "left", baseline: "alphabetic", limit: { expr: "width" }, color: INK },
            encoding: { x, y, text: { field: "text", type: "nominal" } },
          },
          {
            data: { values: groups.flatMap((group) => group.rows.flatMap((row) => instanceSpans(row, clock))) },
            mark: { type: "rect" },
            encoding: {
              ...span,
              color: {
                field: "phase",
                type: "nominal",
                legend: null,
                scale: {
                  domain: ["requested", "starting", "ready"],
                  range: [MUTED, "var(--starting, #e6d08c)", "var(--ready, #c6ccd6)"],
                },
              },
              tooltip,
            },
          },
          {
            data: { values: groups.flatMap((group) => group.rows.flatMap((row) => workSpans(row, run.work, clock))) },
            mark: { type: "rect", color: looks.get(policyId)?.colour ?? MUTED },
            encoding: {
              ...span,
              opacity: { condition: { test: "datum.stopped", value: 0.5 }, value: 1 },
              tooltip,
            },
          },
          {
            data: { values: groups.flatMap((group) => group.rows.flatMap((row) => notices(row, clock))) },
            mark: { type: "point", shape: "triangle-down", filled: true, size: 46, color: ALARM, opacity: 1 },
            encoding: { x, y, tooltip },
          },
          {
            data: { values: groups.flatMap((group) => [...reclaims(group, clock), ...refusals(run, group, clock)]) },
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
          {
            data: { values: decisions.map((slice) => decisionMark(slice, clock)) },
            mark: { type: "point", shape: "diamond", size: 60, strokeWidth: 1.2, color: INK, opacity: 0.85 },
            encoding: {
              x: {
                ...x,
                axis: {
                  title: `${clock.unit} from the start of the window`,
                  values: [...clock.ticks],
                  tickCount: 24,
                  labelOverlap: true,
                  labelFlush: false,
                },
              },
              y,
              fill: { condition: { test: "datum.reasoned", value: INK }, value: "transparent" },
              tooltip,
            },
          },
        ],
      },
      tables: [instanceTable(run, shown, clock), decisionTable(decisions, clock)],
    };
  },
};

const axis = (field: string, domain: number[], drawn: null | Record<string, never>) => ({
  field,
  type: "quantitative" as const,
  scale: { domain, nice: false },
  axis: drawn,
});

function captionOf(
  run: Timeline,
  granted: number,
  shown: number,
  markets: number,
  decisions: readonly Decisions[],
): string {
  const silent = run.markets.length - markets;
  const thinned = maximum(
    run.markets.flatMap((_, market) => [pricesOf(run, market).length, capacityOf(run, market).length]),
  );
  return [
    "One run (n = 1), so no interval: it shows how the policy acts, not how well it does.",
    "In each market's band the line is the price from 0 to its highest, the shaded area the capacity from 0 to its highest; each band has its own scale.",
    thinned > SLICES &&
      `Where they change more than ${SLICES} times, each of ${SLICES} slices shows the highest price and the lowest capacity in it.`,
    granted > shown &&
      `Drawn are the first ${shown} of ${counted(granted, "instance")} in order of launch; later ones ran too.`,
    decisions.some(({ asks }) => asks > 1) &&
      `${counted(run.asks.length, "decision")} share ${counted(decisions.length, "mark")}: a mark stands for all decisions close to it.`,
    silent > 0 && `${counted(silent, "market")} without a launch ${silent === 1 ? "is" : "are"} left out.`,
  ]
    .filter(Boolean)
    .join(" ");
}
