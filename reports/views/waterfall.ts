import type { PublishedFigure } from "../../experiments/summary.ts";
import { ALARM, type Chart, INK, MUTED } from "../chart.ts";
import { orDash } from "../comparison-table.ts";
import { estimateCell, spread } from "../estimates.ts";
import { asPublished, differenceUnit, figureScale, withUnit } from "../figure-scale.ts";
import type { FigureScene, View } from "./view.ts";

const GAIN = "var(--accent, #1f56c3)";
/** What a step is, and under it its bar. */
const ROW_PX = 46;

/** How one gets from a published number to ours, a step a bar; nothing where the study names no steps. */
export const waterfall: View<FigureScene> = {
  id: "waterfall",
  heading: "From published figures to ours",
  draw({ figure }): Chart | undefined {
    const { claim, from, to, steps } = figure;
    const known = steps.flatMap(({ ours, ...step }) => (ours === null ? [] : [{ ...step, ours }]));
    if (from === null || from !== to || known.length === 0) return undefined;
    const scale = figureScale(figure);
    const levels = [from, ...known.map(({ ours }) => ours.mean)];
    const bars = levels.map((level, i) => {
      const step = known[i - 1];
      const before = levels[i - 1] ?? 0;
      const change = step && withUnit(scale.formatSigned(level - before), differenceUnit(scale));
      return {
        place: i,
        label: step === undefined ? "published" : `${i}. ${step.label}`,
        from: (i === levels.length - 1 ? 0 : before) * scale.factor,
        to: level * scale.factor,
        low: (step?.ours.low ?? level) * scale.factor,
        high: (step?.ours.high ?? level) * scale.factor,
        kind: i === 0 || i === levels.length - 1 ? "level" : level < before ? "less" : "more",
        text:
          change === undefined
            ? asPublished(level, figure.unit)
            : `${withUnit(scale.format(level), scale.unit)} (${change})`,
        tip:
          step === undefined
            ? claim
            : [step.label, `${scale.format(level)} ${spread(step.ours, scale.format)}`, step.quantity].join("\n"),
      };
    });
    const row = { field: "place", type: "ordinal" as const, axis: null };
    const x = (field: string) => ({ field, type: "quantitative" as const });
    const tooltip = { field: "tip", type: "nominal" as const };
    const furthest = Math.max(...bars.flatMap(({ to, high }) => [to, high]));
    return {
      title: claim,
      caption: captionOf(figure, known.length),
      key: [
        { label: "published, and ours at the end", sample: "key-level" },
        { label: "step down", sample: "key-less" },
        { label: "step up", sample: "key-more" },
        { label: "95 % interval of the level", sample: "key-price" },
      ],
      spec: {
        height: ROW_PX * bars.length,
        data: { values: bars },
        layer: [
          {
            mark: { type: "bar", height: ROW_PX * 0.34, yOffset: ROW_PX * 0.2 },
            encoding: {
              x: {
                ...x("from"),
                title: scale.unit,
                // Room for the numbers that stand right of the bars.
                scale: { domainMax: furthest * 1.16 },
              },
              x2: { field: "to" },
              y: row,
              color: {
                field: "kind",
                type: "nominal",
                legend: null,
                scale: { domain: ["level", "less", "more"], range: [MUTED, ALARM, GAIN] },
              },
              tooltip,
            },
          },
          {
            transform: [{ filter: "datum.low < datum.high" }],
            mark: { type: "rule", strokeWidth: 2, yOffset: ROW_PX * 0.2 },
            encoding: { x: x("low"), x2: { field: "high" }, y: row, color: { value: INK }, tooltip },
          },
          {
            mark: { type: "text", align: "left", dx: 8, yOffset: ROW_PX * 0.2 },
            encoding: { x: x("right"), y: row, text: { field: "text" } },
            transform: [{ calculate: "max(datum.from, datum.to, datum.high)", as: "right" }],
          },
          {
            mark: { type: "text", align: "left", yOffset: -ROW_PX * 0.22 },
            encoding: { x: { value: 0 }, y: row, text: { field: "label" } },
          },
        ],
      },
      tables: [
        {
          caption: `Steps from the published figure to ours: ${claim}`,
          columns: [
            { title: "step" },
            { title: "level", unit: scale.unit, numeric: true },
            { title: "change", unit: differenceUnit(scale), numeric: true },
            { title: "computed as" },
            { title: "why" },
          ],
          rows: [
            [
              "published",
              scale.format(from),
              orDash(null, String),
              orDash(figure.source, String),
              orDash(null, String),
            ],
            ...known.map(({ label, ours, change, quantity, why }, i) => [
              label,
              estimateCell(ours, scale),
              // What the published run alone would have shown is not known, so its distance has no interval.
              change === null ? scale.formatSigned(levels[i + 1]! - levels[i]!) : estimateCell(change, scale, "signed"),
              quantity,
              orDash(why, String),
            ]),
          ],
        },
      ],
    };
  },
};

const captionOf = ({ ours }: PublishedFigure, steps: number): string =>
  [
    `Each of the ${steps} steps is a number of this study over ${ours?.n ?? 0} units; lines are 95 % bootstrap-t intervals of the level reached.`,
    "The first step also holds the luck of the published run.",
    "What a step is worth depends on the steps before it: another order would share the way out differently, its ends would stay.",
  ].join(" ");
