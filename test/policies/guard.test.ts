import { describe, expect, it } from "vitest";
import type { Caps } from "../../policies/contract/scenario.ts";
import { Decider } from "../../policies/decider.ts";
import { FleetState } from "../../policies/state/fleet-state.ts";
import { fleetSpecOf } from "../../sim/world.ts";
import { handCloud, scenario, table } from "../support/runs.ts";

// Spot z0, z1, z2 at 1, 2 and 3 USD/h, and on-demand in the same zones at 3.6.

/** The markets whose launches go out when a policy launches once in each of `markets`, in that order. */
function sent(markets: readonly number[], caps: Caps): number[] {
  const zones = table(
    [1, 2, 3].map((usdPerHour) => ({ price: [[0, usdPerHour]] })),
    3600,
  );
  const state = new FleetState(fleetSpecOf(zones, handCloud));
  for (const market of state.markets) state.price(market.id, zones.priceUsdPerHourAt(market.id, 0));
  const decisions = {
    ...scenario("greedy", { caps }),
    scheduling: {
      ...scenario("greedy").scheduling,
      create: () => ({
        decide: (view: FleetState, act: { launch(market: unknown): void }) => {
          for (const market of markets) act.launch(view.markets[market]);
        },
      }),
    },
  } as unknown as ConstructorParameters<typeof Decider>[1];
  const decider = new Decider(state, decisions, { onChange: true }, { notes: false, seed: "guard" });
  return decider.ask().actions.flatMap((action) => (action.do === "launch" ? action.market : []));
}

describe("the guard lets the first launches of an ask out and holds back the rest", () => {
  it.each<[string, readonly number[], Caps, readonly number[]]>([
    ["instances", [0, 1, 2], { instances: 2 }, [0, 1]],
    ["on-demand instances, spot passing by", [3, 4, 0, 5], { onDemand: 1 }, [3, 0]],
    ["dollars an hour: 3 and 1, then 2 are too much, then another 1", [2, 0, 1, 0], { usdPerHour: 5 }, [2, 0, 0]],
    ["launches an hour", [0, 1, 2], { launchesPerHour: 2 }, [0, 1]],
    ["nothing without caps", [0, 1, 2, 3], {}, [0, 1, 2, 3]],
  ])("%s", (_, markets, caps, expected) => {
    expect(sent(markets, caps)).toEqual(expected);
  });
});
