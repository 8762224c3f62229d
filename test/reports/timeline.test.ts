import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chart } from "../../reports/chart.ts";
import { looksFor } from "../../reports/palette.ts";
import { clockFor } from "../../reports/timeline/clock.ts";
import { layout } from "../../reports/timeline/layout.ts";
import { costSoFar, fewestReady, finishedSoFar, wantedAt } from "../../reports/timeline/progress.ts";
import { sliced } from "../../reports/timeline/steps.ts";
import { timeline } from "../../reports/views/timeline.ts";
import type { Timeline, TimelineInstance, TimelineWork } from "../../sim/simulation.ts";
import { inventedTimeline, POLICIES } from "./invented.ts";

const looks = looksFor(POLICIES);
const whole = inventedTimeline("run");
const empty: Timeline = { ...whole, instances: [], work: [], asks: [] };
const place = { trace: "us-west-2", unit: "week 1", replicate: 0, axes: {} };
/** The picture of one run, or of two on the same luck. */
const picture = (...timelines: Timeline[]): Chart => {
  const runs = timelines.map((timeline, i) => ({ ...place, policyId: POLICIES[i]!, timeline }));
  return timeline.draw({ runs, looks })!;
};
type Datum = Readonly<Record<string, unknown>>;
const layer = ({ spec }: Chart, name: string): readonly Datum[] => {
  const layers = (spec as unknown as { layer: { name?: string; data: { values: Datum[] } }[] }).layer;
  return layers.find((each) => each.name === name)!.data.values;
};

const instance = (id: number, market: number, changes: Partial<TimelineInstance> = {}): TimelineInstance => ({
  id,
  market,
  requestedS: 100 * id,
  runningS: 100 * id + 40,
  readyS: 100 * id + 90,
  noticeS: null,
  endS: 9000,
  endedBy: "cut",
  usd: 1,
  ...changes,
});
const refused = (id: number, market: number, endS: number): TimelineInstance =>
  instance(id, market, { runningS: null, readyS: null, endedBy: "refused", endS, usd: 0 });
const stretch = (work: number, fromS: number, toS: number, of = 0): TimelineWork => ({
  work,
  instance: of,
  fromS,
  toS,
  ended: "completed",
});

