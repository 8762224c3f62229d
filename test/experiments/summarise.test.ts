import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunRecord } from "../../experiments/record.ts";
import { failUndercuts } from "../../experiments/statistics/bounds.ts";
import { stepsTo } from "../../experiments/statistics/convergence.ts";
import { summarise } from "../../experiments/summarise.ts";
import type { Comparison, Saving } from "../../experiments/summary.ts";
import { summaryCsv } from "../../experiments/summary-csv.ts";

type Bill = { costUsd: number; hours: number; work?: number; free?: number };

const record = (
  policyId: string,
  unit: string,
  replicate: number,
  bill: Bill | undefined,
  axes: object = {},
): RunRecord => {
  const base = {
    key: `${policyId}-${unit}-${replicate}`,
    spec: { policyId, trace: "t", fromS: 0, unit, replicate, axes } as unknown as RunRecord["spec"],
    versions: { engine: "e", node: "n" },
  };
  if (bill === undefined) return { ...base, ok: false, error: "it broke", replay: "npm run ..." };
  const { costUsd, hours, work = 10, free = 0 } = bill;
  const listUsd = costUsd + free * (costUsd / (hours - free));
  const metrics = {
    costUsd,
    listUsd,
    chargedHours: hours - free,
    freeHours: free,
    workHoursDone: work,
    usdPerWorkHour: costUsd / work,
    completedShare: 1,
  };
  return { ...base, ok: true, metrics, assumptions: [], fingerprint: "f" };
};

const question = {
  question: "Which?",
  baseline: "base",
  primary: { metric: "costUsd", comparisons: [["thrifty", "base"]] as [string, string][] },
};
const units = Array.from({ length: 8 }, (_, i) => `u${i}`);
/** base costs 30 + i a unit; thrifty half of it. Each in two replicates, 1 above and 1 below. */
const both = (thrifty: (i: number) => Bill | undefined = (i) => ({ costUsd: (30 + i) / 2, hours: 10 })) =>
  units.flatMap((unit, i) => [
    record("base", unit, 0, { costUsd: 29 + i, hours: 10 }),
    record("base", unit, 1, { costUsd: 31 + i, hours: 10 }),
    record("thrifty", unit, 0, thrifty(i)),
    record("thrifty", unit, 1, thrifty(i)),
  ]);

describe("the answer of a sweep", () => {
  // thrifty costs less in every unit, more in every unit, the same on average, or less in the only two units that there are.
  const points = { less: -3, more: 2, open: 0, few: -3 };
  const records = Object.entries(points).flatMap(([how, by]) =>
    [1, 2].flatMap((size) =>
      (how === "few" ? units.slice(0, 2) : units).flatMap((unit, i) => {
        const noise = (i % 2 === 0 ? 1 : -1) * (0.5 + i / 50);
        return [
          record("base", unit, 0, { costUsd: 10 + i, hours: 10 }, { how, size, fixed: "x" }),
          record("thrifty", unit, 0, { costUsd: 10 + i + by + noise, hours: 10 }, { how, size, fixed: "x" }),
        ];
      }),
    ),
  );

  it("says where a policy is lower, where higher, and where the data cannot tell, of what was named beforehand", () => {
    expect(summarise(records, question).sweepAnswers).toEqual([
      "thrifty against base, cost at 8 points by how and size: lower at 2 (less: 1, 2), higher at 2 (more: 1, 2), not told apart at 4 (open: 1, 2; few: 1, 2).",
    ]);
  });

  it("is none of one point", () => {
    expect(summarise(both(), question).sweepAnswers).toEqual([]);
  });
});

