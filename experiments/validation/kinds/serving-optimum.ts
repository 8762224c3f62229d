import type { z } from "zod";
import { resolveScenario } from "../../../policies/registry.ts";
import { replayReplicas } from "../../../policies/scheduling/replica-plan.ts";
import { defineKind } from "../kind.ts";
import { cheapestReplicas } from "../replica-program.ts";
import { fleetParams, simulateFleet, TICK_S, type TickFleet, ticksOf } from "./replica-fleet.ts";
import { tickInputs } from "./serving-fleet.ts";
import { samplesOf } from "./zones.ts";

const params = fleetParams.pick({ N: true, d: true, k: true });

export const servingOptimum = defineKind({
  name: "serving-optimum",
  summary:
    "The least cost of a replica service that has all replicas ready in every tick, proved; paid through the engine.",
  policies: ["optimal"],
  inputs: tickInputs,
  params,
  compute: async (inputs, params) => {
    const fleet = await fleetOf(inputs, params);
    const { N, k } = params;
    const ofAll = ({ capacity, unlimited }: TickFleet) =>
      unlimited || capacity.every((counts) => counts.every((count) => count === 0 || count >= N));
    // Where a zone has room for all or none, N times the optimum of one, by dynamic program.
    return ofAll(fleet) ? optimumOf({ ...fleet, unlimited: true }) : programOf(fleet, k);
  },
});

export const servingOptimumOne = defineKind({
  name: "serving-optimum-one",
  summary: "The least cost of one replica that is ready in every tick, by dynamic program; paid through the engine.",
  policies: ["optimal"],
  inputs: tickInputs,
  params: params.omit({ N: true }),
  compute: async (inputs, params) => optimumOf(await fleetOf(inputs, { N: 1, ...params })),
});

async function fleetOf(inputs: z.infer<typeof tickInputs>, params: z.input<typeof fleetParams>): Promise<TickFleet> {
  const capacity = (await samplesOf(inputs.zones)).map((zone) => ticksOf(zone, inputs));
  return { capacity, unlimited: inputs.unlimited, params: fleetParams.parse(params) };
}

function optimumOf(fleet: TickFleet) {
  return told(fleet, resolveScenario({ scheduling: "omniscient-replicas", assignment: "earliest-node" }));
}

async function programOf(fleet: TickFleet, k: number) {
  const { capacity, params } = fleet;
  const onDemand = capacity[0]!.map(() => Infinity);
  const plan = await cheapestReplicas({
    capacity: [...capacity, onDemand],
    price: [...capacity.map(() => 1), k],
    replicas: params.N,
    coldStartTicks: params.d,
  });
  const decisions = resolveScenario({ scheduling: "even-spread", assignment: "earliest-node" });
  const replay = () => replayReplicas({ tickS: TICK_S, held: plan!.held });
  const got = told(fleet, {
    ...decisions,
    scheduling: { ...decisions.scheduling, create: replay, memory: () => ({}) },
  });
  // The engine's bill of the plan must be what the program said.
  if (Math.abs(got.cost - plan!.cost) > 1e-6) throw new Error(`the plan costs ${plan!.cost}, its run ${got.cost}`);
  return got;
}

function told(fleet: TickFleet, decisions: Parameters<typeof simulateFleet>[1]) {
  const { N, d, k } = fleet.params;
  const ticks = fleet.capacity[0]!.length;
  const { metrics } = simulateFleet(fleet, decisions, 0);
  const { costUsd: cost, availableShare } = metrics as { readonly costUsd: number; readonly availableShare: number };
  if (Math.round(availableShare * ticks) !== ticks - d) {
    throw new Error(
      `the optimum has its replicas ready for ${availableShare} of ${ticks} ticks, not for all after ${d}`,
    );
  }
  return { cost, rel: cost / (k * N * (ticks - d)) };
}
