import { gamma } from "simple-statistics";
import { HOUR_S } from "../policies/contract/units.ts";
import { type StepList, seriesOf, TraceError } from "./columns.ts";
import { pairOf, type Shape, shapeOf } from "./fit.ts";
import { generateTrace, type MarketModel } from "./generate.ts";
import type { Levels, Spells } from "./generators/capacity.ts";
import type { PriceProcess } from "./generators/price.ts";
import { marketStatistics, stretchesOf } from "./statistics.ts";
import type { TraceTable } from "./trace-table.ts";

/** How a price is modelled: around one mean, or around two that it switches between. */
export type PriceKind = PriceProcess["kind"];

/** Rounds of drawing, comparing and correcting; a draw this long has a standard error near 0.02 in a zone's availability. */
const ROUNDS = 20;
const DRAWN_H = 500 * 24;
/**
 * Shares of time that a common outage is on, each tried: the data tells how strongly regions go together, and hardly whether
 * rare outages take many zones or frequent ones few. What fits best as a whole is kept.
 */
const COMMON_DOWN = [0.1, 0.2, 0.3, 0.4, 0.5];

/** What is corrected: shares of time up, and mean up spells, in hours. */
interface Draft {
  /** [zone] given that nothing over it is down. */
  readonly upShare: number[];
  readonly meanUpH: (number | undefined)[];
  readonly regionDownOdds: Map<string, number>;
  readonly commonDown: number;
  /** [region] of its zones that a common outage takes. */
  readonly commonShare: Map<string, number>;
}

/**
 * A market model that resembles a trace: prices by their moments; capacity by availability, spells and the correlation of zones
 * within and between regions. The first guess is by formula, then drawn, compared and corrected (simulated moments), since
 * outages over a zone cut its own spells. Outages common to all regions take zones one by one, of each region its own share:
 * whole regions at once would leave no zone at all far more often than the data did.
 *
 * Formula: two zones of availability a that share only a region up a share R of time correlate by (1 - R) / R x sqrt(o1 o2),
 * o = a / (1 - a). A region's outages last as long as no zone of it was up.
 * @throws TraceError for a trace of several instance types.
 */
export function fitModel(table: TraceTable, kind: PriceKind): MarketModel {
  const types = [...new Set(table.markets.map(({ instanceType }) => instanceType))];
  if (types.length !== 1) {
    throw new TraceError(`a model is of one instance type, the trace has ${types.join(", ")}; choose one with --type`);
  }
  const target = shapeOf(table);
  const prices = table.markets.map((_, m) => fitPrice(table, m, kind));
  const outageH = regionOutages(table);
  let best: MarketModel | undefined;
  let least = Infinity;
  const regions = [...new Set(table.markets.map(({ region }) => region))];
  const together = regions.some((a) => regions.some((b) => a !== b && between(target, a, b) > 0.02));
  for (const commonDown of together ? [0, ...COMMON_DOWN] : [0]) {
    const draft = firstGuess(table, target, commonDown);
    for (let round = 0; round < ROUNDS; round++) {
      const model = modelOf(table, draft, prices, target, outageH);
      const drawn = shapeOf(generateTrace(model, "fit", DRAWN_H * HOUR_S));
      const distance = distanceOf(drawn, target);
      if (distance < least) [best, least] = [model, distance];
      correct(draft, drawn, target);
    }
  }
  return best!;
}

const between = ({ correlations }: Shape, a: string, b: string): number => correlations[pairOf(a, b)] ?? 0;