describe("a sweep of two axes", () => {
  // base costs 10 everywhere; thrifty 2 less where x is 1, and 4 less again where y is 1.
  const at = (x: number, y: number) =>
    ["base", "thrifty"].map((id) =>
      record(id, "u", 0, { costUsd: id === "base" ? 10 : 10 - 2 * x - 4 * y, hours: 10 }, { x, y }),
    );
  const records = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)].flat();

  it("says which axis the policies' difference depends on, in whatever order its records come", () => {
    for (const each of [records, records.toReversed()]) {
      const { variance } = summarise(each, question);
      const [value, change] = variance;
      expect(variance.map(({ quantity }) => quantity)).toEqual(["value", "change"]);
      expect(change!.policies).toEqual(["thrifty"]);
      // Of the change alone: effects of 1 and of 2, squared.
      expect(change!.shares).toEqual([
        { of: [expect.stringMatching(/^[xy]$/)], share: expect.any(Number) },
        { of: [expect.stringMatching(/^[xy]$/)], share: expect.any(Number) },
      ]);
      expect(change!.shares.find(({ of }) => of[0] === "x")!.share).toBeCloseTo(0.2, 9);
      expect(change!.shares.find(({ of }) => of[0] === "y")!.share).toBeCloseTo(0.8, 9);
      // Of the costs: the policies' means differ by 3, half of which is an effect of 1.5; x and y do half of theirs on average.
      const squares = { policy: 1.5 ** 2, x: 0.25, y: 1, "policy,x": 0.25, "policy,y": 1 };
      const all = Object.values(squares).reduce((sum, square) => sum + square);
      for (const { of, share } of value!.shares) {
        const [axes, squared] = Object.entries(squares).find(
          ([names]) => names.split(",").toSorted().join() === of.toSorted().join(),
        )!;
        expect({ axes, share }).toEqual({ axes, share: expect.closeTo(squared / all, 9) });
      }
      expect(value!.shares).toHaveLength(5);
    }
  });
});

describe("a summary, by hand", () => {
  const summary = summarise(both(), question);
  const [group] = summary.groups;
  const [primary] = group!.comparisons;

  it("averages replicates inside a unit, and ranks by the mean over units", () => {
    expect(group!.policies.map(({ policyId }) => policyId)).toEqual(["thrifty", "base"]);
    expect(group!.policies[1]!.metrics.costUsd).toMatchObject({ mean: 33.5, n: 8, kind: "interval" });
    expect(group).toMatchObject({ units: 8, replicates: 2 });
  });

  it("compares on pairs: half the cost, exactly", () => {
    expect(primary).toMatchObject({ policyId: "thrifty", against: "base", role: "primary", n: 8 });
    expect(primary!.ratio!.mean).toBeCloseTo(0.5, 12);
    expect(primary!.ratio!.high - primary!.ratio!.low).toBeLessThan(1e-9);
    expect(primary!.difference.mean).toBeCloseTo(-16.75, 12);
    expect(primary!.p).toBe(2 / 256);
    expect(primary!.pHolm).toBe(2 / 256);
    expect(primary!.correlation).toBeCloseTo(1, 12);
  });

  it("says where the saving comes from, once a pair: half the cost over the same hours is price", () => {
    expect(group!.savings).toHaveLength(1);
    const [{ policyId, against, savingUsd, parts }] = group!.savings as [Saving];
    expect([policyId, against, savingUsd.mean, savingUsd.n]).toEqual(["thrifty", "base", 16.75, 8]);
    expect(Object.entries(parts).map(([part, { mean }]) => [part, mean])).toEqual([
      ["priceUsd", 16.75],
      ["hoursUsd", 0],
      ["freeHoursUsd", 0],
      ["workNotDoneUsd", 0],
    ]);
    // The saving is the difference in cost the other way round, and so is its interval.
    const { low, high } = primary!.difference;
    expect(savingUsd.low).toBeCloseTo(-high, 9);
    expect(savingUsd.high).toBeCloseTo(-low, 9);
  });

  it("says so in one sentence, with what it rests on", () => {
    expect(group!.answer).toContain("thrifty comes out best on cost: 16.75 USD");
    expect(group!.answer).toContain("50.0 % below base");
    expect(group!.answer).toContain("8 paired units");
  });

  it("is the same, byte for byte, for the same records in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(both(), { minLength: 32 }), (shuffled) => {
        expect(JSON.stringify(summarise(shuffled, question))).toBe(JSON.stringify(summary));
      }),
      { numRuns: 5 },
    );
  });

  it("another policy moves no interval of those that are there", () => {
    const third = units.map((unit, i) =>
      [0, 1].map((replicate) => record("third", unit, replicate, { costUsd: 40 - i, hours: 10 })),
    );
    const [wider] = summarise([...both(), ...third.flat()], question).groups;
    expect(wider!.comparisons[0]).toEqual(primary);
    expect(wider!.policies[0]).toEqual(group!.policies[0]);
    expect(wider!.comparisons.slice(1).map(({ policyId, metric, role }) => [policyId, metric, role])).toEqual([
      ["thrifty", "completedShare", "exploratory"],
      ["third", "costUsd", "exploratory"],
      ["third", "completedShare", "exploratory"],
    ]);
  });

  it("two primary comparisons have wider intervals than one, and Holm doubles the smaller p", () => {
    const third = units.map((unit, i) =>
      [0, 1].map((replicate) => record("third", unit, replicate, { costUsd: 31 + i + (i % 3), hours: 10 })),
    );
    const records = [...both((i) => ({ costUsd: 20 + ((3 * i) % 5), hours: 10 })), ...third.flat()];
    const one = summarise(records, question).groups[0]!.comparisons[0]!;
    const comparisons: [string, string][] = [
      ["thrifty", "base"],
      ["third", "base"],
    ];
    const two = summarise(records, { ...question, primary: { metric: "costUsd", comparisons } }).groups[0]!.comparisons;
    expect(two[0]!.difference.low).toBeLessThan(one.difference.low);
    expect(two[0]!.difference.high).toBeGreaterThan(one.difference.high);
    expect(two[0]!.pHolm).toBe(2 * two[0]!.p!);
    expect(two[1]!.pHolm).toBe(Math.max(two[1]!.p!, two[0]!.pHolm!));
  });
});

