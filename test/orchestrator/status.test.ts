import { describe, expect, it } from "vitest";
import { FleetStory } from "../../orchestrator/fleet-story.ts";
import { JOURNAL_FORMAT } from "../../orchestrator/records.ts";
import { statusText } from "../../orchestrator/status.ts";
import type { InstanceId, MarketId, WorkId } from "../../policies/contract/units.ts";
import { oneMarket } from "./scripted-ports.ts";

const [first, second, third] = [0, 1, 2] as InstanceId[];
const market = 0 as MarketId;
const work = 0 as WorkId;

/** Two launches, one refused for lack of capacity; the other is billed for an hour at 1.8 and then half an hour at 3, and noticed. */
function told(): FleetStory {
  const story = new FleetStory();
  const at = (timeS: number) => story.see({ kind: "fact", name: "advance", args: [timeS] });
  story.see({
    kind: "start",
    format: JOURNAL_FORMAT,
    run: "r",
    fleet: oneMarket,
    scenario: { scheduling: "greedy", assignment: "earliest-node", caps: { instances: 4, usdPerHour: 5 } },
    cadence: { onChange: true },
    startedMs: Date.parse("2026-11-23T08:00:00Z"),
  });
  story.see({ kind: "fact", name: "serviceArrived", args: [work, { replicasWanted: 2 }] });
  story.see({ kind: "fact", name: "price", args: [market, 1.8] });
  at(10);
  story.see({
    kind: "ask",
    actions: [
      { do: "launch", market, instance: first! },
      { do: "launch", market, instance: second! },
    ],
    notes: [{ action: 1, by: "policy", why: "short of replicas" }],
    capped: [{ instance: third!, market, cap: "instances" }],
    unassigned: [],
  });
  const name = { instanceType: "g.x", region: "r", zone: "z", capacityType: "spot" } as const;
  for (const instance of [first!, second!]) {
    const request = { market: name, clientToken: `t${instance}`, tags: {} };
    story.see({ kind: "intent", call: instance, what: { do: "launch", instance, request } });
  }
  story.see({ kind: "result", call: 0, outcome: { ok: true, providerId: "i-a" } });
  const refusal = { ok: false, reason: "capacity", scope: "market", code: "InsufficientInstanceCapacity" } as const;
  story.see({ kind: "result", call: 1, outcome: refusal });
  story.see({ kind: "fact", name: "refused", args: [second!, "capacity", "market"] });
  story.see({ kind: "fact", name: "status", args: [first!, "ready"] });
  at(3610);
  story.see({ kind: "fact", name: "price", args: [market, 3] });
  at(5410);
  story.see({ kind: "fact", name: "reclaimNotice", args: [first!, 5518] });
  return story;
}

describe("the status of a journal", () => {
  it("says what runs, what it costs against its caps, and why", () => {
    expect(statusText(told())).toBe(
      `run r, epoch 1: greedy + earliest-node, up to 2026-11-23T09:30:10.000Z
replicas: 1 ready of 2 wanted
instances: 1 of at most 4, on-demand 0, launches in the last hour 0
price: 3.000 of at most 5 USD/h; 3.30 USD in the last 24 hours, 3.30 USD so far, at list prices
refusals: 1 InsufficientInstanceCapacity; held back by caps: 1 instances; ended: 1 refused; notices: 1; not ours: 0; calls without an answer: 0
  0 i-a g.x z spot at 3 USD/h: ready, asked for at 2026-11-23T08:00:10.000Z, taken back at 2026-11-23T09:31:58.000Z
last decisions:
  2026-11-23T08:00:10.000Z no launch {"market":0}: cap on instances
  2026-11-23T08:00:10.000Z launch {"market":0,"instance":1}: short of replicas`,
    );
  });

  it("counts a launch for an hour, and an instance that was terminated no longer", () => {
    const story = told();
    expect(story.launches).toHaveLength(2);
    story.see({ kind: "intent", call: 2, what: { do: "terminate", providerId: "i-a" } });
    expect(story.open.size).toBe(1);
    story.see({ kind: "result", call: 2, outcome: "done" });
    expect([story.instances.size, story.usdPerHour, story.open.size]).toEqual([0, 0, 0]);
  });
});
