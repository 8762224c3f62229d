import type { Actions } from "../contract/actions.ts";
import type { Policy } from "../contract/policy.ts";
import type { MarketId, Seconds } from "../contract/units.ts";
import type { FleetView, JobView, MarketView } from "../contract/view.ts";
import { endLeftOver, whereIs } from "./gang.ts";
import { hearProbes, type Probing, probe } from "./probes.ts";
import { isUnanswered, keepPaceAcross, launchGang, onDemandIn, paceOf, spotMarkets, zonesToTry } from "./zones.ts";

/** What tells the two Uniform Progress baselines that sample zones apart. */
export interface Sampling {
  /** From one sample of a zone to the next, at least. */
  readonly everyS: Seconds;
  /** Samples of a zone that are kept; the newest. */
  readonly samples: number;
  /** Of a zone with that share of samples granted; the job goes where it is highest. */
  score(share: number, zone: MarketView): number;
  /** The job stays where it is while its zone scores so much of the best. */
  readonly stays: number;
  /** One probe at a time, only while the job is on spot, and samples of its own zone leave the time of the zone's next probe as it is. */
  readonly sparing: boolean;
}

export type SampledZones = {
  zones: { granted: (0 | 1)[]; probeS: Seconds; sampleS: Seconds }[];
  jobs: { [id: string]: { on: MarketId | null; trying: MarketId | null } };
  probing: Probing;
  /** When it last decided where the job is: what probes then find is for the next time. */
  settledS: Seconds | null;
  probedS: Seconds | null;
};

export const noSamples = (): SampledZones => ({ zones: [], jobs: {}, probing: [], settledS: null, probedS: null });

/** Before the first sample. */
const PRIOR = 0.5;

/**
 * Uniform Progress in the zone that scores best by samples of whether it grants: of launches, of probes, of being there still, and of
 * being taken back.
 */
export const sampleZones = (sampling: Sampling): Policy<SampledZones> => ({
  decide(view, act, memory) {
    for (const { id } of spotMarkets(view)) memory.zones[id] ??= { granted: [], probeS: 0, sampleS: 0 };
    hearProbes(view, act, memory.probing, (market, granted) => record(sampling, memory, market, granted));
    endLeftOver(view, act);
    const { jobs } = view.work;
    if (jobs.some(isUnanswered)) return;
    for (const job of jobs) decideFor(sampling, view, act, memory, job);
    if (jobs.some(isUnanswered)) return;
    memory.settledS = view.nowS;
    const tried = !sampling.sparing && spotMarkets(view).some(({ refusal }) => refusal?.timeS === view.nowS);
    if (jobs.some((job) => whereIs(job) === "spot" || tried)) sendProbes(sampling, view, act, memory);
  },
});

function decideFor(sampling: Sampling, view: FleetView, act: Actions, memory: SampledZones, job: JobView): void {
  memory.jobs[job.id] ??= { on: null, trying: null };
  const mine = memory.jobs[job.id]!;
  learn(sampling, view, memory, job, mine);
  if (memory.settledS === view.nowS) return;
  const scoreOf = (market: MarketView) => sampling.score(shareOf(memory, market), market);
  const here = mine.on === null ? undefined : view.markets[mine.on];
  const [best] = [...zonesToTry(view, job)].sort((a, b) => scoreOf(b) - scoreOf(a));
  let launched: MarketView | null | undefined;
  if (here !== undefined && best !== undefined && paceOf(view, job, true) === "spot") {
    if (best.id === here.id || scoreOf(here) >= sampling.stays * scoreOf(best)) return;
    launchGang(act, job, best, "another zone scores better");
    launched = best;
  } else {
    const region = sampling.sparing || whereIs(job) !== "idle" ? job.stateIn : undefined;
    launched = keepPaceAcross(view, act, job, best, onDemandIn(view, region));
    if (launched === undefined) return;
  }
  mine.on = null;
  mine.trying = launched?.capacityType === "spot" ? launched.id : null;
}

/** What became of the job's launch, and of its instance. */
function learn(
  sampling: Sampling,
  view: FleetView,
  memory: SampledZones,
  job: JobView,
  mine: SampledZones["jobs"][string],
): void {
  const at = job.placements[0]?.instances[0]?.market.id;
  const clock = sampling.sparing ? "sampleS" : "probeS";
  const seen = (id: MarketId, granted: boolean): void => {
    record(sampling, memory, view.markets[id]!, granted);
    if (granted) memory.zones[id]![clock] = view.nowS + sampling.everyS;
  };
  if (mine.trying !== null) {
    seen(mine.trying, at === mine.trying);
    mine.on = at === mine.trying ? mine.trying : null;
    mine.trying = null;
  }
  if (mine.on === null) return;
  if (at !== mine.on) {
    seen(mine.on, false);
    mine.on = null;
  } else if (view.nowS >= memory.zones[mine.on]![clock]) {
    seen(mine.on, true);
  }
}

function sendProbes(sampling: Sampling, view: FleetView, act: Actions, memory: SampledZones): void {
  if (memory.probedS === view.nowS) return;
  const held = Object.values(memory.jobs).map(({ on }) => on);
  const samplesOf = ({ id }: MarketView) => memory.zones[id]!.granted.length;
  const due = spotMarkets(view)
    .filter(({ id }) => !held.includes(id) && !memory.probing.includes(id) && view.nowS >= memory.zones[id]!.probeS)
    .sort((a, b) => (sampling.sparing ? samplesOf(a) - samplesOf(b) : 0));
  memory.probedS = view.nowS;
  for (const market of sampling.sparing ? due.slice(0, 1) : due) {
    memory.zones[market.id]!.probeS = view.nowS + sampling.everyS;
    // Asking at the instant of a refusal would be the same question.
    if (market.refusal?.timeS === view.nowS) record(sampling, memory, market, false);
    else probe(act, memory.probing, market);
  }
}

function record({ samples }: Sampling, memory: SampledZones, { id }: MarketView, granted: boolean): void {
  const zone = memory.zones[id]!;
  zone.granted.push(granted ? 1 : 0);
  if (zone.granted.length > samples) zone.granted.shift();
}

function shareOf(memory: SampledZones, { id }: MarketView): number {
  const { granted } = memory.zones[id]!;
  return granted.length === 0 ? PRIOR : granted.reduce<number>((sum, each) => sum + each, 0) / granted.length;
}
