import { ClairvoyantError, type Foresight } from "../contract/foresight.ts";
import type { Policy } from "../contract/policy.ts";
import type { MarketId, Seconds } from "../contract/units.ts";
import type { InstanceView } from "../contract/view.ts";
import { endLeftOver, relaunch } from "./gang.ts";
import { IDLE, optimalPlan, type Plan, type PlanProblem } from "./optimal-plan.ts";

/** What a gang consists of in each tick: so many nodes on spot, the others on-demand. */
export interface GangPlan {
  readonly spot: MarketId;
  readonly onDemand: MarketId;
  readonly tickS: Seconds;
  /** [tick] nodes on spot; undefined: no gang. */
  readonly spotNodes: readonly (number | undefined)[];
  /** Ticks in which the gang launches anew, whatever it is on. */
  readonly anew?: ReadonlySet<number> | undefined;
}

/**
 * The cheapest plan of one job in one spot market. Where none keeps the deadline: on-demand from the start.
 * @param mixes the numbers of spot nodes that the gang may have.
 * @param planned how it is planned
 * @throws ClairvoyantError for several jobs or spot markets, or times that are not whole seconds: it bounds nothing there
 */
export function planGangs(
  foresight: Foresight,
  mixes: (nodes: number) => readonly number[],
  planned: (problem: PlanProblem) => Plan | undefined = optimalPlan,
): GangPlan {
  const spot = onlyOne(marketsOf(foresight, "spot"), "spot market");
  const [onDemand] = marketsOf(foresight, "onDemand");
  const { workS, deadlineS, restartOverheadS, nodes } = onlyOne(foresight.jobs, "deadline job");
  const tickS = foresight.everyS ?? 0;
  if (onDemand === undefined)
    throw new ClairvoyantError("the optimum needs an on-demand market beside the spot market");
  if (![tickS, workS, restartOverheadS].every(Number.isInteger)) {
    throw new ClairvoyantError(
      `the optimum counts whole seconds; cadence.everyS is ${tickS}, the job has ${workS} s of work and ${restartOverheadS} s of overhead`,
    );
  }
  const spotNodesOf = mixes(nodes);
  const ticks = Math.floor(deadlineS / tickS);
  const usd = (market: MarketId, count: number, tick: number) =>
    count === 0 ? 0 : count * foresight.costUsd(market, tick * tickS, (tick + 1) * tickS);
  const plan = planned({
    workS,
    restartOverheadS,
    tickS,
    ticks,
    compositions: spotNodesOf.length,
    tickUsd: (composition, tick) => {
      const onSpot = spotNodesOf[composition]!;
      if (foresight.capacityAt(spot, tick * tickS) < onSpot) return Infinity;
      return usd(spot, onSpot, tick) + usd(onDemand, nodes - onSpot, tick);
    },
  });
  const spotNodes =
    plan === undefined
      ? Array.from({ length: ticks + 1 }, () => 0)
      : Array.from(plan.ticks, (composition) => (composition === IDLE ? undefined : spotNodesOf[composition]));
  return { spot, onDemand, tickS, spotNodes, anew: plan?.anew };
}

/** Does what the plan says. A gang of another mix ends as a whole, and the new one launches on what that gave back. */
export function replayPlan(plan: GangPlan): Policy<Record<string, never>> {
  return {
    decide(view, act) {
      endLeftOver(view, act);
      for (const job of view.work.jobs) {
        const tick = Math.floor((view.nowS - job.arrivalS) / plan.tickS);
        const want = plan.spotNodes[tick];
        const held = job.placements[0]?.instances;
        const isOld =
          plan.anew?.has(tick) && held?.some(({ requestedS }) => requestedS < job.arrivalS + tick * plan.tickS);
        if (!isOld && (held !== undefined ? spotNodes(held) === want : want === undefined)) continue;
        const nodes = want === undefined ? 0 : job.nodes;
        const markets = Array.from({ length: nodes }, (_, node) => (node < want! ? plan.spot : plan.onDemand));
        relaunch(
          act,
          job,
          markets.map((market) => view.markets[market]!),
          "planned",
        );
      }
    },
  };
}

const spotNodes = (gang: readonly InstanceView[]): number =>
  gang.filter(({ market }) => market.capacityType === "spot").length;

export const marketsOf = ({ markets }: Foresight, capacityType: string): MarketId[] =>
  markets.flatMap((market, id) => (market.capacityType === capacityType ? [id as MarketId] : []));

export function onlyOne<T>(list: readonly T[], what: string): T {
  if (list.length === 1) return list[0]!;
  throw new ClairvoyantError(
    `the optimum is of one ${what}, here are ${list.length}; name one, or leave the bound out`,
  );
}