function firstGuess({ markets }: TraceTable, target: Shape, commonDown: number): Draft {
  const regions = [...new Set(markets.map(({ region }) => region))];
  const odds = target.availability.map((share) => (share === null ? null : oddsOf(share)));
  const meanRoot = (region: string): number => {
    const own = odds.filter((each, m): each is number => each !== null && markets[m]!.region === region);
    const roots = own.flatMap((a, i) => own.slice(i + 1).map((b) => Math.sqrt(a * b)));
    return roots.reduce((sum, each) => sum + each, 0) / Math.max(1, roots.length);
  };
  const regionDownOdds = new Map(
    regions
      .filter((region) => between(target, region, region) > 0)
      .map((region) => [region, between(target, region, region) / Math.max(1e-6, meanRoot(region))]),
  );
  return {
    upShare: target.availability.map((share, m) =>
      share === null ? 1 : Math.min(0.99, share * (1 + (regionDownOdds.get(markets[m]!.region) ?? 0))),
    ),
    meanUpH: target.meanUpH.map((mean) => mean ?? undefined),
    regionDownOdds,
    commonDown,
    commonShare: new Map(commonDown === 0 ? [] : regions.map((region) => [region, 0.3])),
  };
}

/** Moves each parameter by the ratio of what is wanted to what was drawn, damped. */
function correct(draft: Draft, drawn: Shape, target: Shape): void {
  const step = (wanted: number, got: number, power = 0.5) =>
    Math.min(2, Math.max(0.5, (Math.max(1e-3, wanted) / Math.max(1e-3, got)) ** power));
  for (const [m, share] of target.availability.entries()) {
    if (share === null) continue;
    const odds = oddsOf(draft.upShare[m]!) * step(oddsOf(share), oddsOf(drawn.availability[m]!), 0.8);
    draft.upShare[m] = Math.min(0.995, odds / (1 + odds));
    const [wanted, got, now] = [target.meanUpH[m], drawn.meanUpH[m], draft.meanUpH[m]];
    if (wanted != null && got != null && now !== undefined) draft.meanUpH[m] = now * step(wanted, got);
  }
  for (const [region, odds] of draft.regionDownOdds) {
    draft.regionDownOdds.set(region, odds * step(between(target, region, region), between(drawn, region, region)));
  }
  // Of two regions alone the pair says how large both shares are, not which is the larger.
  for (const [region, share] of draft.commonShare) {
    const others = [...draft.commonShare.keys()].filter((other) => other !== region);
    const sum = (shape: Shape) => others.reduce((total, other) => total + between(shape, region, other), 0);
    draft.commonShare.set(region, Math.min(1, share * step(sum(target), sum(drawn))));
  }
}

/** Sum of squared relative misses of what is corrected. */
function distanceOf(drawn: Shape, target: Shape): number {
  let sum = 0;
  const add = (got: number | null | undefined, wanted: number | null | undefined, scale: number) => {
    if (got != null && wanted != null) sum += ((got - wanted) / scale) ** 2;
  };
  for (let m = 0; m < target.zones.length; m++) {
    add(drawn.availability[m], target.availability[m], 0.05);
    add(drawn.meanUpH[m], target.meanUpH[m], 0.15 * (target.meanUpH[m] ?? 1));
  }
  for (const [of, wanted] of Object.entries(target.correlations)) add(drawn.correlations[of], wanted, 0.02);
  add(drawn.noneUpShare, target.noneUpShare, 0.003);
  return sum;
}

function modelOf(
  table: TraceTable,
  draft: Draft,
  prices: readonly PriceProcess[],
  target: Shape,
  outageH: ReadonlyMap<string, number>,
): MarketModel {
  const outages = (odds: number, meanDownH: number): Spells => ({
    meanUpH: rounded(meanDownH / odds),
    meanDownH: rounded(meanDownH),
    shape: shapeOfSpells(target),
  });
  // What regions have in common shows where outages are longest; regions of one zone show it in the zone's own.
  const commonH = Math.max(0, ...(outageH.size > 0 ? outageH.values() : target.meanDownH.map((meanH) => meanH ?? 0)));
  return {
    instanceType: table.markets[0]!.instanceType,
    count: 1,
    regions: Object.fromEntries(
      [...draft.regionDownOdds].flatMap(([region, odds]) => {
        const meanDownH = outageH.get(region);
        return meanDownH === undefined ? [] : [[region, outages(odds, meanDownH)]];
      }),
    ),
    ...(draft.commonDown > 0 &&
      commonH > 0 && {
        common: {
          ...outages(oddsOf(draft.commonDown), commonH),
          share: Object.fromEntries([...draft.commonShare].map(([region, share]) => [region, rounded(share)])),
        },
      }),
    zones: table.markets.map(({ region, zone }, m) => {
      const capacity = capacityOf(table, m, draft, shapeOfSpells(target, m));
      return { region, zone, price: prices[m]!, ...(capacity && { capacity }) };
    }),
  };
}

