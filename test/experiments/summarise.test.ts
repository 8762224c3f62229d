import { describe, expect, it } from "vitest";
import type { RunRecord } from "../../experiments/record.ts";
import { summarise } from "../../experiments/summarise.ts";
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
    spec: { policyId, unit, replicate, axes } as unknown as RunRecord["spec"],
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
    expect(primary!.ratio.mean).toBeCloseTo(0.5, 12);
    expect(primary!.ratio.high - primary!.ratio.low).toBeLessThan(1e-9);
    expect(primary!.difference.mean).toBeCloseTo(-16.75, 12);
    expect(primary!.p).toBe(2 / 256);
    expect(primary!.pHolm).toBe(2 / 256);
    expect(primary!.correlation).toBeCloseTo(1, 12);
    expect(primary!.split).toMatchObject({
      savingUsd: 16.75,
      priceUsd: 16.75,
      hoursUsd: 0,
      freeHoursUsd: 0,
      workNotDoneUsd: 0,
    });
  });

  it("says so in one sentence, with what it rests on", () => {
    expect(group!.answer).toContain("thrifty comes out best on cost: 16.75 USD");
    expect(group!.answer).toContain("50.0 % below base");
    expect(group!.answer).toContain("8 paired units");
  });

  it("is the same for the same records", () => {
    expect(JSON.stringify(summarise(both(), question))).toBe(JSON.stringify(summary));
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
    expect(groups[0]!.answer).toContain("below 6 units this trace cannot say");
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
});
