import { expect, it } from "vitest";
import { tableFromSeries } from "../../traces/columns.ts";
import { slicesOf } from "../../traces/slices.ts";
import { capacityLine, priceLine } from "../../traces/sparkline.ts";

const table = tableFromSeries(
  [
    {
      market: { instanceType: "g", region: "r", zone: "a", capacityType: "spot" },
      price: { timesS: [0, 100, 200, 300], usdPerHour: [1, 3, 2, 2] },
      capacity: { timesS: [0, 100, 201, 399], counts: [0, 4, 0, 1] },
      depth: { kind: "observed", instances: 4 },
      gapS: 0,
    },
  ],
  { digest: "d", endS: 400 },
);

it("prices of 1, 3, 2 and 2 are drawn from the lowest bar to the highest, the mean of a stretch where it holds several", () => {
  expect(priceLine(slicesOf(table, 0, 4))).toBe("▁█▅▅");
  expect(priceLine(slicesOf(table, 0, 2))).toBe("▄▄");
});

it("capacity is drawn by its share of time: blank is never, full is always, a second of either shows", () => {
  expect(capacityLine(slicesOf(table, 0, 4))).toBe(" █▁▁");
  expect(capacityLine(slicesOf(table, 0, 1))).toBe("▂");
});
