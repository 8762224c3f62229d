import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, digestOf, sha256 } from "../../experiments/digest.ts";

test("canonical JSON is JSON of the same value, without white space", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(plain);
    }),
  );
});

test("the order in which members were written does not show", () => {
  const members = fc.uniqueArray(fc.tuple(fc.string(), fc.jsonValue()), { selector: ([key]) => key });
  fc.assert(
    fc.property(members, (entries) => {
      expect(canonicalJson(Object.fromEntries(entries))).toBe(
        canonicalJson(Object.fromEntries([...entries].reverse())),
      );
    }),
  );
});

test("members that are undefined are left out, and what JSON cannot hold is refused", () => {
  expect(canonicalJson({ b: undefined, a: -0 })).toBe('{"a":0}');
  for (const value of [Number.NaN, Infinity, undefined, () => 1, 1n]) {
    expect(() => canonicalJson({ value: [value] })).toThrow(/has no place in JSON/);
  }
});

test("digests are SHA-256 in hex", () => {
  // FIPS 180-4, example of one block.
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(digestOf("abc")).toBe(sha256('"abc"'));
});
