import { describe, expect, it } from "vitest";
import { compareResults, type Results } from "../../experiments/compare-results.ts";
import type { RunRecord } from "../../experiments/record.ts";
import { createResamplesOfTwo, unpaired } from "../../experiments/statistics/unpaired.ts";
import { createRandom } from "../../policies/contract/random.ts";
import { inventedReport } from "../reports/invented.ts";

const invented = inventedReport({ units: 12 });
const results = (name: string, change: (record: RunRecord) => RunRecord = (record) => record): Results => ({
  name,
  summary: invented.summary,
  manifest: invented.manifest,
  records: invented.records.map(change),
});
const cost = (record: RunRecord, change: (usd: number) => number): RunRecord =>
  record.ok
    ? {
        ...record,
        fingerprint: "other",
        metrics: { ...record.metrics, usdPerWorkHour: change(record.metrics.usdPerWorkHour!) },
      }
    : record;
const onPrimary = (comparison: ReturnType<typeof compareResults>) =>
  comparison.changes.filter(({ metric }) => metric === comparison.primaryMetric);

describe("two results compared", () => {
  it("of the same runs: nothing was changed, all is the same, to the last digit and event by event", () => {
    const comparison = compareResults(results("a"), results("b"));
    expect(comparison).toMatchObject({ settings: [], provenance: [], warnings: [] });
    expect(comparison.runs).toEqual({ shared: invented.records.length, identical: invented.records.length });
    expect(new Set(comparison.changes.map(({ verdict }) => verdict))).toEqual(new Set(["same"]));
  });

  it("on the same luck pairs are differences: half a dollar more in every unit is half a dollar, without spread, and no luck", () => {
    const comparison = compareResults(
      results("a"),
      results("b", (record) => cost(record, (usd) => usd + 0.5)),
    );
    const changes = onPrimary(comparison);
    expect(changes).toHaveLength(4);
    for (const { how, verdict, difference, pHolm } of changes) {
      expect({ how, verdict, n: difference.n }).toEqual({ how: "paired", verdict: "more than luck", n: 12 });
      expect([difference.low, difference.mean, difference.high]).toEqual(
        [0.5, 0.5, 0.5].map((x) => expect.closeTo(x, 9)),
      );
      // 2 of the 2^12 flips are as far out, times four comparisons.
      expect(pHolm).toBeCloseTo((4 * 2) / 2 ** 12, 12);
    }
    expect(comparison.runs.identical).toBe(0);
    expect(comparison.changes.filter(({ verdict }) => verdict !== "same")).toHaveLength(4);
  });

  it("on other luck means are compared, and the reader is told; what pairing would have shown does not show", () => {
    const comparison = compareResults(
      results("a"),
      results("b", (record) => {
        const moved = cost(record, (usd) => usd + 0.01);
        return { ...moved, spec: { ...moved.spec, seed: `${moved.spec.seed} anew` } };
      }),
    );
    const greedy = onPrimary(comparison).find(({ policyId }) => policyId.startsWith("greedy"))!;
    expect(greedy).toMatchObject({ how: "unpaired", verdict: "may be luck" });
    expect(greedy.difference.mean).toBeCloseTo(0.01, 9);
    expect(greedy.difference.low).toBeLessThan(0);
    expect(comparison.warnings[0]).toMatch(/^4 of 4 comparisons are of means over different luck/);
  });

  it("names what was changed: settings by their path, a policy by its name and not by its place, code and traces by digest", () => {
    const policies = [
      { id: "a", scheduling: "greedy", assignment: "first-fit" },
      { id: "b", scheduling: "random", assignment: "first-fit" },
    ];
    const config = { drainH: 1, workload: { params: { tasks: 60 } }, policies };
    const one = { ...results("one"), manifest: { config, node: "v24.1.0", codeDigests: { engine: "x", a: "p" } } };
    const other = {
      ...results("two", (record) => ({ ...record, spec: { ...record.spec, traceDigest: "another" } })),
      manifest: {
        config: {
          drainH: 2,
          workload: { params: { tasks: 60 } },
          policies: [{ ...policies[1]!, assignment: "random" }, policies[0]!],
        },
        node: "v24.1.0",
        codeDigests: { engine: "x", a: "q" },
      },
    };
    const { settings, provenance } = compareResults(one, other);
    expect(settings).toEqual([
      { what: "drainH", before: 1, after: 2 },
      { what: "policies.b.assignment", before: "first-fit", after: "random" },
    ]);
    expect(provenance.map(({ what }) => what)).toEqual(["code.a", `traces.${invented.records[0]!.spec.trace}`]);
  });

  it("tells what only one of the two has, and failed runs, whose units are left out", () => {
    const renamed = results("b", (record) =>
      record.spec.policyId === "on-demand-only" ? { ...record, spec: { ...record.spec, policyId: "none" } } : record,
    );
    const { key, spec, versions } = renamed.records[1]!;
    const failed = { key, spec, versions, ok: false as const, error: "e", replay: "r" };
    const { warnings, changes } = compareResults(results("a"), {
      ...renamed,
      records: renamed.records.map((record, i) => (i === 1 ? failed : record)),
    });
    expect(warnings).toEqual([
      'only a has the policy "on-demand-only"',
      'only b has the policy "none"',
      "1 of 48 runs of b failed; their units are left out",
    ]);
    expect(new Set(changes.map(({ difference }) => difference.n))).toEqual(new Set([11, 12]));
  });
});

