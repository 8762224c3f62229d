import type { Timeline } from "../../sim/simulation.ts";

/** Most spans drawn of one step function. */
export const SLICES = 120;

export const maximum = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
export const pricesOf = (run: Timeline, market: number) => run.prices.filter((step) => step.market === market);
export const capacityOf = (run: Timeline, market: number) => run.capacity.filter((step) => step.market === market);

/** A step function in at most SLICES spans of equal value: where it has more steps, each slice shows its extreme. */
export function sliced(
  steps: readonly { readonly timeS: number; readonly value: number }[],
  endS: number,
  extreme: (a: number, b: number) => number,
) {
  const spans = steps.map((step, i) => ({ ...step, untilS: steps[i + 1]?.timeS ?? endS }));
  if (spans.length <= SLICES) return joined(spans);
  const slices = Array.from({ length: SLICES }, (_, i) => ({
    timeS: (i * endS) / SLICES,
    untilS: ((i + 1) * endS) / SLICES,
  }));
  return joined(
    slices.flatMap((slice) => {
      const within = spans.filter((span) => span.timeS < slice.untilS && span.untilS > slice.timeS);
      return within.length === 0
        ? []
        : [{ ...slice, value: within.map(({ value }) => value).reduce((a, b) => extreme(a, b)) }];
    }),
  );
}

function joined<Span extends { readonly timeS: number; readonly untilS: number; readonly value: number }>(
  spans: readonly Span[],
): readonly Span[] {
  const out: Span[] = [];
  for (const span of spans) {
    const last = out.at(-1);
    if (last?.value === span.value && last.untilS === span.timeS)
      out[out.length - 1] = { ...last, untilS: span.untilS };
    else out.push(span);
  }
  return out;
}
