import { z } from "zod";
import type { AnyPolicySpec } from "../../../policies/contract/policy.ts";
import { defineKind } from "../kind.ts";
import { fleetParams, fleetPolicies, fleetTicks, runFleet, sumsOf, total } from "./replica-fleet.ts";

const count = z.int().nonnegative();

export const servingToy = defineKind({
  name: "serving-toy",
  summary:
    "A small run of a replica service, tick by tick: asked for, granted, ready, and how the hedge sees its zones.",
  policies: fleetPolicies,
  inputs: z.object({
    capacity: z
      .array(z.array(count).min(1))
      .min(1)
      .refine(
        (zones) => zones.every(({ length }) => length === zones[0]!.length),
        "expected equally many ticks a zone",
      ),
  }),
  params: fleetParams,
  compute: ({ capacity }, params, policy) => {
    const { N, d } = params;
    const preemptingAt: number[][] = [];
    const { timeline } = runFleet({ capacity, unlimited: false, params }, policy, (spec) =>
      watched(spec, preemptingAt),
    );
    const { held, ready, asked } = fleetTicks(timeline);
    const zones = [...capacity.keys()];
    const spotReady = sumsOf(ready.slice(0, -1));
    const ticks = capacity[0]!.map((_, t) => {
      const preempting = preemptingAt[t]!;
      return {
        t,
        requested: zones.map((z) => (t === 0 ? 0 : held[z]![t - 1]!) + asked[z]![t]!),
        granted: zones.map((z) => held[z]![t]!),
        onDemand: held.at(-1)![t]!,
        readySpot: spotReady[t]!,
        readyOnDemand: ready.at(-1)![t]!,
        ...(policy === "hedge" && { active: zones.filter((z) => !preempting.includes(z)), preempting }),
      };
    });
    const scored = ticks.slice(d);
    return {
      ticks,
      spotTicks: total(scored.map(({ granted }) => total(granted))),
      odTicks: total(scored.map(({ onDemand }) => onDemand)),
      okTicks: scored.filter(({ readySpot, readyOnDemand }) => readySpot + readyOnDemand >= N).length,
    };
  },
});

/** Keeps what the policy remembers after each ask. */
const watched = (spec: AnyPolicySpec, preemptingAt: number[][]): AnyPolicySpec => ({
  ...spec,
  create: (params, ...foresight) => {
    const policy = spec.create(params, ...foresight);
    return {
      decide(view, act, memory) {
        policy.decide(view, act, memory);
        const { preempting = [] } = memory as { readonly preempting?: readonly number[] };
        preemptingAt.push([...preempting].sort((a, b) => a - b));
      },
    };
  },
});
