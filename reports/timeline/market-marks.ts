import type { Timeline } from "../../sim/simulation.ts";
import { scaleFor } from "../numbers.ts";
import type { Clock } from "./clock.ts";
import { type MarketGroup, round } from "./layout.ts";
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

/** Capacity as a shaded area from 0 to its highest; nothing where it is unlimited, the label says so. */
export function capacitySpans(run: Timeline, { market, bandPx, bandEndPx }: MarketGroup, clock: Clock) {
  const steps = capacityOf(run, market).map(({ timeS, count }) => ({ timeS, value: count ?? 0 }));
  const most = maximum(steps.map(({ value }) => value));
  return sliced(steps, run.endS, Math.min).flatMap(({ timeS, untilS, value }) =>
    value === 0
      ? []
      : [
          {
            from: clock.time(timeS),
            to: clock.time(untilS),
            top: round(bandPx + (bandEndPx - bandPx) * (1 - value / most)),
            bottom: bandEndPx,
            tip: `capacity ${value}\n${clock.write(timeS)} to ${clock.write(untilS)}`,
          },
        ],
  );
}

/** Price as a step line from 0 to its highest. */
export function priceSteps(run: Timeline, { market, bandPx, bandEndPx }: MarketGroup, clock: Clock) {
  const steps = pricesOf(run, market).map(({ timeS, usdPerHour }) => ({ timeS, value: usdPerHour }));
  const most = maximum(steps.map(({ value }) => value));
  const spans = sliced(steps, run.endS, Math.max);
  const point = (timeS: number, value: number) => ({
    market,
    from: clock.time(timeS),
    top: round(bandPx + (bandEndPx - bandPx) * (most > 0 ? 1 - value / most : 1)),
  });
  return [
    ...spans.map(({ timeS, value }) => point(timeS, value)),
    ...spans.slice(-1).map(({ untilS, value }) => point(untilS, value)),
  ];
}