describe("the timeline", () => {
  test("a replica's stretch has a tail while it finishes what it has, and a spare is told from others that are ready", () => {
    const serving = { ...stretch(0, 100, 500), drainedToS: 560 };
    const chart = picture({ ...empty, instances: [instance(0, 1), instance(1, 1, { spare: true })], work: [serving] });
    expect(layer(chart, "work").map(({ draining, tip }) => [draining, String(tip).split("\n")[0]])).toEqual([
      [false, "work 0 on instance 0: completed"],
      [true, "work 0 on instance 0: takes no more requests, finishes those it has"],
    ]);
    expect(layer(chart, "instances").map(({ phase }) => phase)).toContain("spare");
    const labels = (drawn: typeof chart) => drawn.key!.map(({ label }) => label);
    const others = labels(picture({ ...empty, instances: [instance(0, 1)], work: [stretch(0, 100, 500)] }));
    expect(labels(chart).filter((label) => !others.includes(label))).toEqual([
      "palest: takes no more requests, finishes those it has",
      "ready, a spare",
    ]);
  });

  test("puts two runs under the same market, the one's instances above the other's, each in its policy's colour", () => {
    const [ours, theirs] = [instance(0, 1), instance(0, 1)];
    const chart = picture(
      { ...empty, instances: [ours], work: [stretch(0, 100, 500)] },
      { ...empty, instances: [theirs], work: [stretch(0, 100, 700)] },
    );
    const blocks = layer(chart, "blocks");
    expect(blocks.map(({ policy }) => policy)).toEqual([POLICIES[0], POLICIES[1]]);
    expect(Number(blocks[1]!.top)).toBeGreaterThan(Number(blocks[0]!.bottom));
    expect(layer(chart, "work").map(({ policy }) => policy)).toEqual([POLICIES[0], POLICIES[1]]);
    expect(chart.title).toBe(`${POLICIES[0]} and ${POLICIES[1]}, us-west-2, week 1`);
    expect(chart.caption).toMatch(/^One run each \(n = 1\), so no interval/);
    expect(chart.tables.map(({ caption }) => caption.split(",")[0])).toEqual(
      [0, 1].flatMap((i) => [`Instances of ${POLICIES[i]}`, `Decisions of ${POLICIES[i]} with their reasons`]),
    );
  });

  test("takes the time axis of the longer run, so that both share it", () => {
    const short = { ...empty, endS: 3600, instances: [instance(0, 0, { endS: 3600 })] };
    const chart = picture(short, { ...empty, endS: 7200, instances: [instance(0, 0, { endS: 7200 })] });
    expect(JSON.stringify(chart.spec)).toContain('"domain":[0,2]');
  });

  test("draws instances one after another in a row, and never two at once in one", () => {
    const span = fc.tuple(fc.nat(200_000), fc.integer({ min: 100, max: 60_000 }), fc.nat(2));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 80 }), (spans) => {
        const instances = spans
          .sort(([a], [b]) => a - b)
          .map(([fromS, lastsS, market], id) =>
            instance(id, market, { requestedS: fromS, runningS: fromS + 10, readyS: null, endS: fromS + lastsS }),
          );
        const rows = layout([{ ...empty, instances }], 0).flatMap(({ blocks }) => blocks.flatMap(({ rows }) => rows));
        for (const row of rows) {
          const together = rows.filter(
            (other) =>
              other !== row &&
              other.topPx === row.topPx &&
              other.instance.requestedS < row.instance.endS &&
              other.instance.endS > row.instance.requestedS,
          );
          expect(together).toEqual([]);
        }
      }),
    );
  });

  test("takes no more rows than a reader can follow, and says how many instances it leaves out", () => {
    const instances = Array.from({ length: 300 }, (_, id) => instance(id, id % 3, { endS: 200_000 }));
    const chart = picture({ ...empty, instances });
    expect(new Set(layer(chart, "instances").map(({ top }) => top)).size).toBeLessThanOrEqual(2 * 80);
    expect(chart.caption).toContain("Drawn are 80 of 300 instances");
  });

  test("gives refused launches no row but a strip: one spell where they follow each other, two where they do not", () => {
    const launches = [refused(0, 1, 104), refused(1, 1, 700), refused(2, 1, 90_000)];
    const chart = picture({ ...empty, instances: launches });
    expect(layer(chart, "instances")).toEqual([]);
    expect(layer(chart, "refusals")).toMatchObject([
      { tip: "2 launches refused\n00:01:44 to 00:11:40" },
      { tip: "1 launch refused\n25:00:00" },
    ]);
  });

  test("draws tasks that share an instance side by side: no two at once in one lane", () => {
    const work = [stretch(0, 100, 500), stretch(1, 200, 300), stretch(2, 300, 800), stretch(3, 500, 900)];
    const chart = picture({ ...empty, instances: [instance(0, 0)], work });
    const tops = layer(chart, "work").map(({ top }) => top);
    expect(new Set(tops).size).toBe(2);
    expect([tops[0], tops[1]]).toEqual([tops[3], tops[2]]);
    const backwards = picture({ ...empty, instances: [instance(0, 0)], work: work.toReversed() });
    expect(layer(backwards, "work")).toEqual(layer(chart, "work"));
  });

  test("shows with each decision its actions and, beside the action it explains, the note", () => {
    const asks = [
      {
        timeS: 3725,
        actions: ["launch instance 0", "drain instance 1"],
        notes: [{ action: 1, by: "failover" as const, why: "notice" }],
      },
    ];
    const chart = picture({ ...empty, asks });
    expect(layer(chart, "decisions")).toMatchObject([
      { reasoned: true, tip: "01:02:05\nlaunch instance 0\ndrain instance 1: notice (failover)" },
    ]);
    expect(JSON.stringify(chart.tables[1]!.rows)).toContain("notice (failover)");
  });

  test("covers the whole run with at most 90 marks where a policy decides thousands of times, and counts what it folds", () => {
    const ask = (timeS: number) => ({ timeS, actions: [`launch instance ${timeS}`], notes: [] });
    const asks = Array.from({ length: 7200 }, (_, i) => ask(36 * i));
    const chart = picture({ ...empty, asks });
    const marks = layer(chart, "decisions");
    expect(marks).toHaveLength(90);
    expect([marks[0]!.from, marks.at(-1)!.from]).toEqual([0, 71.2]);
    expect(marks[0]!.tip).toMatch(/^00:00:00\n00:00:00 launch instance 0\n[\s\S]*\nand 75 more actions$/);
    expect(chart.caption).toContain(`7,200 decisions of ${POLICIES[0]} share 90 marks`);
  });

  test("thins a step function to slices that hide no shortage: each shows the least capacity in it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 121, maxLength: 900 }), (counts) => {
        const steps = counts.map((value, timeS) => ({ timeS, value }));
        const spans = sliced(steps, counts.length, Math.min);
        for (const { timeS, value } of steps) {
          const span = spans.find((span) => span.timeS <= timeS + 0.5 && timeS + 0.5 < span.untilS)!;
          expect(span.value).toBeLessThanOrEqual(value);
        }
        expect(spans.length).toBeLessThanOrEqual(120);
      }),
      { numRuns: 20 },
    );
  });

  test("writes times to the second and keeps to at most a dozen round ticks", () => {
    expect(clockFor(72 * 3600).write(98_740)).toBe("27:25:40");
    expect(clockFor(10 * 86_400).write(98_740)).toBe("1 d 03:25:40");
    expect(clockFor(72 * 3600).ticks).toEqual([0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60, 66, 72]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (endS) => {
        expect(clockFor(endS).ticks.length).toBeLessThanOrEqual(13);
      }),
    );
  });
});

