import type { Timeline } from "../../sim/simulation.ts";
import { scaleFor } from "../numbers.ts";
import { round } from "../panels.ts";
import type { Clock } from "./clock.ts";
import type { MarketGroup } from "./layout.ts";
import { capacityOf, maximum, pricesOf, sliced } from "./steps.ts";

/** A market's name, and the numbers that give its band a scale. */
export function bandLabel(run: Timeline, { market }: MarketGroup): string {
  const prices = pricesOf(run, market).map(({ usdPerHour }) => usdPerHour);
  const counts = capacityOf(run, market).map(({ count }) => count);
  const scale = scaleFor("USD/h", prices);
  const [low, high] = [
    scale.format(prices.reduce((least, price) => Math.min(least, price), Infinity)),
    scale.format(maximum(prices)),
  ];
  const capacity = counts.includes(null) ? "unlimited" : `up to ${maximum(counts.map((count) => count ?? 0))}`;
  return [
    run.markets[market]!.name,
    prices.length > 0 && `price ${low === high ? low : `${low} to ${high}`} USD/h`,
    counts.length > 0 && `capacity ${capacity}`,
  ]
    .filter(Boolean)
    .join(" \u00B7 ");
}

/** Price as a step line from 0 to its highest. */
export const priceSteps = (run: Timeline, group: MarketGroup, clock: Clock) =>
  steps(
    pricesOf(run, group.market).map(({ timeS, usdPerHour }) => ({ timeS, value: usdPerHour })),
    Math.max,
    run,
    group,
    clock,
  );

/** Capacity as a shaded area from 0 to its highest; nothing where it is unlimited, the label says so. */
export const capacitySteps = (run: Timeline, group: MarketGroup, clock: Clock) =>
  steps(
    capacityOf(run, group.market).map(({ timeS, count }) => ({ timeS, value: count ?? 0 })),
    Math.min,
    run,
    group,
    clock,
  ).map((point) => ({ ...point, bottom: group.bandEndPx }));

function steps(
  values: Parameters<typeof sliced>[0],
  extreme: (a: number, b: number) => number,
  run: Timeline,
  { market, bandPx, bandEndPx }: MarketGroup,
  clock: Clock,
) {
  const most = maximum(values.map(({ value }) => value));
  const point = (timeS: number, value: number) => ({
    market,
    from: clock.time(timeS),
    top: round(most > 0 ? bandEndPx - ((bandEndPx - bandPx) * value) / most : bandEndPx),
  });
  const spans = sliced(values, run.endS, extreme);
  // A step reaches to the next one, the last to the end of the run.
  return [
    ...spans.map((span) => point(span.timeS, span.value)),
    ...spans.slice(-1).map((span) => point(span.untilS, span.value)),
  ];
}
