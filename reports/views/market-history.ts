import type { DrawnMarket, TraceDrawing } from "../../traces/trace-drawing.ts";
import { type Chart, INK, MUTED } from "../chart.ts";
import { counted, scaleFor } from "../numbers.ts";
import { type Panel, panels, panelsHeight, pixels, placeIn, titleLayers } from "../panels.ts";
import type { Table } from "../table.ts";
import { clockFor } from "../timeline/clock.ts";

const PLOT = 52;
/** Of a panel, at its foot: when there was an instance to have. */
const STRIP = 8;
/** More panels are read by nobody; the table has all markets. */
const MARKETS_MAX = 30;

/** Price and capacity of each market, one under another. */
export function marketHistory({ endS, markets, noneUpShare }: TraceDrawing): Chart {
  const drawn = markets.slice(0, MARKETS_MAX);
  const all = panels(drawn.length, PLOT);
  const height = panelsHeight(all);
  const clock = clockFor(endS);
  const points = drawn.flatMap((market, m) => priceMarks(market, all[m]!, clock.time));
  const strips = drawn.flatMap((market, m) => capacityMarks(market, all[m]!, clock.time));
  const x = {
    field: "from",
    type: "quantitative" as const,
    scale: { domain: [0, clock.time(endS)], nice: false },
    axis: {
      title: `${clock.unit} from the start of the trace`,
      values: [...clock.ticks],
      tickCount: 24,
      labelOverlap: true,
      grid: true,
    },
  };
  const detail = { field: "market", type: "nominal" as const };
  const tooltip = { field: "tip", type: "nominal" as const };
  const slices = counted(drawn[0]!.slices.length, "slice");
  const bounded = drawn.some(({ availability }) => availability !== null);
  return {
    title: "Price and capacity, market by market",
    caption: [
      `Each market is cut into ${slices} of equal time: the line is the mean price of each, the band around it its lowest and highest. Every market has a scale of its own, from its lowest price to its highest, so heights cannot be compared between markets.`,
      bounded
        ? `The strip is deeper the larger the share of a slice with an instance to have; spells shorter than the source's gap between probes were seen by nobody. No market had one for ${scaleFor("share", []).format(noneUpShare)} % of the time.`
        : "The source says nothing of capacity.",
      markets.length > drawn.length && `${markets.length - drawn.length} more markets are in the table.`,
    ]
      .filter(Boolean)
      .join(" "),
    key: [
      { label: "price", sample: "key-price" },
      { label: "capacity", sample: "part-freeHoursUsd" },
    ],
    spec: {
      height,
      layer: [
        {
          data: { values: points },
          mark: { type: "area", interpolate: "step-after", color: MUTED, opacity: 0.25 },
          encoding: { x, y: pixels("top", height), y2: { field: "bottom" }, detail },
        },
        {
          data: { values: points },
          mark: { type: "line", interpolate: "step-after", strokeWidth: 1.3, color: INK },
          encoding: { x, y: pixels("mean", height), detail },
        },
        {
          data: { values: strips },
          mark: { type: "rect", color: "var(--part-freeHoursUsd, #073a29)" },
          encoding: {
            x,
            x2: { field: "to" },
            y: pixels("top", height),
            y2: { field: "bottom" },
            opacity: {
              field: "share",
              type: "quantitative",
              legend: null,
              scale: { domain: [0, 1], range: [0.06, 1] },
            },
            tooltip,
          },
        },
        ...titleLayers(
          drawn.map((market, m) => ({ px: all[m]!.titlePx, name: market.name, result: resultOf(market) })),
          height,
        ),
      ],
    },
    tables: [tableOf(markets)],
  };
}

function priceMarks({ name, slices }: DrawnMarket, panel: Panel, at: (timeS: number) => number) {
  const plot = { ...panel, endPx: panel.endPx - STRIP - 3 };
  const place = placeIn(
    plot,
    slices.flatMap(({ minUsdPerHour, maxUsdPerHour }) => [minUsdPerHour, maxUsdPerHour]),
  );
  const marks = slices.map(({ fromS, meanUsdPerHour, minUsdPerHour, maxUsdPerHour }) => ({
    market: name,
    from: at(fromS),
    mean: place(meanUsdPerHour),
    top: place(maxUsdPerHour),
    bottom: place(minUsdPerHour),
  }));
  return [...marks, { ...marks.at(-1)!, from: at(slices.at(-1)!.toS) }];
}

/** Neighbours of one share as one mark; nothing where nothing bounds the market. */
function capacityMarks({ name, slices, availability }: DrawnMarket, { endPx }: Panel, at: (timeS: number) => number) {
  if (availability === null) return [];
  const joined: { from: number; to: number; share: number }[] = [];
  for (const { fromS, toS, availability: share } of slices) {
    const last = joined.at(-1);
    if (last?.share === share) last.to = at(toS);
    else joined.push({ from: at(fromS), to: at(toS), share });
  }
  const percent = scaleFor("share", []);
  return joined.map(({ from, to, share }) => ({
    from,
    to,
    share: Number(share.toFixed(3)),
    top: endPx - STRIP,
    bottom: endPx,
    tip: `${name}\n${percent.format(share)} % of this time`,
  }));
}

function resultOf({ minUsdPerHour, maxUsdPerHour, availability }: DrawnMarket): string {
  const usd = scaleFor("USD/h", [minUsdPerHour, maxUsdPerHour]);
  const prices = minUsdPerHour === maxUsdPerHour ? [minUsdPerHour] : [minUsdPerHour, maxUsdPerHour];
  const share =
    availability === null ? "capacity not known" : `available ${scaleFor("share", []).format(availability)} %`;
  return `${prices.map((price) => usd.format(price)).join(" to ")} USD/h \u00B7 ${share}`;
}

function tableOf(markets: readonly DrawnMarket[]): Table {
  const columns = [
    ["mean", "USD/h", ({ meanUsdPerHour }) => meanUsdPerHour],
    ["deviation", "USD/h", ({ sdUsdPerHour }) => sdUsdPerHour],
    ["price changes", "a day", ({ priceChangesPerDay }) => priceChangesPerDay],
    ["available", "share", ({ availability }) => availability],
    ["up spell, mean", "h", ({ upSpells }) => upSpells?.meanH ?? null],
    ["up spell, median", "h", ({ upSpells }) => upSpells?.medianH ?? null],
    ["down spell, mean", "h", ({ downSpells }) => downSpells?.meanH ?? null],
    ["down spell, median", "h", ({ downSpells }) => downSpells?.medianH ?? null],
  ] as const satisfies readonly (readonly [string, string, (market: DrawnMarket) => number | null])[];
  const scales = columns.map(([, unit, of]) =>
    scaleFor(
      unit,
      markets.map(of).filter((value) => value !== null),
    ),
  );
  return {
    caption: "Means are over time, spells those that began and ended inside the trace",
    columns: [{ title: "market" }, ...columns.map(([title], c) => ({ title, unit: scales[c]!.unit, numeric: true }))],
    rows: markets.map((market) => [
      market.name,
      ...columns.map(([, , of], c) => {
        const value = of(market);
        return value === null ? "\u2013" : scales[c]!.format(value);
      }),
    ]),
  };
}
