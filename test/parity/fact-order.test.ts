import { expect, it } from "vitest";
import type { MarketId } from "../../policies/contract/units.ts";
import { FleetState } from "../../policies/state/fleet-state.ts";

// Two hosts hear the news of one instant in different orders. Found by the parity of any world.
it("a grant and a refusal of one instant leave the same market, whichever arrives first", () => {
  const market = {
    instanceType: "g.x",
    region: "r",
    zone: "z",
    capacityType: "spot",
    slots: 1,
    gpuMemoryMiB: 1,
    networkMiBPerS: 1,
  } as const;
  const after = (order: readonly ("grant" | "refusal")[]) => {
    const state = new FleetState({ markets: [market], launch: { answerS: 1, bootS: 1, warmS: 1 } });
    const [own] = state.markets;
    const [first, second, third] = [state.launch(own!), state.launch(own!), state.launch(own!)];
    state.advance(4);
    for (const what of order) {
      if (what === "grant") state.status(first.id, "pending");
      else state.refused(second.id, "capacity", "market");
    }
    const { unanswered, grantedSinceRefusal, held, refusal } = state.markets[0 as MarketId]!;
    const instant = { unanswered, grantedSinceRefusal, held, refusal };
    state.advance(5);
    state.status(third.id, "pending");
    return { ...instant, later: own!.grantedSinceRefusal };
  };
  expect(after(["grant", "refusal"])).toEqual({
    unanswered: 1,
    grantedSinceRefusal: 0,
    held: 2,
    refusal: { reason: "capacity", scope: "market", timeS: 4 },
    later: 1,
  });
  expect(after(["refusal", "grant"])).toEqual(after(["grant", "refusal"]));
});
