import { ALARM, BETTER, INK } from "./chart.ts";
import { pixels } from "./panels.ts";

/** Where the cells of a heat map begin, right of the names of their rows. */
export const HEAT_LABELS = "min(190, width * 0.36)";

/**
 * Cells of a heat map with the number on each.
 * @param cells with the pixels `top`, `bottom` and `px` (the middle), `shade` from 0 to 1, `text` and `tip`.
 * @param good names the field that says which of the two colours a cell has.
 * @param opacityMax deep enough to be seen, pale enough for the number on it.
 */
export function heatCells(cells: object[], x: object, height: number, good: string, opacityMax: number) {
  return {
    data: { values: cells },
    layer: [
      {
        mark: { type: "rect" as const },
        encoding: {
          x,
          y: pixels("top", height),
          y2: { field: "bottom" },
          color: { condition: { test: `datum.${good}`, value: BETTER }, value: ALARM },
          opacity: {
            field: "shade",
            type: "quantitative" as const,
            legend: null,
            scale: { domain: [0, 1], range: [0.02, opacityMax] },
          },
          tooltip: { field: "tip", type: "nominal" as const },
        },
      },
      {
        mark: { type: "text" as const, baseline: "middle" as const, color: INK },
        encoding: {
          x: { ...x, bandPosition: 0.5 },
          y: pixels("px", height),
          text: { field: "text", type: "nominal" as const },
        },
      },
    ],
  };
}

/** Names of its rows, left of the cells. @param rows with `label`, and `px` for the middle. */
export const heatLabels = (rows: object[], height: number) => ({
  data: { values: rows },
  mark: {
    type: "text" as const,
    align: "right" as const,
    baseline: "middle" as const,
    color: INK,
    dx: -8,
    limit: { expr: `${HEAT_LABELS} - 12` },
  },
  encoding: {
    x: { value: { expr: HEAT_LABELS } },
    y: pixels("px", height),
    text: { field: "label", type: "nominal" as const },
  },
});