describe("how the answer came about", () => {
  const uneven = both((i) => ({ costUsd: (30 + i) / 2 + ((5 * i) % 7), hours: 10 }));

  it("converges over the first 6 units of the study and more to the comparison itself", () => {
    const [{ convergence, difference }] = summarise(uneven, question).groups[0]!.comparisons as [Comparison];
    expect(convergence.map(({ n }) => n)).toEqual([6, 7, 8]);
    expect(convergence.at(-1)).toEqual(difference);
    const six = summarise(
      uneven.filter(({ spec }) => spec.unit < "u6"),
      question,
    );
    expect(convergence[0]).toEqual(six.groups[0]!.comparisons[0]!.difference);
  });

  it("has no convergence below 6 units, nor for what was not named beforehand", () => {
    const few = uneven.filter(({ spec }) => spec.unit < "u5");
    expect(summarise(few, question).groups[0]!.comparisons[0]!.convergence).toEqual([]);
    const others = summarise(uneven, question).groups[0]!.comparisons.filter(({ role }) => role === "exploratory");
    expect(others.map(({ convergence }) => convergence)).toEqual(others.map(() => []));
  });

  it("keeps each policy's value on each unit of each trace, before traces are averaged inside a unit", () => {
    const second = uneven.map((record): RunRecord => {
      const key = `${record.key}-b`;
      const spec = { ...record.spec, trace: "b" };
      return record.ok ? { ...record, key, spec, metrics: { ...record.metrics, costUsd: 100 } } : record;
    });
    const first = uneven.map((record): RunRecord => ({ ...record, spec: { ...record.spec, trace: "a" } }));
    const [group] = summarise([...second, ...first], question).groups;
    expect(group!.traces.map(({ trace }) => trace)).toEqual(["a", "b"]);
    expect(group!.traces[0]!.units).toEqual(units);
    expect(group!.traces[0]!.values.base).toEqual(units.map((_, i) => 30 + i));
    expect(group!.traces[1]!.values.thrifty).toEqual(units.map(() => 100));
    expect(group!.policies.find(({ policyId }) => policyId === "base")!.metrics.costUsd!.mean).toBe((33.5 + 100) / 2);
  });

  it("has no value for a unit of which a replicate failed", () => {
    const [group] = summarise(
      both((i) => (i === 3 ? undefined : { costUsd: 15, hours: 10 })),
      question,
    ).groups;
    expect(group!.traces[0]!.values.thrifty).toEqual([15, 15, 15, null, 15, 15, 15, 15]);
  });

  it("takes stretches of a trace in time, and seeds by their number", () => {
    const unit = (name: string, fromS: number): RunRecord => {
      const { spec, ...rest } = record("base", name, 0, { costUsd: 1, hours: 1 });
      return { ...rest, spec: { ...spec, fromS } } as RunRecord;
    };
    const order = (records: readonly RunRecord[]) => summarise(records, question).groups[0]!.traces[0]!.units;
    expect(order([unit("seed 10", 0), unit("seed 9", 0), unit("seed 1", 0)])).toEqual(["seed 1", "seed 9", "seed 10"]);
    expect(order([unit("96 h to 144 h", 96), unit("0 h to 48 h", 0), unit("100 h to 148 h", 100)])).toEqual([
      "0 h to 48 h",
      "96 h to 144 h",
      "100 h to 148 h",
    ]);
  });

  it("looks at a dozen sizes at most, from 6 to all, even on a logarithmic scale", () => {
    expect(stepsTo(20)).toEqual([6, 7, 8, 9, 10, 12, 13, 14, 16, 18, 20]);
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 100_000 }), (n) => {
        const steps = stepsTo(n);
        expect([steps[0], steps.at(-1)]).toEqual([6, n]);
        expect(steps.length).toBeLessThanOrEqual(12);
        expect(steps).toEqual([...steps].sort((a, b) => a - b));
      }),
    );
  });
});

