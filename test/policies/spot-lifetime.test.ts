import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  availability,
  begin,
  count,
  end,
  expectedH,
  newRuns,
  type Runs,
  volatility,
} from "../../policies/scheduling/spot-lifetime.ts";

// SkyNomad's estimate of how long spot lasts, worked by hand. Ticks of an hour, so that hazards are read off.

const HOUR = 3600;
const asked = { nowS: 100 * HOUR, everyS: HOUR, countsOpen: false };

/** Runs one after another: hours, and whether the provider ended each. */
function seen(...lengths: readonly (readonly [hours: number, failed: 0 | 1])[]): Runs {
  const runs = newRuns();
  let nowS = 0;
  for (const [hours, failed] of lengths) {
    begin(runs, nowS);
    nowS += hours * HOUR;
    end(runs, nowS, failed);
  }
  return runs;
}

describe("the expected lifetime of a run", () => {
  it("is as good as for ever where none has failed yet", () => {
    expect(expectedH(newRuns(), 0, asked)).toBeGreaterThan(1e7);
    expect(expectedH(seen([5, 0]), 0, asked)).toBeGreaterThan(1e7);
  });

  it("after runs of 2 and 4 h: 2 h for sure, 2 more at e^-1/2, and from then on a tick an hour at hazard 1", () => {
    // Hazard 1/2 at 2 h (one of two), 1 at 4 h (one of one); the tail 1 / (1 - 1/e) ticks of an hour.
    const tail = Math.exp(-1.5) / (1 - Math.exp(-1));
    expect(expectedH(seen([2, 1], [4, 1]), 0, asked)).toBeCloseTo(2 + 2 * Math.exp(-0.5) + tail, 12);
  });

  it("is conditional on its age: at 3 h one more for sure", () => {
    const tail = Math.exp(-1) / (1 - Math.exp(-1));
    expect(expectedH(seen([2, 1], [4, 1]), 3 * HOUR, asked)).toBeCloseTo(1 + tail, 12);
  });

  it("counts a run that was left as one that lasted at least so long: 1/2 of two at 2 h, not all", () => {
    // The one that was left after 3 h was at risk at 2 h.
    const tail = Math.exp(-0.5) / (1 - Math.exp(-0.5));
    expect(expectedH(seen([2, 1], [3, 0]), 0, asked)).toBeCloseTo(2 + tail, 12);
  });

  it("is shortened where failures come faster than expected of late", () => {
    const runs = seen([2, 1], [2, 1], [2, 1], [2, 1]);
    const calm = expectedH(runs, 0, asked);
    runs.recent = [
      [0.5, 0],
      [0.5, 3],
    ];
    expect(volatility(runs)).toBe(6);
    // 2 h for sure, then hazard 1 times 6.
    expect(expectedH(runs, 0, asked)).toBeCloseTo(2 + Math.exp(-6) / (1 - Math.exp(-6)), 12);
    expect(expectedH(runs, 0, asked)).toBeLessThan(calm);
  });
});

describe("volatility", () => {
  const of = (...recent: [number, number][]) => volatility({ ...newRuns(), recent });

  it("is 1 until one failure has been expected, and never less", () => {
    expect(of([0.9, 5])).toBe(1);
    expect(of([2, 0])).toBe(1);
  });

  it("is that of the densest stretch up to now with at most one failure expected", () => {
    expect(of([5, 40], [0.5, 1], [0.25, 1])).toBe(4); // 1 / 0.25; with the one before 2 / 0.75
    expect(of([0.5, 3], [0.25, 1], [0.25, 0])).toBe(4); // 4 over all of it
    expect(of([1, 1], [2, 5])).toBe(2.5); // the newest alone, though more than one was expected
  });

  it("forgets what lies beyond eight expected failures", () => {
    const runs = seen([1, 1]);
    for (let hour = 1; hour <= 40; hour++) {
      begin(runs, hour * HOUR);
      count(runs, (hour + 1) * HOUR, HOUR, false);
      end(runs, (hour + 1) * HOUR, 1);
    }
    const expected = runs.recent.reduce((sum, [each]) => sum + each, 0);
    expect(expected).toBeGreaterThanOrEqual(8);
    expect(expected - runs.recent[0]![0]).toBeLessThan(8);
  });
});

it("availability is the share of the window in which a run was up, the present one included", () => {
  const runs = seen([2, 1]);
  begin(runs, 6 * HOUR);
  expect(availability(runs, 8 * HOUR, 12 * HOUR)).toBe(0.5);
  expect(availability(runs, 8 * HOUR, 4 * HOUR)).toBe(0.5);
  expect(availability(newRuns(), 0, HOUR)).toBe(0);
});

it("the longer the failed runs that were seen, the longer the next is expected to last", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(lengths, (hours) => {
      const of = (factor: number) => expectedH(seen(...hours.map((each) => [factor * each, 1] as const)), 0, asked);
      expect(of(2)).toBeGreaterThan(of(1));
    }),
  );
});
