import { z } from "zod";
import type { Actions } from "../contract/actions.ts";
import type { Policy } from "../contract/policy.ts";
import { HOUR_S, type Json, type MarketId, type Seconds, type UsdPerHour } from "../contract/units.ts";
import type { FleetView, InstanceView, JobView, MarketView } from "../contract/view.ts";
import { moveTo, whereIs } from "./gang.ts";
import { mayAsk } from "./launching.ts";
import { progressValue, valueParam, type ZoneOutlook } from "./progress-value.ts";

/** What SkyNomad and its oracle have in common as parameters. */
export const nomadParams = {
  value: valueParam,
  marginUsdPerHour: z
    .number()
    .nonnegative()
    .default(0.5)
    .describe("what a move must be worth beyond where it is, USD/h"),
  marginPerMoveUsd: z.number().nonnegative().default(0.01).describe("and more for each USD that it costs"),
  marginPerValue: z.number().nonnegative().default(0.05).describe("and this share of the value of progress"),
};
export type NomadParams = z.infer<z.ZodObject<typeof nomadParams>>;

/** Where a job is on its way. */
export type Journey = {
  /** When it last chose, and what it then still had to try, best first. */
  chosenS: Seconds | null;
  options: MarketId[];
  /** Launched, and not there yet. */
  trying: MarketId | null;
  /** Where it was last. */
  last: MarketId | null;
  /** Whether an hour was worth its price when it last chose. */
  isWorthIt: boolean;
  /** Its spot market, while nobody has taken it back. */
  spot: MarketId | null;
  /** Progress of the last hours: at a time, done. */
  done: [timeS: Seconds, doneS: Seconds][];
};

/** `zones` is the knowledge's own. */
export type Nomad<Zones extends Json> = { jobs: { [id: string]: Journey }; countedS: Seconds | null; zones: Zones };

/** What happens to a job in a market. left: for another zone; quit: for on-demand; taken: by the provider. */
export type Happening = "trying" | "granted" | "refused" | "left" | "quit" | "taken";

/** What is known of zones, and how it comes to be known. */
export interface ZoneKnowledge<Zones extends Json> {
  /** At every ask, first. */
  hear(view: FleetView, act: Actions, zones: Zones): void;
  /** Once at each instant, before anything is chosen. */
  count(view: FleetView, zones: Zones): void;
  outlook(view: FleetView, zones: Zones, market: MarketView, job: JobView): ZoneOutlook;
  happened(what: Happening, view: FleetView, zones: Zones, market: MarketView): void;
  /** When all that was to be tried has been. @param held zones where jobs are, on spot or for what it is worth */
  probe(view: FleetView, act: Actions, zones: Zones, held: readonly string[]): void;
}

/** Progress is looked back on for so long. */
const LOOK_BACK_S = 10 * HOUR_S;

/** Goes where an hour is worth most; `skynomad` says how. A launch comes first: what it had goes on until the new gang is ready. */
export const nomad = <Zones extends Json>(params: NomadParams, know: ZoneKnowledge<Zones>): Policy<Nomad<Zones>> => ({
  decide(view, act, memory) {
    const jobs = view.work.jobs.map((job) => {
      memory.jobs[job.id] ??= {
        chosenS: null,
        options: [],
        trying: null,
        last: null,
        isWorthIt: true,
        spot: null,
        done: [],
      };
      return { job, journey: memory.jobs[job.id]! };
    });
    const happened = (what: Happening, id: MarketId) => know.happened(what, view, memory.zones, view.markets[id]!);
    know.hear(view, act, memory.zones);
    endStray(
      view,
      act,
      jobs.map(({ journey }) => journey.trying),
    );
    for (const { job, journey } of jobs) arrive(view, act, job, journey, happened);
    if (memory.countedS !== view.nowS) know.count(view, memory.zones);
    memory.countedS = view.nowS;
    for (const { job, journey } of jobs) {
      if (journey.trying !== null) continue;
      if (journey.chosenS !== view.nowS) {
        journey.options = optionsFor(view, job, journey, params, (market) =>
          know.outlook(view, memory.zones, market, job),
        );
      }
      journey.chosenS = view.nowS;
      tryNext(view, act, job, journey, happened);
    }
    if (jobs.length === 0 || jobs.some(({ journey }) => journey.trying !== null)) return;
    know.probe(
      view,
      act,
      memory.zones,
      jobs.flatMap(({ job, journey }) =>
        whereIs(job) === "spot" || journey.isWorthIt ? (hereOf(job)?.zone ?? []) : [],
      ),
    );
  },
});

const hereOf = (job: JobView): MarketView | undefined => job.placements[0]?.instances[0]?.market;

/** Launched for a job, and not placed. */
const freshIn = (view: FleetView, market: MarketId): readonly InstanceView[] =>
  view.instances.withRoom.filter((each) => each.market.id === market && each.placements.length === 0);

/** Ends what belongs to no gang, and to none that is on its way. */
function endStray(view: FleetView, act: Actions, trying: readonly (MarketId | null)[]): void {
  for (const instance of view.instances.withRoom) {
    if (instance.placements.length > 0 || instance.status === "requested") continue;
    if (trying.includes(instance.market.id)) continue;
    act.note("its gang is broken or done");
    act.terminate(instance);
  }
}