/** The zone's own process: up and down, or between the counts that it was seen to have. */
function capacityOf(table: TraceTable, m: number, draft: Draft, shape: number): Spells | Levels | undefined {
  const { capacity } = seriesOf(table)[m]!;
  const meanUpH = draft.meanUpH[m];
  if (capacity === undefined || meanUpH === undefined) return undefined;
  const meanDownH = (meanUpH * (1 - draft.upShare[m]!)) / draft.upShare[m]!;
  const steps = { timesS: capacity.timesS, values: capacity.counts };
  const counts = [...new Set(steps.values as ArrayLike<number> as number[])].sort((a, b) => a - b);
  if (counts.length <= 2) return { meanUpH: rounded(meanUpH), meanDownH: rounded(meanDownH), shape };
  const next = counts.map(() => counts.map(() => 0));
  const stayS = counts.map(() => 0);
  const visits = counts.map(() => 0);
  stretchesOf(steps, table.endS, (lengthS, value, following) => {
    const from = counts.indexOf(value);
    stayS[from]! += lengthS;
    visits[from]!++;
    if (following !== undefined && following !== value) next[from]![counts.indexOf(following)]!++;
  });
  const seen = counts.map((_, i) => i).filter((i) => next[i]!.some((n) => n > 0));
  if (seen.length < 2) return { meanUpH: rounded(meanUpH), meanDownH: rounded(meanDownH), shape };
  return {
    counts: seen.map((i) => counts[i]!),
    // Down as long as the outages over the zone leave to it; the other stays as they were seen.
    meanH: seen.map((i) => rounded(counts[i] === 0 ? meanDownH : stayS[i]! / visits[i]! / HOUR_S)),
    shape,
    next: seen.map((i) => seen.map((k) => next[i]![k]!)),
  };
}

/** By mean, deviation, correlation over a day, range and changes a day; for two regimes, each by its own. */
function fitPrice(table: TraceTable, m: number, kind: PriceKind): PriceProcess {
  const statistics = marketStatistics(table, m);
  const { meanUsdPerHour, sdUsdPerHour, priceChangesPerDay, priceDayAutocorrelation } = statistics;
  const { usdPerHour, timesS } = seriesOf(table)[m]!.price;
  const values = Array.from(usdPerHour);
  const [minUsdPerHour, maxUsdPerHour] = [Math.min(...values), Math.max(...values)];
  const stepH = rounded(Math.min(48, Math.max(0.25, 24 / Math.max(0.5, priceChangesPerDay))));
  const dayCorrelation = Math.min(0.995, Math.max(0.05, priceDayAutocorrelation ?? 0.9));
  const groups =
    kind === "regime-switching" && sdUsdPerHour > 0 ? regimesOf({ timesS, values }, table.endS) : undefined;
  // Within a regime it is back long before the regime ends; what is slow is the switching.
  const reversionPerHour =
    groups === undefined
      ? (1 - dayCorrelation ** (stepH / 24)) / stepH
      : Math.min(0.9 / stepH, 10 / Math.min(...groups.map(({ stayH }) => stayH)));
  // A step keeps this share of the distance to the mean; the noise of a step makes up for the rest.
  const kept = 1 - reversionPerHour * stepH;
  const volatilityOf = (sd: number) => rounded(sd * Math.sqrt((1 - kept ** 2) / stepH));
  const about = {
    reversionPerHour: rounded(reversionPerHour),
    dailyShare: 0,
    minUsdPerHour,
    maxUsdPerHour,
    stepH,
    start: "stationary" as const,
  };
  if (groups === undefined) {
    const volatility = volatilityOf(sdUsdPerHour);
    return { kind: "ornstein-uhlenbeck", meanUsdPerHour: rounded(meanUsdPerHour), volatility, ...about };
  }
  return {
    kind: "regime-switching",
    regimes: groups.map(({ mean, sd, stayH }) => ({
      meanUsdPerHour: rounded(mean),
      volatility: volatilityOf(sd),
      meanStayH: rounded(stayH),
    })),
    ...about,
  };
}

