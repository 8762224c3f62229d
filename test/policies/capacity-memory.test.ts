import { describe, expect, it } from "vitest";
import { blockedUntilS } from "../../policies/capacity-memory.ts";
import type { MarketView, RefusalReason } from "../../policies/contract/view.ts";
import { covers, quotaFamily } from "../../policies/refusal-scope.ts";

const untilS = (reason: RefusalReason, lastReclaimS?: number) =>
  blockedUntilS({ refusal: { reason, scope: "market", timeS: 100 }, lastReclaimS } as MarketView, 180);

describe("the capacity memory", () => {
  it("holds a lack of capacity for its time, a quota for 15 minutes, and what time does not mend for ever", () => {
    expect(untilS("capacity")).toBe(280);
    expect(untilS("quota")).toBe(1000);
    expect(untilS("unsupported")).toBe(Infinity);
    expect(untilS("denied")).toBe(Infinity);
  });

  it("holds nothing against a market that our guard refused, or whose answer was lost", () => {
    expect(untilS("guard")).toBe(-Infinity);
    expect(untilS("lost")).toBe(-Infinity);
  });

  it("counts a reclaim beside a refusal, whichever lasts longer", () => {
    expect(untilS("capacity", 150)).toBe(330);
    expect(untilS("guard", 150)).toBe(330);
    expect(untilS("quota", 150)).toBe(1000);
  });
});

describe("a refusal speaks for", () => {
  const asked = { instanceType: "g5.xlarge", region: "r", zone: "a", capacityType: "spot" } as const;
  const others = {
    "the market itself": asked,
    "another type there": { ...asked, instanceType: "g6.xlarge" },
    "on-demand there": { ...asked, capacityType: "onDemand" },
    "another zone": { ...asked, zone: "b" },
    "another family": { ...asked, instanceType: "p4d.24xlarge", zone: "b" },
    "the zone's namesake elsewhere": { ...asked, region: "s" },
  } as const;
  it.each([
    ["market", ["the market itself"]],
    ["zone", ["the market itself", "another type there", "on-demand there"]],
    ["type", ["the market itself", "on-demand there"]],
    ["family", ["the market itself", "another type there", "another zone"]],
    ["all", Object.keys(others)],
  ] as const)("%s", (scope, covered) => {
    expect(Object.entries(others).flatMap(([name, other]) => (covers(scope, asked, other) ? [name] : []))).toEqual(
      covered,
    );
  });

  it("types of one quota family, as AWS groups them", () => {
    expect(["g5.xlarge", "g6e.12xlarge", "vt1.3xlarge", "gr6.4xlarge"].map(quotaFamily)).toEqual(["g", "g", "g", "g"]);
    expect(
      ["m7i.large", "c6gn.xlarge", "i4i.large", "hpc7a.12xlarge", "inf2.xlarge", "p5.48xlarge"].map(quotaFamily),
    ).toEqual(["standard", "standard", "standard", "hpc", "inf", "p"]);
  });
});
