import { describe, expect, it } from "vitest";
import type { CloudSpec, Scenario } from "../../policies/contract/scenario.ts";
import { type Found, gateEnd, manifestFaults, type PromotionManifest } from "../../policies/manifest/manifest.ts";
import { type Simulated, unpromotable } from "../../policies/manifest/promotable.ts";

const policy: Scenario = {
  id: "hedge",
  scheduling: "spot-hedge",
  wrappers: [{ name: "with-capacity-memory" }],
  assignment: "earliest-node",
  caps: { instances: 6 },
};
const cadence = { onChange: true, everyS: 60 };
const second = { kind: "constant", value: 1 } as const;
const simulated: Simulated = {
  workload: "serving",
  cloud: {
    profile: "aws",
    visibility: "tried",
    noticeLeadS: second,
    launchS: { boot: second, imagePull: second, engineStart: second },
  } as CloudSpec,
  cadence,
  policy,
  points: 1,
  failedCells: 0,
  units: 6,
  dirty: false,
};
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const why = (changes: Partial<Simulated>) => unpromotable({ ...simulated, ...changes }, { policy, cadence }, same);

describe("what was simulated is what will run", () => {
  it("when every setting that counts is stated and the same", () => {
    expect(why({})).toEqual([]);
    expect(why({ dirty: null })).toEqual([]);
  });

  it.each([
    ["workload.model", { workload: "tasks" }],
    ["cloud.visibility", { cloud: { ...simulated.cloud, visibility: "told" } }],
    ["cloud.profile", { cloud: { ...simulated.cloud, profile: "skyserve-tick" } }],
    [
      "cloud.noticeLeadS",
      { cloud: { profile: "aws", visibility: "tried", launchS: simulated.cloud.launchS } as CloudSpec },
    ],
    ["cloud.launchS", { cloud: { profile: "aws", visibility: "tried", noticeLeadS: second } as unknown as CloudSpec }],
    ["the study sweeps", { points: 3 }],
    ["2 cells failed", { failedCells: 2 }],
    ["units are 5", { units: 5 }],
    ["the study ran on changes that are not committed", { dirty: true }],
    ["cadence differs", { cadence: { onChange: true, everyS: 30 } }],
    ["policies.caps is missing", { policy: { ...policy, caps: {} } }],
    ["policies.wrappers lacks with-capacity-memory", { policy: { ...policy, wrappers: [] } }],
    ["scheduling differs", { policy: { ...policy, scheduling: "even-spread" } }],
    ["caps differs", { policy: { ...policy, caps: { instances: 7 } } }],
  ] as const)("and not otherwise: %s", (setting, changes) => {
    expect(why(changes as Partial<Simulated>).join("\n")).toContain(setting);
  });
});

describe("a gate", () => {
  const measured = { mean: 0.7, low: 0.6, high: 0.81, units: 9 };
  it("is on the worse end of the interval, never on the mean", () => {
    expect(gateEnd({ metric: "costUsd", of: "ratio", atMost: 0.8 }, measured)).toEqual({ end: 0.81, holds: false });
    expect(gateEnd({ metric: "costUsd", of: "ratio", atMost: 0.81 }, measured)).toEqual({ end: 0.81, holds: true });
    expect(gateEnd({ metric: "availableShare", of: "value", atLeast: 0.65 }, measured)).toEqual({
      end: 0.6,
      holds: false,
    });
    expect(gateEnd({ metric: "availableShare", of: "value", atLeast: 0.6 }, measured)).toEqual({
      end: 0.6,
      holds: true,
    });
  });
});

describe("a manifest", () => {
  const found: Found = {
    sha256: "a",
    codeSha256: "b",
    lockfileSha256: "c",
    fleet: "chat",
    region: "us-east-1",
    fleetSha256: "d",
    now: "2026-11-23T08:00:00.000Z",
  };
  const manifest = { ...found, expires: "2026-12-23T08:00:00.000Z" } as unknown as PromotionManifest;

  it("holds where all that it names is as it was, until it expires", () => {
    expect(manifestFaults(manifest, found)).toEqual([]);
    expect(manifestFaults(manifest, { ...found, now: "2026-12-23T07:59:59.999Z" })).toEqual([]);
    expect(manifestFaults(manifest, { ...found, now: manifest.expires })).toEqual([
      "expires: 2026-12-23T08:00:00.000Z is past; promote again",
    ]);
  });

  it.each(["sha256", "codeSha256", "lockfileSha256", "fleet", "region", "fleetSha256"] as const)(
    "names %s when it does not match, with the remedy",
    (field) => {
      expect(manifestFaults(manifest, { ...found, [field]: "another" })).toEqual([
        expect.stringMatching(new RegExp(`^${field} does not match: .+; .*promote`)),
      ]);
    },
  );
});
