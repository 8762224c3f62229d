import { medianSorted } from "simple-statistics";
import { z } from "zod";
import { gapsS } from "../../../traces/formats/values.ts";
import { spellsInside, upOf } from "../../../traces/statistics.ts";
import { defineKind } from "../kind.ts";
import { probesOf, SKYPILOT } from "./source.ts";

export const availability = defineKind({
  name: "availability",
  summary:
    "A series of probes tick by tick: share of ticks with at least so many nodes, and spells, those cut by its ends included.",
  inputs: z.object({ trace: z.string(), format: z.string() }),
  params: z.object({ nodes: z.int().positive() }),
  compute: async ({ trace, format }, { nodes }) => {
    const { values, timesS, gapS: declaredS } = await probesOf(format, trace);
    const ticks = values.length;
    // Time is counted in ticks here: a probe that came late is one tick like all others.
    const up = upOf({ timesS: [...values.keys()], values }, nodes);
    const lengths = (isUp: boolean) => spellsInside(up, isUp, ticks).map(({ lengthS }) => lengthS);
    const [upTicks, downTicks] = [lengths(true), lengths(false)];
    const availableTicks = upTicks.reduce((sum, each) => sum + each, 0);
    const gaps = gapsS(timesS);
    const gapS = format === SKYPILOT || gaps.length === 0 ? declaredS : medianSorted(gaps);
    const longestS = (spells: readonly number[]) => spells.reduce((most, each) => Math.max(most, each), 0) * gapS;
    return {
      ticks,
      availableTicks,
      fraction: availableTicks / ticks,
      upSpells: upTicks.length,
      downSpells: downTicks.length,
      meanUpSpellS: upTicks.length === 0 ? null : (availableTicks * gapS) / upTicks.length,
      longestUpSpellS: longestS(upTicks),
      longestDownSpellS: longestS(downTicks),
      maxValue: values.reduce((most, each) => Math.max(most, each), 0),
      gapS,
      minGapS: gaps[0] ?? null,
      maxGapS: gaps.at(-1) ?? null,
    };
  },
});
