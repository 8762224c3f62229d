import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recordLook } from "../../experiments/confirm-looks.ts";
import type { RunRecord } from "../../experiments/record.ts";
import { keptApart } from "../../experiments/statistics/kept-apart.ts";
import { summarise } from "../../experiments/summarise.ts";
import { scratchFolder } from "./support/studies.ts";

const record = (policyId: string, i: number, costUsd: number, axes: object = {}): RunRecord =>
  ({
    key: `${policyId}-${i}-${JSON.stringify(axes)}`,
    spec: { policyId, trace: "t", fromS: 3600 * i, unit: `hour ${i}`, replicate: 0, axes },
    versions: { engine: "e", node: "n" },
    ...{ ok: true, metrics: { costUsd }, assumptions: [], fingerprint: "f" },
  }) as unknown as RunRecord;

/** "Young" costs 10 less than base in its first 12 hours and 10 more in the 6 after, give or take its hour's number. */
const records = Array.from({ length: 18 }, (_, i) => [
  record("base", i, 100),
  record("young", i, 100 + (i < 12 ? -10 : 10) + i / 10),
]).flat();
const question = {
  ...{ question: "Which?", baseline: "base", confirmShare: 1 / 3 },
  primary: { metric: "costUsd", comparisons: [["young", "base"]] as [string, string][] },
};

describe("units kept apart", () => {
  test("are the latest ones of each point of a sweep, whatever order records come in; at least one, and never all", () => {
    const units = fc.array(fc.nat(30), { minLength: 2, maxLength: 12 }).map((all) => [...new Set(all)]);
    fc.assert(
      fc.property(units, fc.double({ min: 0.05, max: 0.5, noNaN: true }), (starts, share) => {
        fc.pre(starts.length >= 2);
        const points = [{ x: 1 }, { x: 2 }].map((axes) => starts.map((i) => record("base", i, 1, axes)));
        const { explore, confirm } = keptApart(points.flat(), share);
        expect(explore.length + confirm.length).toBe(2 * starts.length);
        for (const x of [1, 2]) {
          const fromOf = (of: readonly RunRecord[]) =>
            of.filter(({ spec }) => spec.axes.x === x).map(({ spec }) => spec.fromS);
          const [early, late] = [fromOf(explore), fromOf(confirm)];
          expect(early.length).toBeGreaterThan(0);
          expect(late.length).toBe(Math.min(starts.length - 1, Math.max(1, Math.round(share * starts.length))));
          expect(Math.max(...early)).toBeLessThan(Math.min(...late));
        }
      }),
    );
  });

  test("do not rank: what wins early and loses late is first, and its own confirmation speaks against it", () => {
    const { groups } = summarise(records, question);
    const [group] = groups;
    expect(group!.policies.map(({ policyId }) => policyId)).toEqual(["young", "base"]);
    expect(group!.units).toBe(12);
    expect(group!.comparisons[0]!.difference.high).toBeLessThan(0);
    const { units, looks, comparisons } = group!.confirm!;
    expect({ units, looks, made: comparisons.length }).toEqual({ units: 6, looks: 1, made: 1 });
    // Hours 12 to 17: 10 more and 1.45 on average.
    expect(comparisons[0]!.difference.mean).toBeCloseTo(11.45, 9);
    expect(comparisons[0]!.difference.low).toBeGreaterThan(0);
    expect(summarise(records, { ...question, confirmShare: 0 }).groups[0]).not.toHaveProperty("confirm");
  });

  test("allow for every look that was taken: the second and third widen the interval and multiply p", () => {
    const at = (confirmLooks: number) =>
      summarise(records, question, { confirmLooks }).groups[0]!.confirm!.comparisons[0]!;
    const width = (looks: number) => at(looks).difference.high - at(looks).difference.low;
    expect(width(3)).toBeGreaterThan(width(1));
    expect(at(3).pHolm).toBeCloseTo(3 * at(1).pHolm!, 12);
    expect(at(1).p).toBe(at(3).p);
  });

  test("too few to confirm anything are said to be", () => {
    const { warnings } = summarise(records, { ...question, confirmShare: 0.1 });
    expect(warnings.join()).toContain("2 unit(s) are kept apart to confirm, too few for an interval");
  });
});

describe("looks at them", () => {
  test("count what was shown them, not how often: a change is another look, the same again is none", () => {
    const folder = scratchFolder();
    const look = (digest: string) => recordLook(folder, digest, "2026-11-24T00:00:00.000Z");
    expect([look("aa"), look("aa"), look("bb"), look("aa"), look("cc")]).toEqual([1, 1, 2, 2, 3]);
    expect(readFileSync(join(folder, "looks.ndjson"), "utf8").trimEnd().split("\n")).toHaveLength(3);
    // Half a line, of a process that died: it was a look.
    appendFileSync(join(folder, "looks.ndjson"), '{"at":"2026');
    expect(look("aa")).toBe(4);
  });
});
