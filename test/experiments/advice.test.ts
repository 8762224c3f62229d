import { describe, expect, test } from "vitest";
import { type Asked, adviceOf } from "../../experiments/advice/advice.ts";
import type { Study } from "../../experiments/study-schema.ts";
import type { Comparison, Estimate, Summary } from "../../experiments/summary.ts";

const at = (mean: number, half = 1, n = 20): Estimate => ({
  mean,
  low: mean - half,
  high: mean + half,
  kind: "interval",
  n,
});

interface Told {
  readonly usd: Readonly<Record<string, number>>;
  readonly inTime: Readonly<Record<string, number>>;
  /** Half the width of a difference. */
  readonly half?: number;
}

function group(axes: object, { usd, inTime, half = 1 }: Told): Summary["groups"][number] {
  const ids = Object.keys(usd);
  const policies = ids.map((policyId) => ({
    policyId,
    metrics: { costUsd: at(usd[policyId]!), deadlineMetShare: at(inTime[policyId]!, 0) },
  }));
  const comparisons = ids.flatMap((policyId, i) =>
    ids.slice(0, i).map((against) => {
      const [ours, theirs] = [usd[policyId]!, usd[against]!];
      return {
        ...{ metric: "costUsd", policyId, against, role: "primary" },
        difference: at(ours - theirs, half),
        ratio: at(ours / theirs, half / theirs),
      } as Comparison;
    }),
  );
  return { axes, units: 20, policies, comparisons } as unknown as Summary["groups"][number];
}

const study = {
  policies: [
    { id: "on-demand", scheduling: "on-demand-only", assignment: "first-fit" },
    { id: "net", scheduling: "greedy-deadline", assignment: "first-fit" },
  ],
} as unknown as Pick<Study, "policies">;
const asked: Asked = {
  work: "a job of 24 h within 32 h",
  metric: "deadlineMetShare",
  service: 0.99,
  cannotTell: ["the future"],
};
const advice = (...groups: readonly Told[]) => {
  const axes = groups.map((_, i) => ({ deadlineH: 32 + 16 * i }));
  const summary = {
    baseline: "on-demand",
    warnings: ["few units"],
    groups: groups.map((each, i) => group(axes[i]!, each)),
  };
  return adviceOf(summary as unknown as Summary, study, asked, ["capacity is what was seen"]);
};
const always = { "on-demand": 1, net: 1, bold: 1 };

describe("advice", () => {
  test("is the cheapest policy that gives the service, with its bill, its saving and its parameters", () => {
    const told = advice(
      { usd: { "on-demand": 80, net: 40, bold: 30 }, inTime: { ...always, bold: 0.9 } },
      { usd: { "on-demand": 80, net: 40, bold: 20 }, inTime: always },
    );
    expect(told.answer).toBe(
      "net is the cheapest for a job of 24 h within 32 h: 40.00 USD (95 % interval 39.00 to 41.00), in time in 100.0 % of the runs; 50.0 % less than on-demand (95 % interval 48.8 % to 51.2 %, 20 stretches of time).",
    );
    expect(told.parameters).toBe('{"scheduling":"greedy-deadline","assignment":"first-fit"}');
    expect(told.wouldChange).toEqual(["with deadlineH at 48: bold, 20.00 USD (95 % interval 19.00 to 21.00)"]);
    expect(told.cannotTell).toEqual(["the future", "capacity is what was seen", "few units"]);
  });

  test("names the rival that it is not told apart from, and a baseline that it is not", () => {
    const close = advice({ usd: { "on-demand": 80, bold: 42, net: 40 }, inTime: always, half: 3 });
    expect(close.answer).toMatch(/\), and not told apart from bold, 42\.00 USD\.$/);
    const same = advice({ usd: { "on-demand": 41, net: 40 }, inTime: always, half: 3 });
    expect(same.answer).toContain("2.4 % less than on-demand, but these 20 stretches do not tell the two apart");
  });

  test("is to stay on-demand where no spot policy gives the service for less, and none where nothing gives it", () => {
    const stay = advice({ usd: { "on-demand": 80, net: 40 }, inTime: { ...always, net: 0.5 } });
    expect(stay.answer).toMatch(/^on-demand is the cheapest .*; no spot policy that gives this service costs less\.$/);
    const none = advice({ usd: { "on-demand": 80, net: 40 }, inTime: { "on-demand": 0.9, net: 0.5 } });
    expect(none.answer).toBe(
      "No policy here gives 99.0 % for a job of 24 h within 32 h: on-demand 90.0 %, net 50.0 %.",
    );
  });
});
