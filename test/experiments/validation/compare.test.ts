import { describe, expect, it } from "vitest";
import { mismatches } from "../../../experiments/validation/compare.ts";

const exact = { abs: 0, rel: 0 };
const fields = (...args: Parameters<typeof mismatches>) => mismatches(...args).map(({ field }) => field);

describe("what passes", () => {
  it("a number at most abs + rel x |expected| away, the end included", () => {
    const tolerance = { abs: 1, rel: 0.25 }; // 1 + 0.25 x 8 = 3
    for (const got of [5, 8, 11]) expect(fields({ a: 8 }, { a: got }, tolerance)).toEqual([]);
    for (const got of [4.999, 11.001]) expect(fields({ a: 8 }, { a: got }, tolerance)).toEqual(["a"]);
    for (const got of [-5, -11]) expect(fields({ a: -8 }, { a: got }, tolerance)).toEqual([]);
    expect(fields({ a: -8 }, { a: -4 }, tolerance)).toEqual(["a"]);
    expect(fields({ a: 0 }, { a: 1e-9 }, { abs: 0, rel: 1 })).toEqual(["a"]);
    expect(fields({ a: 0 }, { a: -0 }, exact)).toEqual([]);
  });

  it("a field's own tolerance replaces both parts, for all that lies within it and for nothing else", () => {
    const tolerance = { abs: 1, rel: 1, fields: { a: { abs: 0, rel: 0.5 } } };
    expect(fields({ a: 10, b: 10 }, { a: 15, b: 21 }, tolerance)).toEqual([]);
    expect(fields({ a: 10, b: 10 }, { a: 15.1, b: 21 }, tolerance)).toEqual(["a"]);
    expect(fields({ a: [10, { a: 10 }] }, { a: [15, { a: 15.1 }] }, tolerance)).toEqual(["a[1].a"]);
    expect(fields({ c: { a: 10 } }, { c: { a: 20 } }, tolerance)).toEqual([]); // of `expect`, not of a field within
    // A name that every object has is no tolerance.
    expect(fields({ constructor: 1 }, { constructor: 2 }, tolerance)).toEqual([]);
    expect(fields({ toString: 1 }, { a: 1 }, tolerance)).toEqual(["toString"]);
  });

  it("NaN never does, nor what is infinite, whatever the tolerance", () => {
    const wide = { abs: 1e300, rel: 1e300 };
    expect(fields({ a: 1 }, { a: Number.NaN }, wide)).toEqual(["a"]);
    expect(fields({ a: 1 }, { a: Infinity }, wide)).toEqual(["a"]);
    const beyond = JSON.parse("1e999") as number;
    for (const got of [1, beyond, Number.NaN]) expect(fields({ a: beyond }, { a: got }, wide)).toEqual(["a"]);
  });

  it("lists part by part and of equal length", () => {
    const tolerance = { abs: 0.5, rel: 0 };
    expect(fields({ a: [1, [2, 3]] }, { a: [1.5, [2, 2.5]] }, tolerance)).toEqual([]);
    expect(fields({ a: [1, [2, 3]] }, { a: [1, [2, 4]] }, tolerance)).toEqual(["a[1][1]"]);
    expect(fields({ a: [1, 2] }, { a: [1] }, tolerance)).toEqual(["a"]);
    expect(fields({ a: [] }, { a: [1] }, tolerance)).toEqual(["a"]);
    expect(fields({ a: [] }, { a: {} }, tolerance)).toEqual(["a"]);
    expect(fields({ a: [] }, { a: [] }, tolerance)).toEqual([]);
  });

  it("mappings within a field with equal keys; of the fields themselves only those expected", () => {
    expect(fields({ a: 1 }, { a: 1, b: 2 }, exact)).toEqual([]);
    expect(fields({ a: { x: 1 } }, { a: { x: 1, y: 2 } }, exact)).toEqual(["a"]);
    expect(fields({ a: { x: 1, y: 2 } }, { a: { x: 1 } }, exact)).toEqual(["a"]);
    expect(fields({ a: { x: 1 } }, { a: { y: 1 } }, exact)).toEqual(["a"]);
    expect(fields({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, exact)).toEqual([]);
    expect(mismatches({ a: 1 }, { b: 1 }, exact)).toEqual([{ field: "a", expected: 1, got: undefined }]);
  });

  it("true, false, texts and null only as they are", () => {
    const wide = { abs: 10, rel: 0 };
    expect(fields({ a: true, b: "x", c: null }, { a: true, b: "x", c: null }, wide)).toEqual([]);
    const wrong = [
      [true, 1],
      [false, 0],
      [null, 0],
      [0, null],
      [1, "1"],
      ["1", 1],
      ["a", "A"],
      [null, undefined],
      [null, {}],
      [{}, null],
    ];
    for (const [expected, got] of wrong) expect(fields({ a: expected }, { a: got }, wide)).toEqual(["a"]);
  });
});
