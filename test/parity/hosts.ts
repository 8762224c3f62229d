import { runLoop } from "../../orchestrator/loop.ts";
import type { Journal } from "../../orchestrator/ports.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import type { Action, Note } from "../../policies/contract/actions.ts";
import type { PolicySpec } from "../../policies/contract/policy.ts";
import type { Scenario } from "../../policies/contract/scenario.ts";
import type { Json, Seconds, WorkId } from "../../policies/contract/units.ts";
import type { Capped } from "../../policies/decider.ts";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import type { SimulationInput } from "../../sim/simulation.ts";
import { SimulatedPorts } from "./simulated-ports.ts";

/** One ask, whichever host made it. Lists are copied: an empty one that the decider hands out is filled by its next ask. */
export interface Ask {
  readonly timeS: Seconds;
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
  readonly capped: readonly Capped[];
  readonly unassigned: readonly WorkId[];
}

/** What a host did, in order, and what it cost. */
export interface HostRun {
  readonly asks: readonly Ask[];
  readonly metrics: Readonly<Record<string, number>>;
}

type Own = readonly PolicySpec<unknown, Json>[];

/** The engine's run. */
export function engineRun(input: SimulationInput, scenario: Scenario, own: Own = []): HostRun {
  const asks: Ask[] = [];
  const traced = { ...input, traced: true }; // for the notes
  const { metrics } = simulate(
    traced,
    resolveScenario(scenario, own),
    (timeS, { actions, notes, capped, unassigned }) =>
      asks.push({
        timeS,
        actions: [...actions],
        notes: [...notes],
        capped,
        unassigned: unassigned.map((work) => work.id),
      }),
  );
  // What the decider counted is not the world's to tell.
  return {
    asks,
    metrics: Object.fromEntries(
      Object.entries(metrics).filter(([name]) => !/^(asks$|failover|drains|launchesCapped)/.test(name)),
    ),
  };
}

/** The live loop's run over the simulated ports. `order` shuffles what happens in one instant. */
export async function loopRun(
  input: SimulationInput,
  scenario: Scenario,
  options: { readonly order?: string; readonly journal?: Journal; readonly own?: Own } = {},
): Promise<HostRun> {
  const { order = "as it comes", journal, own = [] } = options;
  const outside = new SimulatedPorts(input, order, resolveScenario(scenario, own).routing);
  const asks: Ask[] = [];
  let timeS = 0;
  const note = (entry: JournalEntry) => {
    if (entry.kind === "fact" && entry.name === "advance") [timeS] = entry.args;
    if (entry.kind !== "ask") return;
    const { actions, notes, capped = [], unassigned } = entry;
    asks.push({ timeS, actions: [...actions], notes: [...notes], capped, unassigned });
  };
  const noting: Journal = {
    append: async (entries, durable) => {
      for (const entry of entries) note(entry);
      await journal?.append(entries, durable);
    },
  };
  await runLoop({
    ports: outside.ports(noting),
    fleet: outside.fleet,
    scenario,
    own,
    cadence: outside.world.cadence,
    run: input.seed, // the luck of the engine
    signal: outside.over.signal,
  });
  return { asks, metrics: outside.world.close(outside.nowS) };
}
