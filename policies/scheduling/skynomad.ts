import { z } from "zod";
import { definePolicy } from "../contract/policy.ts";
import { HOUR_S, type Seconds } from "../contract/units.ts";
import { type Nomad, nomad, nomadParams, type ZoneKnowledge } from "./nomad.ts";
import { hearProbes, type Probing, probe } from "./probes.ts";
import { availability, begin, count, end, expectedH, newRuns, type Runs } from "./spot-lifetime.ts";
import { spotMarkets, WINDOW_S } from "./zones.ts";

/**
 * Goes where an hour is worth most: value of progress times the share of a zone's expected lifetime that is left after a restart, less
 * its price, less the price of the move over that lifetime. Stays while nothing is better by a margin; on-demand competes as a zone that
 * lasts; where nothing is worth anything, an idle job waits. Run it inside with-safety-net, with one overhead.
 *
 * Source: SkyNomad, NSDI 2027, 3.2 and algorithm 1, equations 2 and 4 to 8: P = workS, p = doneS, T = deadlineS, t = now, d =
 * restartOverheadS, L = expected lifetime, eta = (L - d) / L, V = value of progress, U = V eta - price - egress / L. Margin, probing
 * and the estimate of L: sky_spot/strategies/unified_cost_model.py of its artifact.
 */
export const skynomad = definePolicy({
  name: "skynomad",
  summary: "Goes where an hour is worth most: value of progress and expected lifetime against price and the way there.",
  source: "SkyNomad, NSDI 2027, section 3.2 and algorithm 1",
  details: [
    "Lifetimes are Nelson-Aalen estimates from what was seen in the job's own run, shortened where a zone fails more often of late. A zone that was left, and one whose probe was granted, are taken to be up until something says otherwise.",
    "A zone is probed, by one launch, while it is not taken to be up from a probe before: at most every probeEveryS, and not at the instant of a refusal. Probes are billed as launches.",
    "As in its artifact, it never ends what runs in order to wait, nor for what is worth less than nothing too: far ahead of its deadline a job stays in a zone whose price has risen.",
    "Defaults are those of its V100 panel; its H100 panels have value: reference-cost, lifetimeHMax: 2 and countsOpen: false.",
  ],
  workloads: ["deadline-job"],
  needs: ["grid"],
  params: z.strictObject({
    ...nomadParams,
    lifetimeHMax: z
      .number()
      .positive()
      .exactOptional()
      .describe("no zone is expected to last longer, hours; absent: the time left"),
    countsOpen: z
      .boolean()
      .default(true)
      .describe(
        "what is still up counts as evidence: in the estimate of its lifetime, and through refusals while the job is elsewhere",
      ),
    probeEveryS: z.number().positive().default(3600).describe("from one probe of a zone to the next, seconds"),
  }),
  memory: (): Nomad<Zones> => ({ jobs: {}, countedS: null, zones: { of: {}, probing: [], probedS: null } }),
  create: (params) => nomad(params, seen(params)),
});

type Zone = Runs & {
  /** Taken to be up since a probe. */
  fromProbe: boolean;
  probeS: Seconds;
  /** Of all its probes. */
  probedForS: Seconds;
  /** What probes and refusals last said; null before the first. */
  up: boolean | null;
};
type Zones = { of: { [market: string]: Zone }; probing: Probing; probedS: Seconds | null };

const PROBE_S = 60;

interface SeenParams {
  readonly lifetimeHMax?: number;
  readonly countsOpen: boolean;
  readonly probeEveryS: Seconds;
}

/** Knowledge from what the policy sees of zones: its own instances, refusals, and probes. */
const seen = ({ lifetimeHMax = Infinity, countsOpen, probeEveryS }: SeenParams): ZoneKnowledge<Zones> => {
  /** Where the job is elsewhere, a change of what is said of a zone begins or ends a run. */
  const say = (zone: Zone, nowS: Seconds, up: boolean): void => {
    if (!countsOpen || zone.up === up) return;
    if (up) begin(zone, nowS);
    else if (zone.up === true) end(zone, nowS, 1);
    zone.up = up;
  };
  return {
    hear(view, act, { of, probing }) {
      for (const { id } of spotMarkets(view)) {
        of[id] ??= { ...newRuns(), fromProbe: false, probeS: 0, probedForS: 0, up: null };
      }
      hearProbes(view, act, probing, ({ id }, granted) => {
        const zone = of[id]!;
        if (granted) {
          begin(zone, view.nowS);
          zone.fromProbe = true;
          zone.probedForS += PROBE_S;
        } else {
          zone.failures++;
        }
        say(zone, view.nowS, granted);
      });
    },
    count(view, { of }) {
      for (const { id } of spotMarkets(view)) count(of[id]!, view.nowS, view.everyS!, countsOpen);
    },
    outlook(view, { of }, market, job) {
      const { nowS } = view;
      const zone = of[market.id]!;
      const ageS = Math.max(zone.sinceS === null ? 0 : nowS - zone.sinceS, countsOpen ? zone.probedForS : 0);
      const hours = expectedH(zone, ageS, { nowS, everyS: view.everyS!, countsOpen });
      const leftH = (job.deadlineS - nowS) / HOUR_S;
      return {
        priceUsdPerHour: market.priceUsdPerHour,
        availability: availability(zone, nowS, WINDOW_S),
        lifetimeH: Math.min(hours, lifetimeHMax, leftH > 0 ? leftH : Infinity),
      };
    },
    happened(what, { nowS }, { of }, { id }) {
      const zone = of[id]!;
      switch (what) {
        case "trying":
          if (zone.fromProbe) end(zone, nowS, 0);
          zone.fromProbe = false;
          return;
        case "granted":
          return begin(zone, nowS);
        case "refused":
          zone.failures++;
          return say(zone, nowS, false);
        case "left":
          return say(zone, nowS, false);
        case "quit":
          return end(zone, nowS, 0);
        case "taken":
          return end(zone, nowS, 1);
      }
    },
    probe(view, act, zones, held) {
      if (zones.probedS === view.nowS) return;
      zones.probedS = view.nowS;
      for (const market of spotMarkets(view)) {
        const zone = zones.of[market.id]!;
        if (held.includes(market.zone) || zone.fromProbe || zones.probing.includes(market.id)) continue;
        if (market.refusal?.timeS === view.nowS || view.nowS < zone.probeS) continue;
        zone.probeS = view.nowS + probeEveryS;
        probe(act, zones.probing, market);
      }
    },
  };
};
