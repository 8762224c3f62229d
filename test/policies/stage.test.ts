import { describe, expect, it } from "vitest";
import { type Evidence, nextStage, staged } from "../../policies/manifest/stage.ts";

const fleet = {
  service: { name: "chat", replicas: 8 },
  policy: { scheduling: "even-spread", assignment: "earliest-node", caps: { instances: 12, usdPerHour: 5 } },
};
const evidence: Evidence = { stage: "shadow", hours: 24, asks: 100, launches: 1, notices: 0, journalSha256: "" };

describe("a stage", () => {
  it("leaves a canary one replica and the one that takes over, under the fleet's other caps", () => {
    const { service, policy } = staged("canary", fleet);
    expect(service).toEqual({ name: "chat", replicas: 1 });
    expect(policy).toEqual({ ...fleet.policy, caps: { instances: 2, usdPerHour: 5 } });
    const tight = { ...fleet, policy: { ...fleet.policy, caps: { instances: 1 } } };
    expect(staged("canary", tight).policy.caps).toEqual({ instances: 1 });
  });

  it("leaves shadow and full the whole fleet", () => {
    for (const stage of ["shadow", "full"] as const) expect(staged(stage, fleet)).toEqual(fleet);
  });

  it("is left for the next on evidence of a day, and a canary only when it has lost a replica", () => {
    expect(nextStage("shadow", evidence)).toEqual({ next: "canary", faults: [] });
    const canary = { ...evidence, stage: "canary", launches: 3, notices: 1 } as const;
    expect(nextStage("canary", canary)).toEqual({ next: "full", faults: [] });
    expect(nextStage("canary", { ...canary, notices: 0 }).faults).toEqual([
      "notices are 0, full needs 1; let it run on, or have EC2 initiate an interruption of its spot instance",
    ]);
  });

  it("is not left on the evidence of another stage, nor on too little; every reason is named", () => {
    expect(nextStage("canary", { ...evidence, hours: 23.99, asks: 3 }).faults).toEqual([
      "it is the journal of shadow, the manifest's stage is canary; name a journal of that",
      "hours are 23.9, full needs 24; let it run on",
      "asks are 3, full needs 100; let it run on",
      "launches are 1, full needs 3; let it run on",
      "notices are 0, full needs 1; let it run on, or have EC2 initiate an interruption of its spot instance",
    ]);
  });
});
