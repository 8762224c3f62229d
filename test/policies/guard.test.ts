import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Caps } from "../../policies/contract/scenario.ts";
import { Decider } from "../../policies/decider.ts";
import { accrue, noSpend, spentUsd } from "../../policies/guard/day-spend.ts";
import { FleetState } from "../../policies/state/fleet-state.ts";
import { fleetSpecOf } from "../../sim/world.ts";
import { handCloud, scenario, table } from "../support/runs.ts";

// Spot z0, z1, z2 at 1, 2 and 3 USD/h, and on-demand in the same zones at 3.6.

type Sent = { readonly sent: readonly number[]; readonly caps: readonly string[] };

/**
 * What comes of asks at the given times, each of a policy that launches once in each of its `markets`, in that order: the markets whose
 * launches go out, and the caps that held back the others.
 */
function asked(caps: Caps, asks: readonly (readonly [timeS: number, markets: readonly number[]])[]): Sent[] {
  const zones = table(
    [1, 2, 3].map((usdPerHour) => ({ price: [[0, usdPerHour]] })),
    3600,
  );
  const state = new FleetState(fleetSpecOf(zones, handCloud));
  for (const market of state.markets) state.price(market.id, zones.priceUsdPerHourAt(market.id, 0));
  let wanted: readonly number[] = [];
  const decisions = {
    ...scenario("greedy", { caps }),
    scheduling: {
      ...scenario("greedy").scheduling,
      create: () => ({
        decide: (view: FleetState, act: { launch(market: unknown): void }) => {
          for (const market of wanted) act.launch(view.markets[market]);
        },
      }),
    },
  } as unknown as ConstructorParameters<typeof Decider>[1];
  const decider = new Decider(state, decisions, { onChange: true }, { notes: false, seed: "guard" });
  return asks.map(([timeS, markets]) => {
    wanted = markets;
    state.advance(timeS);
    const { actions, capped } = decider.ask();
    const sent = actions.flatMap((action) => (action.do === "launch" ? action.market : []));
    return { sent, caps: capped.map(({ cap }) => cap) };
  });
}

describe("the guard lets the first launches of an ask out, and holds back the rest by the name of a cap", () => {
  it.each<[string, readonly number[], Caps, readonly number[], readonly string[]]>([
    ["instances", [0, 1, 2], { instances: 2 }, [0, 1], ["instances"]],
    ["on-demand, spot passing by", [3, 4, 0, 5], { onDemand: 1 }, [3, 0], ["onDemand", "onDemand"]],
    [
      "a third on-demand: 0 of 0, 1 of 3, not 2 of 4",
      [3, 0, 1, 3, 4],
      { onDemandShare: 1 / 3 },
      [0, 1, 3],
      ["onDemandShare", "onDemandShare"],
    ],
    ["3 and 1 USD/h, then 2 are too much, then another 1", [2, 0, 1, 0], { usdPerHour: 5 }, [2, 0, 0], ["usdPerHour"]],
    ["launches an hour", [0, 1, 2], { launchesPerHour: 2 }, [0, 1], ["launchesPerHour"]],
    ["types", [0], { instanceTypes: ["another"] }, [], ["instanceTypes"]],
    ["zones, spot and on-demand", [0, 1, 4], { zones: ["z1"] }, [1, 4], ["zones"]],
    ["nothing without caps", [0, 1, 2, 3], {}, [0, 1, 2, 3], []],
  ])("%s", (_, markets, caps, sent, by) => {
    expect(asked(caps, [[0, markets]])).toEqual([{ sent, caps: by }]);
  });

  it("counts launches of the last hour only", () => {
    const asks = [0, 3599, 3600].map((timeS) => [timeS, [0]] as const);
    expect(asked({ launchesPerHour: 1 }, asks).map(({ sent }) => sent)).toEqual([[0], [], [0]]);
  });

  it("holds back what would take the last 24 hours, and the hour that begins, beyond the cap", () => {
    // 2 USD/h from 0. At hour 3: 6 spent, and 4 more for two such instances: 10. An hour later 8 or 10, and 6 for three: too much.
    const story = asked({ usdPerDay: 10 }, [
      [0, [1]],
      [3 * 3600, [1]],
      [4 * 3600, [1]],
      [4 * 3600, [0]],
    ]);
    expect(story).toEqual([
      { sent: [1], caps: [] },
      { sent: [1], caps: [] },
      { sent: [], caps: ["usdPerDay"] },
      { sent: [], caps: ["usdPerDay"] },
    ]);
  });
});

describe("the bill of the last day", () => {
  it("lies between what the last 24 and the last 25 hours have cost, at any rates and whenever it is told", () => {
    const stretch = fc.record({
      lastsS: fc.integer({ min: 0, max: 40_000 }),
      usdPerHour: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 30 }), (stretches) => {
        const spend = noSpend();
        const perSecond: number[] = [];
        let nowS = 0;
        for (const { lastsS, usdPerHour } of stretches) {
          accrue(spend, nowS, usdPerHour);
          for (let s = 0; s < lastsS; s++) perSecond.push(usdPerHour);
          nowS += lastsS;
        }
        accrue(spend, nowS, 0);
        const last = (hours: number) => perSecond.slice(-hours * 3600).reduce((sum, usd) => sum + usd, 0) / 3600;
        expect(spentUsd(spend)).toBeGreaterThanOrEqual(last(24) - 1e-9);
        expect(spentUsd(spend)).toBeLessThanOrEqual(last(25) + 1e-9);
      }),
      { numRuns: 50 },
    );
  });
});
