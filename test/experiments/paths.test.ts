import fc from "fast-check";
import { expect, test } from "vitest";
import { resolvePath, withValue } from "../../experiments/paths.ts";

const value = { types: { "p3.2xlarge": { gpus: 1 }, p3: { gpus: 8 } }, list: [{ id: "a.b", x: 1 }, { name: "c" }, 5] };

test.each([
  ["types.p3.gpus", ["types", "p3", "gpus"]],
  // The longest key that fits: "p3" alone would lead nowhere.
  ["types.p3.2xlarge.gpus", ["types", "p3.2xlarge", "gpus"]],
  ["list.a.b.x", ["list", 0, "x"]],
  ["list.1.name", ["list", 1, "name"]],
  ["list.c.y", ["list", 1, "y"]],
  ["new.key", ["new", "key"]],
])("%s leads to %j", (dotted, path) => {
  expect(resolvePath(value, dotted)).toEqual(path);
});

test("a path through what is no mapping, or to an entry that is not there, is an error", () => {
  expect(() => resolvePath(value, "list.2.x")).toThrow('list.2 is 5 and has no "x" in it');
  expect(() => resolvePath(value, "list.7")).toThrow('list has no entry "7"');
  expect(() => resolvePath(value, "")).toThrow("the path is empty");
});

test("withValue changes that value and no other, in a copy", () => {
  const before = structuredClone(value);
  const path = fc.constantFrom("types.p3.gpus", "list.0.x", "list.1", "types.new.deep", "other");
  fc.assert(
    fc.property(path, fc.jsonValue(), (dotted, changed) => {
      const to = resolvePath(value, dotted);
      const copy = withValue(value, to, changed);
      const at = (root: unknown) => to.reduce((inner, key) => (inner as Record<string | number, unknown>)?.[key], root);
      expect(at(copy)).toEqual(changed);
      expect(value).toEqual(before);
      // Put back, it is as it was; what was not there before stays as undefined, or as an empty mapping on the way.
      if (at(value) !== undefined) expect(withValue(copy, to, at(value))).toEqual(before);
    }),
  );
});
