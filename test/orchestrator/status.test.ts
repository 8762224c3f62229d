import { describe, expect, it } from "vitest";
import { FleetStory } from "../../orchestrator/fleet-story.ts";
import { statusText } from "../../orchestrator/status.ts";
import { toldStory } from "../support/told-story.ts";

describe("the status of a journal", () => {
  it("says what runs, what it costs against its caps, and why", () => {
    expect(statusText(toldStory(new FleetStory()))).toBe(
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
    const story = toldStory(new FleetStory());
    expect(story.launches).toHaveLength(2);
    story.see({ kind: "intent", call: 2, what: { do: "terminate", providerId: "i-a" } });
    expect(story.open.size).toBe(1);
    story.see({ kind: "result", call: 2, outcome: "done" });
    expect([story.instances.size, story.usdPerHour, story.open.size]).toEqual([0, 0, 0]);
  });
});
