import { z } from "zod";
import { blockedUntilS } from "../capacity-memory.ts";
import type { Actions } from "../contract/actions.ts";
import { definePolicy, defineWrapper } from "../contract/policy.ts";
import type { InstanceId, Seconds } from "../contract/units.ts";
import type { FleetView, InstanceView, MarketView } from "../contract/view.ts";
import { marketOver } from "./market-over.ts";

/** What is known of a market, by its position. */
type Known = {
  /** How many more it would grant: as many as a probe found, 0 after a refusal or reclaim; null while nobody knows. */
  found: number | null;
  /** When it was last heard of, or probed. */
  sinceS: number | null;
  /** As of the last look at the market: what has changed since is news. */
  lackedS: number | null;
  grants: number;
  /** Its probes there, which are not those of the policy inside. */
  probes: InstanceId[];
};

/** Buys knowledge where nobody tells what is obtainable: launches that do no work, ended as soon as they run. */
export const withProbing = defineWrapper({
  name: "with-probing",
  summary: "Probes a spot market not heard of for `intervalS`, and shows the policy inside what is obtainable.",
  source: "house; that only a launch tells whether a market grants: EC2, and the probing of SkyNomad",
  details: [
    "A probe is one or more launches. They are billed like any other, on EC2 the minimum of 60 s, and ended as soon as all of them run; they count for the caps, and never receive work.",
    "Obtainable is what the last probe found, less what is unanswered; 0 after a launch was refused or an instance taken back, and while a probe is in the market, since it holds what it found. Before the first answer, and after a launch for work was granted, nobody knows: a policy that needs to be told is shown 0, any other tries as it would without probes.",
    "A probe of one instance tells of one. A gang of several nodes needs `instances` as large.",
    "Every answer, also to a launch for work, puts the next probe of its market off by `intervalS`.",
    "Does nothing where what is obtainable is told (visibility: told), and never probes on-demand markets. A probe that comes under notice is left to the provider: in its first hour it is then free.",
  ],
  params: z.strictObject({
    intervalS: z
      .number()
      .positive()
      .default(600)
      .describe("how long what is known of a market holds before it is probed, seconds"),
    instances: z.int().min(1).default(1).describe("how many instances a probe asks for at once"),
  }),
  wrap: (inner, { intervalS, instances }) => {
    const unknown = inner.needs?.includes("availability") ? 0 : undefined;
    return definePolicy({
      ...inner,
      name: `with-probing(${inner.name})`,
      summary: `${inner.summary} Probes spot markets every ${intervalS} s.`,
      needs: (inner.needs ?? []).filter((need) => need !== "availability"),
      memory: (params, luck) => ({ own: [] as Known[], inner: inner.memory(params, luck) }),
      create: (params, ...foresight) => {
        const policy = inner.create(params, ...foresight);
        return {
          decide(view, act, { own, inner: memory }) {
            if (!view.markets.some(isUntold) && own.every(({ probes }) => probes.length === 0)) {
              policy.decide(view, act, memory);
              return;
            }
            for (const market of view.markets) learn(view, market, own);
            for (const market of view.markets) endProbe(view, act, market, own);
            policy.decide(withKnown(view, own, unknown), act, memory);
            for (const market of view.markets) probe(view, act, market, own[market.id]!, intervalS, instances);
          },
        };
      },
    });
  },
});

const isUntold = (market: MarketView): boolean => market.capacityType === "spot" && market.obtainable === undefined;

const probesOf = (view: FleetView, { probes }: Known): readonly InstanceView[] =>
  probes.length === 0 ? [] : view.instances.probes.filter((each) => probes.includes(each.id));

function learn(view: FleetView, market: MarketView, own: Known[]): void {
  own[market.id] ??= { found: null, sinceS: null, lackedS: null, grants: 0, probes: [] };
  const known = own[market.id]!;
  const lackedS = blockedUntilS(market, 0);
  if (lackedS > (known.lackedS ?? -Infinity)) {
    known.lackedS = lackedS;
    known.found = 0;
    known.sinceS = lackedS;
  } else if (market.grantedSinceRefusal !== known.grants) {
    // A probe's own grant too: while it is in the market nothing is shown, and its end says more.
    known.found = null;
    known.sinceS = view.nowS;
  }
  known.grants = market.grantedSinceRefusal;
  known.probes = probesOf(view, known).map(({ id }) => id);
}

/** Not at the grant: a grant may yet come to nothing, an instance that runs has proved it. */
function endProbe(view: FleetView, act: Actions, market: MarketView, own: readonly Known[]): void {
  const probes = probesOf(view, own[market.id]!).filter(({ reclaimS }) => reclaimS === undefined);
  if (probes.length === 0 || probes.some(({ runningS }) => runningS === undefined)) return;
  for (const each of probes) {
    act.note("the probe has answered");
    act.terminate(each);
  }
  own[market.id]!.probes = probesOf(view, own[market.id]!).map(({ id }) => id);
  own[market.id]!.found = probes.length;
  own[market.id]!.sinceS = view.nowS;
}

/** The policy inside sees neither the probes nor that it is not told. */
function withKnown(view: FleetView, own: readonly Known[], unknown: number | undefined): FleetView {
  return {
    nowS: view.nowS,
    everyS: view.everyS,
    work: view.work,
    instances: {
      get idle() {
        return view.instances.idle;
      },
      get withRoom() {
        return view.instances.withRoom;
      },
      get noticed() {
        return view.instances.noticed.filter(({ purpose }) => purpose !== "probe");
      },
      get probes() {
        const ours = own.flatMap(({ probes }) => probes);
        return view.instances.probes.filter(({ id }) => !ours.includes(id));
      },
      get spares() {
        return view.instances.spares;
      },
    },
    markets: view.markets.map((market) => {
      const probes = probesOf(view, own[market.id]!);
      if (!isUntold(market) && probes.length === 0) return market;
      const { found } = own[market.id]!;
      const unansweredProbes = probes.filter(({ status }) => status === "requested").length;
      return marketOver(market, {
        obtainable: () => {
          if (!isUntold(market)) return market.obtainable;
          if (probes.length > 0) return 0;
          return found === null ? unknown : Math.max(0, found - market.unanswered);
        },
        held: () => market.held - probes.length,
        unanswered: () => market.unanswered - unansweredProbes,
      });
    }),
  };
}

function probe(
  view: FleetView,
  act: Actions,
  market: MarketView,
  known: Known,
  intervalS: Seconds,
  instances: number,
): void {
  // A launch that is under way will tell as well.
  if (!isUntold(market) || market.unanswered > 0 || probesOf(view, known).length > 0) return;
  const dueS = (known.sinceS ?? -Infinity) + intervalS;
  if (dueS > view.nowS) {
    act.wakeAt(dueS);
    return;
  }
  for (let i = 0; i < instances; i++) {
    act.note("to learn whether it grants");
    known.probes.push(act.launch(market, "probe").id);
  }
  known.sinceS = view.nowS;
}
