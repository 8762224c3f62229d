import { describe, expect, it } from "vitest";
import { nearestName } from "../../policies/contract/nearest.ts";

const names = ["on-demand-only", "greedy", "on-demand-fallback"];

describe("the nearest name", () => {
  it.each([
    ["gredy", "greedy"],
    ["Greedy", "greedy"],
    ["geredy", "greedy"], // two neighbours swapped
    ["on-demand", "on-demand-only"],
    ["ondemand-fallbak", "on-demand-fallback"],
  ])("of %s is %s", (typed, meant) => {
    expect(nearestName(typed, names)).toBe(meant);
  });

  it("counts a swap of neighbours as one edit, not two", () => {
    expect(nearestName("ab", ["xyb", "ba"])).toBe("ba");
    expect(nearestName("ca", ["b", "ac"])).toBe("ac"); // one swap; "b" is two edits away
  });

  it("of two equally near is the one listed first, and of none there is none", () => {
    expect(nearestName("c", ["a", "b"])).toBe("a");
    expect(nearestName("", ["abc", "a"])).toBe("a");
    expect(nearestName("greedy", [])).toBeUndefined();
  });
});