describe("cost so far", () => {
  /** Two hours at 1 USD/h, then two at 3 USD/h. */
  const prices = [
    { market: 0, timeS: 0, usdPerHour: 1 },
    { market: 0, timeS: 7200, usdPerHour: 3 },
  ];
  const up = (usd: number, id = 0) => instance(id, 0, { requestedS: 0, runningS: 0, readyS: 0, endS: 4 * 3600, usd });

  test("follows the market's price, by hand: 1, 2, 5 and 8 USD after each of four hours", () => {
    const run = { ...empty, endS: 5 * 3600, prices, instances: [up(8)] };
    const hours = [0, 1, 2, 3, 4, 5].map((h) => h * 3600);
    expect(costSoFar(run, hours)).toEqual([0, 1, 2, 5, 8, 8]);
  });

  test("ends at the sum of the bills, whatever they are: a free first hour costs nothing all along", () => {
    const run = { ...empty, endS: 5 * 3600, prices, instances: [up(8), up(0, 1), refused(2, 0, 60)] };
    expect(costSoFar(run, [1800, 5 * 3600])).toEqual([0.5, 8]);
    const whole = inventedTimeline("bills");
    const total = whole.instances.reduce((sum, { usd }) => sum + usd, 0);
    expect(costSoFar(whole, [whole.endS])[0]).toBeCloseTo(total, 9);
  });

  test("never falls", () => {
    const times = Array.from({ length: 200 }, (_, i) => (i * whole.endS) / 199);
    const costs = costSoFar(whole, times);
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
    expect(costs.at(-1)).toBeGreaterThan(0);
  });

  test("is drawn for each of two runs, with a line for what they differ by, which ends at the difference", () => {
    const side = (usd: number) => ({
      ...empty,
      prices,
      instances: [up(usd)],
      work: [stretch(0, 0, 3600), stretch(1, 0, 7200)],
    });
    const spec = JSON.stringify(picture(side(8), side(10)).spec);
    expect(spec).toContain(`${POLICIES[0]} 8.00 \u00B7 ${POLICIES[1]} 10.00`);
    expect(spec).toContain(`${POLICIES[0]} \u2212 ${POLICIES[1]} \u22122.00`);
    expect(spec).toContain(`${POLICIES[0]} 2 \u00B7 ${POLICIES[1]} 2`); // tasks finished
  });
});

test("tasks count as finished when their work ends, not when it is stopped or cut", () => {
  const work: TimelineWork[] = [stretch(0, 0, 50), { ...stretch(1, 0, 60), ended: "stopped" }, stretch(1, 80, 100)];
  expect(finishedSoFar({ ...empty, work }, [49, 50, 99, 100])).toEqual([0, 1, 1, 2]);
});

test("shows the fewest ready replicas since the point before, so that no gap is too short to be seen", () => {
  const stretch = (instance: number, fromS: number, toS: number, ended: "stopped" | "cut" = "stopped") => ({
    work: 0,
    instance,
    fromS,
    toS,
    ended,
  });
  // The second replica follows the first at once, the third the second after 10 s, and serves to the end.
  const work = [stretch(0, 5, 50), stretch(1, 50, 120), stretch(2, 130, 300, "cut")];
  expect(fewestReady({ ...empty, work }, [0, 60, 100, 200, 300])).toEqual([0, 0, 1, 0, 1]);
  const wanted = [
    { timeS: 0, replicas: 1 },
    { timeS: 100, replicas: 3 },
  ];
  expect(wantedAt({ ...empty, wanted }, [0, 99, 100])).toEqual([1, 1, 3]);
});
