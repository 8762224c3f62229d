import type { PolicySpec } from "../policies/contract/policy.ts";
import type { Json } from "../policies/contract/units.ts";
import { Decider } from "../policies/decider.ts";
import { resolveScenario } from "../policies/registry.ts";
import { FleetState } from "../policies/state/fleet-state.ts";
import { JournalError, type JournalRecord } from "./journal-lines.ts";
import { type AskEntry, applyFact } from "./records.ts";

export interface Replayed {
  /** Of what was replayed without a difference. */
  readonly facts: number;
  readonly asks: number;
  readonly actions: number;
  /** The first ask that came out otherwise: expected, as the journal has it; got, as today's code decides. */
  readonly difference?: { readonly seq: number; readonly expected: string; readonly got: string };
}

/**
 * Decides again: feeds the journalled facts to a new state, asks where the loop asked, and compares the actions byte for byte.
 * The scenario is looked up by its names, so a policy that has changed since shows as a difference.
 *
 * @param own policies that are not listed, as they were given to the loop
 * @throws JournalError when the records are not those of a run; ScenarioError when the scenario names what is not listed
 */
export async function replay(
  records: AsyncIterable<JournalRecord>,
  own: readonly PolicySpec<unknown, Json>[] = [],
): Promise<Replayed> {
  const counts = { facts: 0, asks: 0, actions: 0 };
  let state: FleetState | undefined;
  let decider: Decider | undefined;
  for await (const { seq, entry } of records) {
    if (entry.kind === "start") {
      if (state !== undefined) throw new JournalError(`record ${seq}: a second start; a journal is of one run`);
      state = new FleetState(entry.fleet);
      decider = new Decider(state, resolveScenario(entry.scenario, own), entry.cadence, {
        notes: true,
        seed: entry.run,
      });
    } else if (state === undefined || decider === undefined) {
      throw new JournalError(`record ${seq}: a journal begins with its start, not with ${entry.kind}`);
    } else if (entry.kind === "fact") {
      try {
        applyFact(state, entry);
      } catch (error) {
        throw new JournalError(`record ${seq}: ${messageOf(error)}; no loop has written this`, { cause: error });
      }
      counts.facts++;
    } else if (entry.kind === "ask") {
      const expected = JSON.stringify(entry.actions);
      const got = decided(decider);
      if (got !== expected) return { ...counts, difference: { seq, expected, got } };
      counts.asks++;
      counts.actions += entry.actions.length;
    }
  }
  return counts;
}

function decided(decider: Decider): string {
  if (!decider.wantsAsk) return "no wish to be asked now";
  try {
    return JSON.stringify(decider.ask().actions satisfies AskEntry["actions"]);
  } catch (error) {
    return `${(error as Error).name}: ${messageOf(error)}`;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
