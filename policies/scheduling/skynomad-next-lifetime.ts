import { z } from "zod";
import type { Foresight } from "../contract/foresight.ts";
import { definePolicy } from "../contract/policy.ts";
import { HOUR_S } from "../contract/units.ts";
import { type Nomad, nomad, nomadParams, type ZoneKnowledge } from "./nomad.ts";
import { availability, begin, end, newRuns, type Runs } from "./spot-lifetime.ts";
import { lifetimeS } from "./up-next-lifetime.ts";
import { spotMarkets, WINDOW_S } from "./zones.ts";

/**
 * SkyNomad told how long the spot on offer in each zone will last, in place of an estimate; it needs no probes. What a zone's share of
 * time with spot is, which reference-cost asks for, it still takes from its own run.
 * Source: SkyNomad, NSDI 2027: SkyNomad(o), sky_spot/strategies/unified_cost_model_oracle.py of its artifact. It sees lifetimes,
 * not the best use of them, so its cost bounds nothing.
 */
export const skynomadNextLifetime = definePolicy({
  name: "skynomad-next-lifetime",
  summary: "SkyNomad that knows how long the spot on offer in each zone will last.",
  source: "SkyNomad, NSDI 2027: SkyNomad(o), with the next lifetime of each zone",
  sight: "clairvoyant",
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject(nomadParams),
  memory: (): Nomad<Zones> => ({ jobs: {}, countedS: null, zones: {} }),
  create: (params, foresight) => nomad(params, foreseen(foresight)),
});

type Zones = { [market: string]: Runs };

const foreseen = (foresight: Foresight): ZoneKnowledge<Zones> => ({
  hear(view, _act, zones) {
    for (const { id } of spotMarkets(view)) zones[id] ??= newRuns();
  },
  count: () => undefined,
  outlook: ({ nowS }, zones, { id, priceUsdPerHour }, { nodes }) => ({
    priceUsdPerHour,
    availability: availability(zones[id]!, nowS, WINDOW_S),
    lifetimeH: lifetimeS(foresight, id, nodes, nowS) / HOUR_S,
  }),
  happened(what, { nowS }, zones, { id }) {
    if (what === "granted") begin(zones[id]!, nowS);
    else if (what === "quit" || what === "taken") end(zones[id]!, nowS, what === "taken" ? 1 : 0);
  },
  probe: () => undefined,
});
