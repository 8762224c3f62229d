import { expect, test } from "vitest";
import { atPoint } from "../../reports/at-point.ts";
import { renderReport } from "../../reports/page.ts";
import { inventedReport } from "./invented.ts";

/** The invented results, at so many points of a sweep. */
const swept = (points: number) =>
  inventedReport({
    groups: Array.from({ length: points }, (_, i) => ({ "cloud.rate": i, "cloud.kind": i % 2 === 0 ? "even" : "odd" })),
  });

test("of a sweep, the points with a value of an axis alone: their ranking, their runs, and what is no axis is refused", () => {
  const all = swept(6);
  const even = atPoint(all, ["cloud.kind=even"]);
  expect(even.summary.groups.map(({ axes }) => axes["cloud.rate"])).toEqual([0, 2, 4]);
  expect(even.records).toHaveLength(all.records.length / 2);
  const one = atPoint(all, ["cloud.kind=even", "cloud.rate=4"]);
  expect(one.summary.groups).toHaveLength(1);
  expect(one.summary.cells).toEqual({ ok: all.records.length / 6, failed: 0 });
  expect(() => atPoint(all, ["cloud.rate=7"])).toThrow("no value of cloud.rate; expected one of 0, 1, 2, 3, 4, 5");
  expect(() => atPoint(all, ["cloud.rat=7"])).toThrow("no axis of the sweep; expected one of cloud.rate=VALUE");
});

test("a page of 200 points stays below 1.5 MB, says what it leaves out and how to see it", async () => {
  const page = await renderReport(swept(200));
  expect(Buffer.byteLength(page)).toBeLessThan(1.5e6);
  expect(page).toContain("Ranked are the first 60 of 200 points of the sweep");
  expect(page).toContain("npm run report -- FOLDER --at path=value");
});
