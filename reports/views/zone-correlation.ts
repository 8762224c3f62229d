import type { TraceDrawing } from "../../traces/trace-drawing.ts";
import type { Chart } from "../chart.ts";
import { HEAT_LABELS, heatCells, heatLabels } from "../heat-cells.ts";

const CELL = 24;
/** Deeper than this, text on the colour would not be readable. */
const OPACITY_MAX = 0.45;

/** Which markets are out together; undefined where fewer than two have a capacity that changes. */
export function zoneCorrelation({ markets, correlation }: TraceDrawing): Chart | undefined {
  const changing = markets.flatMap((_, m) => (correlation?.availability[m]?.[m] == null ? [] : [m]));
  if (correlation === null || changing.length < 2) return undefined;
  const height = changing.length * CELL;
  const written = (value: number | null) => (value === null ? "\u2013" : value.toFixed(2).replace("-", "\u2212"));
  const name = (m: number) => markets[m]!.name;
  const cells = changing.flatMap((a, row) =>
    changing.map((b) => {
      const value = correlation.availability[a]![b]!;
      return {
        column: name(b),
        top: row * CELL,
        bottom: (row + 1) * CELL - 1,
        px: (row + 0.5) * CELL,
        together: value >= 0,
        shade: Number(Math.abs(value).toFixed(3)),
        text: written(value),
        tip: `${name(a)}\n${name(b)}\n${written(value)}`,
      };
    }),
  );
  const x = {
    field: "column",
    type: "nominal" as const,
    scale: { range: [{ expr: HEAT_LABELS }, { expr: "width" }], paddingInner: 0.03 },
    sort: null,
    axis: null,
  };
  return {
    title: "Which markets have capacity together",
    caption:
      "Pearson correlation over time between \u201Can instance is to be had here\u201D and the same there, the columns in the order of the rows. Near 1, spreading over the two protects from nothing; near 0, they fail apart. One trace is one history: no interval.",
    key: [
      { label: "up together", sample: "key-better" },
      { label: "up in turn", sample: "key-worse" },
    ],
    spec: {
      height,
      layer: [
        heatCells(cells, x, height, "together", OPACITY_MAX),
        heatLabels(
          changing.map((m, i) => ({ label: name(m), px: (i + 0.5) * CELL })),
          height,
        ),
      ],
    },
    tables: [
      {
        caption: "Correlation of availability between markets, and of each with its own price",
        columns: [
          { title: "market" },
          ...changing.map((m) => ({ title: name(m), numeric: true })),
          { title: "its own price", numeric: true },
        ],
        rows: changing.map((a) => [
          name(a),
          ...changing.map((b) => written(correlation.availability[a]![b]!)),
          written(correlation.priceWithAvailability[a]!),
        ]),
      },
    ],
  };
}