/** Notes what was taken, and takes the job to where all of its new gang is ready. */
function arrive(
  view: FleetView,
  act: Actions,
  job: JobView,
  journey: Journey,
  happened: (what: Happening, id: MarketId) => void,
): void {
  const here = hereOf(job);
  if (journey.spot !== null && here?.id !== journey.spot) {
    happened("taken", journey.spot);
    journey.spot = null;
  }
  if (here !== undefined) journey.last = here.id;
  if (journey.trying === null) return;
  const market = view.markets[journey.trying]!;
  const fresh = freshIn(view, market.id);
  if (fresh.some(({ status }) => status === "requested")) return;
  if (fresh.length < job.nodes) {
    for (const instance of fresh) act.terminate(instance);
    journey.trying = null;
    if (market.capacityType === "spot") happened("refused", market.id);
    return;
  }
  if (fresh.some(({ status }) => status !== "ready")) return;
  for (const instance of job.placements[0]?.instances ?? []) {
    act.note("worth more elsewhere");
    act.terminate(instance);
  }
  act.note("worth most here");
  act.place(job, { instances: fresh.slice(0, job.nodes), exclusive: true });
  if (market.capacityType === "spot") happened("granted", market.id);
  if (journey.spot !== null) happened(market.capacityType === "spot" ? "left" : "quit", journey.spot);
  journey.spot = market.capacityType === "spot" ? market.id : null;
  journey.last = market.id;
  journey.trying = null;
  journey.options = [];
}

/** Markets worth more than where the job is, the best first. */
function optionsFor(
  view: FleetView,
  job: JobView,
  journey: Journey,
  params: NomadParams,
  outlookOf: (market: MarketView) => ZoneOutlook,
): MarketId[] {
  const { nodes, restartOverheadS } = job;
  const overheadH = restartOverheadS / HOUR_S;
  const here = hereOf(job);
  const from = here ?? (journey.last === null ? undefined : view.markets[journey.last]);
  const spot = view.markets.filter(({ capacityType }) => capacityType === "spot");
  const outlooks = new Map(spot.map((market) => [market.id, outlookOf(market)] as const));
  const value = progressValue(params.value, view, job, [...outlooks.values()], recentRate(view, job, journey));

  /** An hour there, for one instance; what moving costs is spread over its lifetime, of on-demand over one hour with the restart. */
  const worth = (market: MarketView): UsdPerHour => {
    const { usd, moveS } = moveTo(job, market);
    const moveUsd = usd / nodes + (value * moveS) / HOUR_S;
    if (market.capacityType === "onDemand") {
      const moves = from !== undefined && from.zone !== market.zone;
      return value - market.priceUsdPerHour - (moves ? value * overheadH + moveUsd : 0);
    }
    const { lifetimeH } = outlooks.get(market.id)!;
    if (lifetimeH <= overheadH) return -Infinity;
    return (value * (lifetimeH - overheadH)) / lifetimeH - market.priceUsdPerHour - moveUsd / lifetimeH;
  };
  const worthHere =
    here === undefined
      ? 0
      : here.capacityType === "spot" && outlooks.get(here.id)!.lifetimeH <= 0
        ? -Infinity
        : value - here.priceUsdPerHour;
  journey.isWorthIt = worthHere >= 0;
  /** Nothing moves within a zone. */
  const margin = (market: MarketView): UsdPerHour => {
    if (here === undefined || (market.capacityType === "spot" && market.zone === here.zone)) return 0;
    const { marginUsdPerHour, marginPerMoveUsd, marginPerValue } = params;
    return marginUsdPerHour + (marginPerMoveUsd * moveTo(job, market).usd) / nodes + marginPerValue * value;
  };
  return view.markets
    .filter(({ id, obtainable = nodes }) => id !== here?.id && obtainable >= nodes)
    .map((market) => ({ market, worth: worth(market) }))
    .filter(({ market, worth }) => worth >= 0 && worth > worthHere + margin(market))
    .sort((a, b) => b.worth - a.worth)
    .map(({ market }) => market.id);
}

/** Launches a gang in the next market that may be asked. */
function tryNext(
  view: FleetView,
  act: Actions,
  job: JobView,
  journey: Journey,
  happened: (what: Happening, id: MarketId) => void,
): void {
  for (;;) {
    const id = journey.options.shift();
    if (id === undefined) return;
    const market = view.markets[id]!;
    if (!mayAsk(view, market)) continue;
    if (market.capacityType === "spot") happened("trying", id);
    for (let node = 0; node < job.nodes; node++) {
      act.note("worth most of what has not been refused");
      act.launch(market);
    }
    journey.trying = id;
    return;
  }
}

/** Share of the last hours that was progress. */
function recentRate(view: FleetView, job: JobView, { done }: Journey): number {
  done.push([view.nowS, job.doneS]);
  const fromS = Math.max(job.arrivalS, view.nowS - LOOK_BACK_S);
  while (done.length > 1 && done[1]![0] <= fromS) done.shift();
  const [sinceS, doneThen] = done[0]!;
  return view.nowS > sinceS ? Math.min(1, (job.doneS - doneThen) / (view.nowS - sinceS)) : 0;
}