/** Two groups of prices, time-weighted k-means; undefined where one of them was never left. */
function regimesOf(steps: StepList, endS: number) {
  let border = (Math.min(...(steps.values as number[])) + Math.max(...(steps.values as number[]))) / 2;
  let groups = sumsBy(steps, endS, border);
  for (let i = 0; i < 50; i++) {
    const [low, high] = groups;
    if (low.timeS === 0 || high.timeS === 0) return undefined;
    const moved = (low.sum / low.timeS + high.sum / high.timeS) / 2;
    if (moved === border) break;
    border = moved;
    groups = sumsBy(steps, endS, border);
  }
  if (groups.some(({ visits }) => visits < 2)) return undefined;
  return groups.map(({ timeS, sum, squares, visits }) => ({
    mean: sum / timeS,
    sd: Math.sqrt(Math.max(0, squares / timeS - (sum / timeS) ** 2)),
    stayH: timeS / visits / HOUR_S,
  }));
}

function sumsBy(steps: StepList, endS: number, border: number) {
  const empty = () => ({ timeS: 0, sum: 0, squares: 0, visits: 0 });
  const groups = [empty(), empty()] as const;
  let last = -1;
  stretchesOf(steps, endS, (lengthS, value) => {
    const at = value < border ? 0 : 1;
    const group = groups[at];
    group.timeS += lengthS;
    group.sum += lengthS * value;
    group.squares += lengthS * value ** 2;
    if (at !== last) group.visits++;
    last = at;
  });
  return groups;
}

/** [region] mean hours in which no zone of it was up, once begun. */
function regionOutages(table: TraceTable): Map<string, number> {
  const result = new Map<string, number>();
  const regions = [...new Set(table.markets.map(({ region }) => region))];
  for (const region of regions) {
    const zones = table.markets.flatMap((market, m) => (market.region === region ? [m] : []));
    if (zones.length < 2) continue;
    let downS = 0;
    let spells = 0;
    let wasDown = false;
    for (let timeS = 0; timeS < table.endS; ) {
      const nextS = Math.min(table.endS, ...zones.map((m) => table.nextCapacityChangeS(m, timeS)));
      const down = zones.every((m) => table.capacityAt(m, timeS) === 0);
      if (down) downS += nextS - timeS;
      if (down && !wasDown) spells++;
      wasDown = down;
      timeS = nextS;
    }
    if (spells > 0) result.set(region, downS / spells / HOUR_S);
  }
  return result;
}

/** The Weibull shape whose median is the share of its mean that a zone's spells show, or those of all; 1 where none were seen. */
function shapeOfSpells({ meanUpH, medianUpH, meanDownH, medianDownH, zones }: Shape, zone?: number): number {
  const ratios = zones
    .flatMap((_, m) =>
      zone === undefined || zone === m
        ? [
            [medianUpH[m], meanUpH[m]],
            [medianDownH[m], meanDownH[m]],
          ]
        : [],
    )
    .flatMap(([median, mean]) => (median == null || mean == null ? [] : [median / mean]));
  if (ratios.length === 0) return 1;
  const wanted = ratios.reduce((sum, each) => sum + each, 0) / ratios.length;
  const ratioAt = (shape: number) => Math.LN2 ** (1 / shape) / gamma(1 + 1 / shape);
  let [low, high] = [0.35, 3];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (ratioAt(middle) < wanted) low = middle;
    else high = middle;
  }
  return rounded(low);
}

const oddsOf = (share: number): number =>
  Math.min(0.999, Math.max(0.001, share)) / (1 - Math.min(0.999, Math.max(0.001, share)));
const rounded = (value: number): number => Number(value.toPrecision(4));
