import type { Facts } from "../policies/contract/facts.ts";
import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { InstanceId, Seconds } from "../policies/contract/units.ts";
import { type Asked, asksMax, Decider, type Decisions } from "../policies/decider.ts";
import { failoverMetrics } from "../policies/failover/failover-metrics.ts";
import { launchesHeldBack } from "../policies/guard/guard.ts";
import { unfitFor } from "../policies/registry.ts";
import { FleetState } from "../policies/state/fleet-state.ts";
import { cloudAssumptions } from "./cloud.ts";
import { billAssumptions } from "./meter.ts";
import type { SimulationInput, SimulationResult } from "./simulation.ts";
import { SimulationError } from "./simulation-error.ts";
import { type AskLog, timelineOf } from "./timeline.ts";
import { isCutOverGpus } from "./workloads/serving-params.ts";
import { SimWorld } from "./world.ts";

/**
 * One run: the decisions, replayed against a trace. The only loop there is; what differs between clouds and papers is a
 * timing profile.
 *
 * In each instant: events due, what the trace says, then asks until the decisions have settled (`asksMax`, the
 * last of which asks for nothing), then answers that take no time; in the order, and with as many asks, as the profile says.
 *
 * @param onAsk told of every ask before its actions are carried out: parity compares them with the live loop's
 * @throws SimulationError for a spec that cannot be run; ActionError, or whatever the policy throws, for a policy that is
 * wrong; Error when an account does not close, which is a defect of this program.
 */
export function simulate(
  input: SimulationInput,
  decisions: Decisions,
  onAsk?: (timeS: Seconds, asked: Asked) => void,
): SimulationResult {
  if (!(input.horizonS > 0))
    throw new SimulationError(`a horizon of ${input.horizonS} s is no run; give a positive one`);
  const unfit = unfitFor(
    decisions,
    input.workload.model,
    input.cloud,
    input.cadence,
    isCutOverGpus(input.workload.params),
  );
  if (unfit !== undefined) throw new SimulationError(unfit);
  const { scheduling } = decisions;
  const traced = input.traced ?? false;
  let state!: FleetState;
  const facts = (fleet: FleetSpec): Facts => {
    state = new FleetState(fleet);
    return state;
  };
  const world = new SimWorld(input, facts, decisions.routing);
  const { endS } = world;
  if (input.table.endS < endS) {
    throw new SimulationError(
      `the trace ends at ${input.table.endS} s, the run needs ${endS} s; shorten the window or the drain`,
    );
  }
  const decider = new Decider(state, decisions, world.cadence, {
    notes: traced,
    seed: input.seed,
    foresight: () => world.foresight(),
  });
  const told = () => ({
    assumptions: [
      ...cloudAssumptions(input.cloud, input.table),
      ...billAssumptions(input.cloud.bill),
      ...world.workload.assumptions,
    ],
    ...(scheduling.sight === "clairvoyant" && { clairvoyant: { bound: scheduling.bound ?? null } }),
  });
  if (decider.leastUsd !== undefined) {
    return { ...told(), metrics: { costUsd: decider.leastUsd }, fingerprint: state.fingerprint.hex() };
  }
  const log: AskLog[] = [];
  const spares = new Set<InstanceId>();
  const roundsMax = asksMax(input.table.markets.length);
  let asks = 0;
  let nowS = 0;

  world.start();
  for (;;) {
    state.advance(nowS);
    world.beforeAsk(nowS);
    for (let round = 0; decider.wantsAsk; round++) {
      if (round === roundsMax) {
        throw new Error(`${decisions.label} does not settle: asked ${round} times at ${nowS} s, it still acts`);
      }
      world.tellLevels(nowS);
      const asked = decider.ask();
      asks++;
      onAsk?.(nowS, asked);
      if (traced && asked.actions.length > 0) {
        log.push({ timeS: nowS, ...asked });
        for (const { id } of state.instances.spares) spares.add(id);
      }
      const { actions } = asked;
      for (let i = 0; i < actions.length; i++) world.carryOut(actions[i]!, nowS);
      world.afterAsk(nowS);
    }
    world.afterAsk(nowS);
    if (world.finished) break;
    const nextS = Math.min(world.nextS, decider.nextS);
    if (nextS >= endS) {
      nowS = endS;
      break;
    }
    nowS = nextS;
  }
  return {
    metrics: {
      ...world.close(nowS),
      asks,
      ...(decisions.caps && { launchesCapped: launchesHeldBack(decider.memory.guard) }),
      ...(world.workload.services.length > 0 && failoverMetrics(decider.memory.failover.tally)),
    },
    ...told(),
    fingerprint: state.fingerprint.hex(),
    ...(traced ? { timeline: timelineOf(input, world, { log, spares }, nowS) } : {}),
  };
}
