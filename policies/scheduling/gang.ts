import type { Actions } from "../contract/actions.ts";
import type { Move } from "../contract/facts.ts";
import { HOUR_S } from "../contract/units.ts";
import type { CapacityType, FleetView, JobView, MarketView } from "../contract/view.ts";
import { cheapestMarket } from "./launching.ts";

/** Where a job's gang is, or shall be: all of it in one market, or nowhere. */
export type Where = CapacityType | "idle";

/** What a rule decides for a job, and why. */
export interface Choice {
  readonly to: Where;
  readonly why: string;
}

/** Of a gang that is mixed, where its first node is. */
export const whereIs = (job: JobView): Where => job.placements[0]?.instances[0]?.market.capacityType ?? "idle";

/** Whether it runs on spot, or a spot market may grant all of its gang. */
export const hasSpot = (view: FleetView, job: JobView): boolean =>
  whereIs(job) === "spot" || marketFor(view, job, "spot") !== undefined;

/** The market of a kind that may grant the whole gang of a job and that brings it home for least, the move there included. */
export const marketFor = (view: FleetView, job: JobView, capacityType: CapacityType): MarketView | undefined =>
  cheapestMarket(
    view,
    capacityType,
    0,
    ({ obtainable = job.nodes }) => obtainable >= job.nodes,
    (market) => market.priceUsdPerHour + moveTo(job, market).usd / hoursLeft(job),
  );

const hoursLeft = ({ nodes, workS, doneS }: JobView): number => (nodes * (workS - doneS)) / HOUR_S;

/** What it takes to go on in a market; nothing where the state lies, and before there is any. */
export const moveTo = ({ moves, stateIn = "" }: JobView, { region }: MarketView): Move =>
  moves[stateIn]?.[region] ?? STAYS;

const STAYS: Move = { usd: 0, moveS: 0 };

/**
 * Asks a rule for each deadline job and carries out what it says. Polarization: a gang has all of its nodes or none, so what is
 * left of one that broke is ended first, and the next may launch on the capacity that this gives back.
 * Source: Wu et al., "Can't Be Late", NSDI 2024, 5.5.
 */
export function steerJobs(view: FleetView, act: Actions, rule: (job: JobView) => Choice): void {
  endLeftOver(view, act);
  for (const job of view.work.jobs) steer(view, act, job, rule(job));
}

/** Moves the gang of a job: what it holds ends, a new one is launched and placed. Does nothing where it is there already. */
export function steer(view: FleetView, act: Actions, job: JobView, { to, why }: Choice): void {
  if (whereIs(job) === to) return;
  const market = to === "idle" ? undefined : marketFor(view, job, to);
  if (to !== "idle" && market === undefined) return;
  // A launch cannot be taken back before its answer.
  if (job.placements[0]?.instances.some(({ status }) => status === "requested")) return;
  relaunch(act, job, market === undefined ? [] : new Array<MarketView>(job.nodes).fill(market), why);
}

/** Ends the gang that a job has, and places it on launches in these markets; nowhere without any. */
export function relaunch(act: Actions, job: JobView, markets: readonly MarketView[], why: string): void {
  act.note(why);
  for (const instance of job.placements[0]?.instances ?? []) act.terminate(instance);
  if (markets.length === 0) return;
  const instances = markets.map((market) => {
    act.note(why);
    return act.launch(market);
  });
  act.note(why);
  act.place(job, { instances, exclusive: true });
}

/** Ends what belongs to no gang. */
export function endLeftOver(view: FleetView, act: Actions): void {
  for (const instance of view.instances.withRoom) {
    if (instance.placements.length > 0 || instance.status === "requested") continue;
    act.note("its gang is broken or done");
    act.terminate(instance);
  }
}
