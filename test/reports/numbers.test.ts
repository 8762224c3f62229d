import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { counted, percentChange, pValue, scaleFor } from "../../reports/numbers.ts";

describe("a column of numbers", () => {
  test.each([
    ["USD", [1234.5, 2], ["1,234.50", "2.00"]],
    ["USD", [0.04123, 0.001], ["0.0412", "0.0010"]],
    ["USD/h", [3.06, 0.918], ["3.06", "0.92"]],
    ["USD", [12], ["12.00"]],
    ["share", [0.9871, 1], ["98.7", "100.0"]],
    ["h", [123.4, 5.66], ["123", "6"]],
    ["h", [12.34, 0.5], ["12.3", "0.5"]],
    ["", [200, 13], ["200", "13"]],
    ["s", [0], ["0"]],
  ])("of unit %j writes %j as %j", (unit, values, written) => {
    const scale = scaleFor(unit, values);
    expect(values.map(scale.format)).toEqual(written);
  });

  test("has a true minus sign, a plus for differences, and no sign on what rounds to zero", () => {
    const scale = scaleFor("USD", [5]);
    expect([-1.234, -0.001, 0.001, 2].map(scale.formatSigned)).toEqual(["\u22121.23", "0.00", "0.00", "+2.00"]);
  });

  test("is never further from the value than half of its last digit", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const { format } = scaleFor("USD", values);
        for (const value of values) {
          const text = format(value);
          const decimals = text.split(".")[1]!.length;
          const back = Number(text.replaceAll(",", "").replace("\u2212", "-"));
          expect(Math.abs(back - value)).toBeLessThanOrEqual(0.5 * 10 ** -decimals * (1 + 1e-6));
        }
      }),
    );
  });
});

test("a ratio is written as a relative change", () => {
  expect([0.385, 1.05, 1, 0.9999].map(percentChange)).toEqual([
    "\u221261.5\u00A0%",
    "+5.0\u00A0%",
    "0.0\u00A0%",
    "0.0\u00A0%",
  ]);
});

test("a p is never written as 0", () => {
  expect([0.00001, 0.0004, 0.0123, 0.31, 1].map(pValue)).toEqual(["< 0.0001", "0.0004", "0.012", "0.31", "1.00"]);
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1, noNaN: true }), (p) => {
      expect(pValue(p)).toMatch(/^< 0\.0001$|[1-9]/);
    }),
  );
});

test("counts agree with their noun", () => {
  expect([counted(1, "unit"), counted(1200, "run"), counted(2, "policy", "policies")]).toEqual([
    "1 unit",
    "1,200 runs",
    "2 policies",
  ]);
});