describe("samples that share nothing", () => {
  const resamples = createResamplesOfTwo("test");
  const random = createRandom("unpaired test");
  const stream = random.stream("exponential");
  const sample = (n: number, key: number, scale = 1) =>
    Float64Array.from({ length: n }, (_, i) => -scale * Math.log(1 - random.at(stream, key, i)));

  it("covers the difference of means, also where spread and size differ", () => {
    const runs = 300;
    let held = 0;
    for (let run = 0; run < runs; run++) {
      const { difference } = unpaired(sample(20, 2 * run), sample(40, 2 * run + 1, 3), 0.95, resamples);
      if (difference.low <= 2 && difference.high >= 2) held++;
    }
    // 95 % less four standard errors of the share; skewed data is allowed two per cent on top, as in METRICS.md.
    expect(held / runs).toBeGreaterThan(0.93 - 4 * Math.sqrt((0.95 * 0.05) / runs));
  }, 60_000);

  it("calls one in twenty of nothing a difference", () => {
    const runs = 200;
    let found = 0;
    for (let run = 0; run < runs; run++)
      if (unpaired(sample(10, 1000 + 2 * run), sample(15, 1001 + 2 * run), 0.95, resamples).p! < 0.05) found++;
    expect(found / runs).toBeLessThan(0.05 + 4 * Math.sqrt((0.95 * 0.05) / runs));
    expect(found).toBeGreaterThan(0);
  }, 60_000);

  it("of fewer than six units it gives the range and no p; of equal ones no spread", () => {
    expect(unpaired(Float64Array.of(1, 2, 3), Float64Array.of(5, 6, 7, 8, 9, 10), 0.95, resamples)).toEqual({
      difference: { mean: 5.5, low: 2, high: 9, kind: "range", n: 3 },
      p: null,
    });
    const [ones, twos] = [new Float64Array(6).fill(1), new Float64Array(8).fill(2)];
    expect(unpaired(ones, ones, 0.95, resamples)).toMatchObject({ difference: { low: 0, high: 0 }, p: 1 });
    // Fourteen units fall apart so in 2 of 3003 ways.
    expect(unpaired(ones, twos, 0.95, resamples)).toMatchObject({ difference: { low: 1, high: 1 } });
    expect(unpaired(ones, twos, 0.95, resamples).p).toBeLessThan(0.01);
  });
});
