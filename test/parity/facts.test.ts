import { describe, expect, it } from "vitest";
import { FleetState } from "../../policies/state/fleet-state.ts";

// What the state must bear from a live host and would never hear from the engine.

const market = {
  instanceType: "g.x",
  region: "r",
  zone: "z",
  capacityType: "spot",
  slots: 1,
  gpuMemoryMiB: 1,
  networkMiBPerS: 1,
} as const;
const fleet = () => new FleetState({ markets: [market], launch: { answerS: 1, bootS: 1, warmS: 1, warmAgainS: 1 } });

describe("facts as a live host reports them", () => {
  it("a grant and a refusal of one instant leave the same market, whichever arrives first", () => {
    const hearing = (order: readonly ("grant" | "refusal")[]) => {
      const state = fleet();
      const [own] = state.markets;
      const [first, second, third] = [state.launch(own!), state.launch(own!), state.launch(own!)];
      state.advance(4);
      for (const what of order) {
        if (what === "grant") state.status(first.id, "pending");
        else state.refused(second.id, "capacity", "market");
      }
      const { unanswered, grantedSinceRefusal, held, refusal } = own!;
      state.advance(5);
      state.status(third.id, "pending");
      return { unanswered, grantedSinceRefusal, held, refusal, later: own!.grantedSinceRefusal };
    };
    expect(hearing(["grant", "refusal"])).toEqual({
      unanswered: 1,
      grantedSinceRefusal: 0,
      held: 2,
      refusal: { reason: "capacity", scope: "market", timeS: 4 },
      later: 1,
    });
    expect(hearing(["refusal", "grant"])).toEqual(hearing(["grant", "refusal"]));
  });

  it("a status that is repeated or comes late changes nothing, least of all since when the instance is billed", () => {
    const state = fleet();
    const instance = state.launch(state.markets[0]!);
    const told = [
      [4, "pending"],
      [44, "warming"],
      [60, "ready"],
    ] as const;
    for (const [timeS, status] of told) {
      state.advance(timeS);
      state.status(instance.id, status);
    }
    const { version } = state;
    state.advance(70);
    for (const [, status] of told) state.status(instance.id, status);
    expect(state.version).toBe(version);
    expect(instance).toMatchObject({ status: "ready", runningS: 44 });
    expect(state.markets[0]).toMatchObject({ held: 1, unanswered: 0, grantedSinceRefusal: 1 });
  });
});
