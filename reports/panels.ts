import { INK, MUTED } from "./chart.ts";

/**
 * Small charts under one another that share an x axis. They are laid out in pixels inside one picture, since Vega-Lite's own facets
 * cannot be refitted to the width of the page.
 */
export interface Panel {
  readonly titlePx: number;
  readonly topPx: number;
  readonly endPx: number;
}

const TITLE = 22;
const GAP = 16;

/** @param headPx what is left free above the first. */
export const panels = (count: number, plotPx: number, headPx = 0): readonly Panel[] =>
  Array.from({ length: count }, (_, i) => {
    const titlePx = headPx + i * (TITLE + plotPx + GAP) + 14;
    return { titlePx, topPx: titlePx + TITLE - 14, endPx: titlePx + TITLE - 14 + plotPx };
  });

export const panelsHeight = (all: readonly Panel[]): number => (all.at(-1)?.endPx ?? 0) + 6;

/** Where a value lies in a panel whose scale reaches from the least to the greatest of `values`. */
export function placeIn({ topPx, endPx }: Panel, values: readonly number[]): (value: number) => number {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return (value) => round(high > low ? endPx - ((endPx - topPx) * (value - low)) / (high - low) : (topPx + endPx) / 2);
}

/** To a tenth of a pixel: more digits only fill the page. */
export const round = (px: number): number => Number(px.toFixed(1));

/** The y channel of a picture that is laid out in pixels. */
export const pixels = (field: string, heightPx: number) => ({
  field,
  type: "quantitative" as const,
  scale: { domain: [heightPx, 0], nice: false },
  axis: null,
});

/** Over each panel a name at the left, from fromPx on, and what it comes to at the right. */
export const titleLayers = (
  titles: readonly { readonly policy?: string; readonly px: number; readonly name: string; readonly result: string }[],
  heightPx: number,
  fromPx = 0,
) => [
  {
    data: { values: titles },
    mark: {
      type: "text" as const,
      align: "left" as const,
      fontWeight: 600 as const,
      color: INK,
      limit: { expr: "width * 0.42" },
    },
    encoding: {
      x: { value: fromPx },
      y: pixels("px", heightPx),
      text: { field: "name", type: "nominal" as const },
    },
  },
  {
    data: { values: titles },
    mark: { type: "text" as const, align: "right" as const, color: MUTED, limit: { expr: "width * 0.56" } },
    encoding: {
      x: { value: "width" as const },
      y: pixels("px", heightPx),
      text: { field: "result", type: "nominal" as const },
    },
  },
];
