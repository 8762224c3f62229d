import type { Scenario } from "../../policies/contract/scenario.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationInput } from "../../sim/simulation.ts";
import { input } from "./runs.ts";

/** As `storyOfRun`, of tasks. */
export const storyOf = (world: Parameters<typeof input>[0], ...rest: Rest<typeof storyOfRun>): string[] =>
  storyOfRun(input(world), ...rest);

type Rest<F> = F extends (first: never, ...rest: infer R) => unknown ? R : never;

/**
 * What a fleet was asked to be, in the order in which it was asked: "time: launch MARKET" and "time: end INSTANCE", each with
 * the reason for it where reasons are wanted. Markets are named by capacity type and zone, as `table` makes them.
 */
export function storyOfRun(
  world: SimulationInput,
  scenario: Scenario,
  { reasons = false }: { readonly reasons?: boolean } = {},
): string[] {
  const lines: string[] = [];
  const { markets } = world.table;
  simulate({ ...world, traced: true }, resolveScenario(scenario), (timeS, { actions, notes }) => {
    for (const [i, action] of actions.entries()) {
      const why = reasons ? notes.filter((note) => note.action === i).map((note) => `, ${note.why}`) : [];
      if (action.do === "launch") {
        const { capacityType, zone } = markets[action.market]!;
        lines.push(`${timeS}: launch ${capacityType === "spot" ? "spot" : "on-demand"} ${zone}${why}`);
      } else if (action.do === "terminate") lines.push(`${timeS}: end ${action.instance}${why}`);
    }
  });
  return lines;
}