describe("what cannot be said is said", () => {
  it("below 6 units: the range, no interval, no p", () => {
    const few = both().filter(({ spec }) => spec.unit < "u3");
    const { groups, warnings } = summarise(few, question);
    expect(groups[0]!.comparisons[0]).toMatchObject({
      p: null,
      pHolm: null,
      difference: { kind: "range", low: -16, high: -15 },
    });
    expect(groups[0]!.answer).toContain("below 6 units this trace cannot answer");
    expect(warnings.join("\n")).toContain("This trace cannot answer");
  });

  it("a unit with a failed cell is left out of its pairs, and counted", () => {
    const { groups, warnings, cells } = summarise(
      both((i) => (i === 3 ? undefined : { costUsd: 15, hours: 10 })),
      question,
    );
    expect(groups[0]!.comparisons[0]!.n).toBe(7);
    expect(cells).toEqual({ ok: 30, failed: 2 });
    expect(warnings[0]).toContain("2 of 32 cells failed");
    expect(warnings.join("\n")).toContain("1 of 8 units are left out");
  });

  it("a unit with a missing replicate is left out like a failed one: the other replicate alone had other luck", () => {
    const some = both().filter(
      ({ spec }) => !(spec.policyId === "thrifty" && spec.unit === "u2" && spec.replicate === 1),
    );
    expect(summarise(some, question).groups[0]!.comparisons[0]!.n).toBe(7);
  });

  it("a policy that fails where units are dear does not come out best for it", () => {
    // 1 USD more than the baseline in every unit, but it breaks in the dear half: its mean of 32.5 is below 33.5.
    const { groups, warnings } = summarise(
      both((i) => (i < 4 ? { costUsd: 31 + i, hours: 10 } : undefined)),
      question,
    );
    expect(groups[0]!.policies.map(({ policyId }) => policyId)).toEqual(["base", "thrifty"]);
    expect(groups[0]!.policies[1]!.metrics.costUsd!.mean).toBe(32.5);
    expect(warnings.join("\n")).toContain("thrifty finished 4 of the 8 units");
    expect(groups[0]!.comparisons[0]).toMatchObject({ n: 4, difference: { mean: 1, kind: "range" }, p: null });
    expect(warnings.join("\n")).toContain("only 4 pair(s) are left");
  });

  it("a primary comparison without a common unit is missed aloud", () => {
    const { groups, warnings } = summarise(
      both(() => undefined),
      question,
    );
    expect(groups[0]!.comparisons).toEqual([]);
    expect(warnings.join("\n")).toContain("thrifty against base: no unit in which both have costUsd");
    expect(groups[0]!.answer).toContain("has no unit in common with thrifty");
  });

  it("refuses a metric that is no number, by cell and name", () => {
    const broken = both((i) => ({ costUsd: i === 2 ? Number.NaN : 15, hours: 10 }));
    expect(() => summarise(broken, question)).toThrow(
      /cell thrifty-u2-0: metric costUsd is NaN, expected a finite number; run that cell again/,
    );
  });

  it("a warning that holds at several points of the sweep is said once, with where", () => {
    const at = (slots: number) =>
      both((i) => ({ costUsd: 30 + i, hours: 10 })).map((record) => ({
        ...record,
        spec: { ...record.spec, axes: { slots } },
      }));
    const { warnings } = summarise([...at(1), ...at(4)], question);
    expect(warnings.filter((text) => text.includes("came to the same"))).toEqual([
      expect.stringMatching(/^thrifty against base: .* \(at 2 points of the sweep: slots = 1; slots = 4\)$/),
    ]);
    expect(summarise(at(4), question).warnings).toContainEqual(
      expect.stringMatching(/^slots = 4: thrifty against base/),
    );
  });

  it("a difference that is the same in every unit, and not 0, is doubted", () => {
    const { warnings } = summarise(
      both((i) => ({ costUsd: 25 + i, hours: 10 })),
      question,
    );
    expect(warnings.join("\n")).toContain("all 8 differences are equal, so the interval has no width");
  });

  it("equal bills are called the same, and the interval without width is pointed out", () => {
    const { groups, warnings } = summarise(
      both((i) => ({ costUsd: 30 + i, hours: 10 })),
      question,
    );
    expect(groups[0]!.answer).toContain("the next, thrifty, is the same as base in each of 8 units");
    expect(warnings.join("\n")).toContain("thrifty against base: the two came to the same in each of 8 units");
  });

  it("three units of eight that differ are too few to bound a mean", () => {
    const { warnings } = summarise(
      both((i) => ({ costUsd: 30 + i - (i < 3 ? 5 + i : 0), hours: 10 })),
      question,
    );
    expect(warnings.join("\n")).toContain("5 of 8 differences are equal, so the interval rests on 3 unit(s)");
    expect(warnings.join("\n")).toContain("no p below 0.25 is possible");
  });

  it("says whose queue grew to the end, and who never had its replicas, each by units", () => {
    const asked = (requestsInFlightMean: number, requestsInFlightEnd: number, availableShare: number) =>
      both().map((each, i) =>
        each.ok && each.spec.policyId === "thrifty" && i < 8
          ? {
              ...each,
              metrics: {
                ...each.metrics,
                requestsArrived: 1000,
                requestsInFlightMean,
                requestsInFlightEnd,
                availableShare,
              },
            }
          : each,
      );
    const text = (...of: Parameters<typeof asked>) => summarise(asked(...of), question).warnings.join("\n");
    expect(text(100, 200, 0.5)).toContain(
      "thrifty was asked for more than it could answer in 2 of 8 units: its queue grew",
    );
    // Steady, though many; and a burst at the end that is a small part of all.
    expect(text(100, 120, 0.5)).not.toContain("asked for more");
    expect(text(2, 9, 0.5)).not.toContain("asked for more");
    expect(text(1, 1, 0)).toContain(
      "thrifty never had all replicas ready in 2 of 8 units: no market of its grants so many",
    );
  });

  it("skewed differences are pointed out below 50 units", () => {
    const skewed = (i: number) => ({ costUsd: 30 + i - (i === 7 ? 40 : 1 + i / 100), hours: 10 });
    expect(summarise(both(skewed), question).warnings.join("\n")).toContain("differences are skewed (-2.8)");
  });

  it("against a baseline of zeros there is no ratio: the difference is told in units", () => {
    const lost = both().map((each, i) =>
      each.ok ? { ...each, metrics: { lostWorkHours: each.spec.policyId === "base" ? 0 : 1 + (i % 3) } } : each,
    );
    const { comparisons, answer } = summarise(lost, {
      ...question,
      primary: { ...question.primary, metric: "lostWorkHours" },
    }).groups[0]!;
    expect(comparisons[0]).toMatchObject({ ratio: null, n: 8, p: 2 / 256 });
    expect(answer).toMatch(/the next, thrifty, is \d\S* h above base \(95 % interval \S+ h to \S+ h, 8 paired units/);
  });

  it("a cheaper policy that completes less is not called a bargain", () => {
    const half = both().map((each) =>
      each.ok && each.spec.policyId === "thrifty"
        ? { ...each, metrics: { ...each.metrics, completedShare: 0.5 } }
        : each,
    );
    const { answer } = summarise(half, question).groups[0]!;
    expect(answer).toContain("16.75 USD, 50.0 % of tasks completed");
    expect(answer).toContain("But base completes 100.0 % of the tasks.");
  });

  it("a baseline that comes out best is held against the next policy, with interval and p", () => {
    const { answer } = summarise(
      both((i) => ({ costUsd: 33 + i + (i % 3), hours: 10 })),
      question,
    ).groups[0]!;
    expect(answer).toMatch(/^base comes out best on cost: 33\.50 USD/);
    expect(answer).toMatch(
      /the next, thrifty, is 11\.\d % above base \(95 % interval \+\d.* 8 paired units, p 0\.008\)/,
    );
  });

  it("an interval that holds 0 leads to no verdict", () => {
    const { groups, warnings } = summarise(
      both((i) => ({ costUsd: 30 + i + (i % 2 === 0 ? 3 : -3.1), hours: 10 })),
      question,
    );
    expect(groups[0]!.answer).toContain("do not tell the two apart");
    expect(warnings.join("\n")).toContain("the interval of the difference holds 0");
  });

  it("when every cell failed there is nothing to compare", () => {
    const none = units.map((unit) => record("base", unit, 0, undefined));
    expect(summarise(none, question).groups[0]!.answer).toContain("nothing to compare");
  });
});

describe("the spreadsheet", () => {
  it("runs no formula that came in as a name", async () => {
    const hostile = units.map((unit) =>
      record("=cmd|' /C calc'!A0", unit, 0, { costUsd: 1, hours: 1 }, { "@axis": "-1" }),
    );
    const csv = await summaryCsv(summarise(hostile, question));
    expect(csv.split("\n")[0]).toContain("'@axis");
    for (const line of csv.trim().split("\n")) expect(line).not.toMatch(/(^|,|")[=@]/);
  });

  it("leaves numbers numbers, below 0 too, and writes a row a metric", async () => {
    const records = units.map((unit) => record("base", unit, 0, { costUsd: 1, hours: 1 }, { shift: -2 }));
    const lines = (await summaryCsv(summarise(records, question))).trim().split("\n");
    expect(lines).toHaveLength(1 + 7);
    expect(lines[0]).toBe("shift,policy,metric,mean,low,high,kind,units");
    expect(lines[1]).toBe("-2,base,costUsd,1,1,1,interval,8");
  });
});

describe("a bound", () => {
  const exact = { kind: "exact", workload: "deadline-job", profile: "cbl-tick-v1" } as const;
  /** Of a job that is due after 12.2 h; its last whole tick of half an hour ends at 12 h. */
  const run = (
    policyId: string,
    unit: string,
    costUsd: number,
    completionMeanH: number,
    bound?: typeof exact,
  ): RunRecord => {
    const made = record(policyId, unit, 0, { costUsd, hours: 10 });
    if (!made.ok) throw new Error("it is ok");
    return {
      ...made,
      spec: {
        ...made.spec,
        workload: { model: "deadline-job", params: { deadlineH: 12.2 } },
        cadence: { onChange: false, everyS: 1800 },
      },
      metrics: { ...made.metrics, completionMeanH },
      ...(bound && { clairvoyant: { bound } }),
    };
  };
  const bounded = (thriftyH: number, thriftyUsd = 20) =>
    units.flatMap((unit) => [
      run("base", unit, 30, 10),
      run("thrifty", unit, thriftyUsd, thriftyH),
      run("optimum", unit, 16, 11, exact),
    ]);

  it("has no rank and is no answer; what is paid beyond it is the regret", () => {
    const summary = summarise(bounded(11), question);
    const [group] = summary.groups;
    expect(group!.policies.map(({ policyId, clairvoyant }) => [policyId, clairvoyant?.bound?.kind])).toEqual([
      ["thrifty", undefined],
      ["base", undefined],
      ["optimum", "exact"],
    ]);
    expect(group!.policies.map(({ regrets }) => regrets?.map(({ share }) => share.mean))).toEqual([
      [expect.closeTo(0.25, 12)],
      [expect.closeTo(0.875, 12)],
      undefined,
    ]);
    expect(group!.answer).toMatch(
      /^thrifty comes out best .* 25\.0 % \(95 % interval .*\) more than optimum, which knows the future\.$/,
    );
    expect(failed(bounded(11))).toEqual([]);
  });

  const failed = (records: readonly RunRecord[]) =>
    failUndercuts(records, (key) => `again ${key}`).flatMap((each) => (each.ok ? [] : [each]));

  it("fails each run that undercuts it and was done by its last whole tick; later, it may", () => {
    const told = failed(bounded(12, 15));
    expect(told.map(({ key }) => key)).toEqual(units.map((unit) => `thrifty-${unit}-0`));
    expect(told[0]).toMatchObject({
      error: expect.stringMatching(/^Error: costs 15 USD, less than optimum \(16 USD\), a bound \(exact\) of /),
      replay: "again thrifty-u0-0",
    });
    expect(failed(bounded(12.1, 15))).toEqual([]);
    expect(failed(bounded(12, 16))).toEqual([]);
  });

  it("fails, where it is a relaxation, each that undercuts it by the deadline itself, and none that a heuristic is dearer than", () => {
    const of = (kind: string, hours: number) =>
      failed(bounded(hours, 15).map((each) => withBound(each, { ...exact, kind }))).length;
    expect([of("relaxation", 12.2), of("relaxation", 12.3), of("heuristic", 12)]).toEqual([units.length, 0, 0]);
  });

  const withBound = (each: RunRecord, bound: object): RunRecord =>
    (each.ok && each.clairvoyant ? { ...each, clairvoyant: { bound } } : each) as RunRecord;

  describe("of a service", () => {
    const served = (policyId: string, unit: string, costUsd: number, available: number, bound?: object): RunRecord => {
      const made = run(policyId, unit, costUsd, 0);
      if (!made.ok) throw new Error("it is ok");
      const { completedShare: _share, completionMeanH: _mean, ...metrics } = made.metrics;
      return {
        ...made,
        spec: { ...made.spec, workload: { model: "serving", params: {} } },
        metrics: { ...metrics, availableShare: available, shortReplicaHours: 24 * (1 - available) },
        ...(bound && { clairvoyant: { bound: exact } }),
      };
    };
    const recordsOf = (thrifty: number) =>
      units.flatMap((unit) => [
        served("base", unit, 30, 1),
        served("thrifty", unit, 15, thrifty),
        served("optimum", unit, 16, 1, exact),
      ]);

    it("may cost more than a policy that is available less, which the answer says of both", () => {
      const { groups } = summarise(recordsOf(0.9), question);
      expect(groups[0]!.answer).toMatch(
        /^thrifty comes out best on cost: 15\.\d+ USD, available 90\.0 % of the time; .* But base is available 100\.0 % of the time\. It costs 6\.\d % \(95 % interval .*\) less than optimum, which knows the future and leaves no work undone\.$/,
      );
      expect(failed(recordsOf(0.9))).toEqual([]);
    });

    it("and never more than one that is as available", () => {
      expect(failed(recordsOf(1)).map(({ spec }) => spec.policyId)).toEqual(units.map(() => "thrifty"));
    });
  });
});
