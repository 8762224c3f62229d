import { nearestName } from "../policies/contract/nearest.ts";
import { HOUR_S, type Seconds, type Usd, type UsdPerHour } from "../policies/contract/units.ts";
import type { Depth, MarketFilter, TraceMarket, TraceTable } from "./trace-table.ts";

/** A trace that cannot be read or used. The message names the place, what was expected and the remedy. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/** One market as a generator or an importer hands it over: steps in time order, the first at or before 0. */
export interface MarketSeries {
  readonly market: TraceMarket;
  readonly price: { readonly timesS: ArrayLike<number>; readonly usdPerHour: ArrayLike<number> };
  /** Absent: nothing bounds it. */
  readonly capacity?: { readonly timesS: ArrayLike<number>; readonly counts: ArrayLike<number> };
  readonly depth: Depth;
  readonly gapS: Seconds;
}

/** Where a market's columns lie in the buffer, in doubles. capacitySteps -1: nothing bounds it. */
interface Layout {
  readonly market: TraceMarket;
  readonly depth: Depth;
  readonly gapS: Seconds;
  readonly priceFrom: number;
  readonly priceSteps: number;
  readonly capacityFrom: number;
  readonly capacitySteps: number;
}

/** A table as it travels to a worker: one shared buffer and where things are in it. Nothing is copied or parsed there. */
export interface TableHandle {
  readonly digest: string;
  readonly endS: Seconds;
  readonly buffer: SharedArrayBuffer;
  readonly layout: readonly Layout[];
}

/**
 * Builds a table from series. @throws TraceError for steps out of order, a first step after 0, or a price or count that is no
 * number or negative.
 */
export function tableFromSeries(
  series: readonly MarketSeries[],
  about: { readonly digest: string; readonly endS: Seconds },
): TraceTable {
  const doubles = series.reduce(
    (sum, { price, capacity }) => sum + 3 * price.timesS.length + 2 * (capacity?.timesS.length ?? 0),
    0,
  );
  const buffer = new SharedArrayBuffer(8 * doubles);
  const columns = new Float64Array(buffer);
  const layout: Layout[] = [];
  let free = 0;
  for (const { market, price, capacity, depth, gapS } of series) {
    const name = `${market.instanceType} ${market.zone}`;
    const priceFrom = free;
    const priceSteps = price.timesS.length;
    fill(columns, priceFrom, price.timesS, price.usdPerHour, `price of ${name}`);
    sumUp(columns.subarray(priceFrom, priceFrom + 3 * priceSteps), priceSteps);
    free += 3 * priceSteps;
    const capacityFrom = free;
    const capacitySteps = capacity?.timesS.length ?? -1;
    if (capacity !== undefined) fill(columns, capacityFrom, capacity.timesS, capacity.counts, `capacity of ${name}`);
    free += 2 * Math.max(0, capacitySteps);
    layout.push({ market, depth, gapS, priceFrom, priceSteps, capacityFrom, capacitySteps });
  }
  return attachTable({ ...about, buffer, layout });
}

/**
 * The same market at a constant on-demand price, with unlimited capacity, for each type and zone of the spot markets.
 * @throws TraceError when a type and region has no price.
 */
export function withOnDemand(
  table: TraceTable,
  usdPerHourOf: (market: TraceMarket) => UsdPerHour | undefined,
): TraceTable {
  const handle = tableHandle(table);
  const seen = new Set<string>();
  const added: MarketSeries[] = [];
  for (const { instanceType, region, zone } of table.markets) {
    const key = `${instanceType}/${region}/${zone}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const market: TraceMarket = { instanceType, region, zone, capacityType: "onDemand" };
    const usd = usdPerHourOf(market);
    if (usd === undefined) {
      throw new TraceError(
        `no on-demand price for ${instanceType} in ${region}; state it in the study under onDemandUsdPerHour`,
      );
    }
    added.push({
      market,
      price: { timesS: [0], usdPerHour: [usd] },
      depth: { kind: "unlimited", instances: 0 },
      gapS: 0,
    });
  }
  const onDemand = tableHandle(tableFromSeries(added, table));
  const offset = handle.buffer.byteLength / 8;
  const buffer = new SharedArrayBuffer(handle.buffer.byteLength + onDemand.buffer.byteLength);
  const columns = new Float64Array(buffer);
  columns.set(new Float64Array(handle.buffer));
  columns.set(new Float64Array(onDemand.buffer), offset);
  const moved = onDemand.layout.map((each) => ({
    ...each,
    priceFrom: each.priceFrom + offset,
    capacityFrom: each.capacityFrom + offset,
  }));
  return attachTable({ digest: table.digest, endS: table.endS, buffer, layout: [...handle.layout, ...moved] });
}

/**
 * The stretch [fromS, fromS + lengthS) of the markets that the filter leaves, as a table of its own: time 0 is its start, and
 * what is in effect then stands at 0. @throws TraceError when the trace is shorter, and as chosenFrom does.
 */
export function windowOf(table: TraceTable, fromS: Seconds, lengthS: Seconds, filter: MarketFilter = {}): TraceTable {
  checkWindow(table.endS, fromS, lengthS);
  const series = chosenFrom(seriesOf(table), filter).map(({ price, capacity, ...about }): MarketSeries => {
    const prices = stretch({ timesS: price.timesS, values: price.usdPerHour }, fromS, lengthS);
    const counts = capacity && stretch({ timesS: capacity.timesS, values: capacity.counts }, fromS, lengthS);
    return {
      ...about,
      price: { timesS: prices.timesS, usdPerHour: prices.values },
      ...(counts && { capacity: { timesS: counts.timesS, counts: counts.values } }),
    };
  });
  return tableFromSeries(series, { digest: table.digest, endS: lengthS });
}

/** Two stretches of the same markets one after the other, as one. */
export function joined(first: TraceTable, second: TraceTable): TraceTable {
  const later = seriesOf(second);
  const after = (a: ArrayLike<number>, b: ArrayLike<number>, shift = 0): Float64Array =>
    Float64Array.from({ length: a.length + b.length }, (_, i) => (i < a.length ? a[i]! : b[i - a.length]! + shift));
  const series = seriesOf(first).map(({ price, capacity, ...about }, m): MarketSeries => {
    const next = later[m]!;
    return {
      ...about,
      price: {
        timesS: after(price.timesS, next.price.timesS, first.endS),
        usdPerHour: after(price.usdPerHour, next.price.usdPerHour),
      },
      ...(capacity && {
        capacity: {
          timesS: after(capacity.timesS, next.capacity!.timesS, first.endS),
          counts: after(capacity.counts, next.capacity!.counts),
        },
      }),
    };
  });
  return tableFromSeries(series, { digest: first.digest, endS: first.endS + second.endS });
}

/** Whether a filter leaves a market. */
export const takesPart = (market: TraceMarket, { instanceTypes, zones, product }: MarketFilter): boolean =>
  (instanceTypes?.includes(market.instanceType) ?? true) &&
  (zones?.includes(market.zone) ?? true) &&
  (product === undefined || (market.product ?? product) === product);

/**
 * @throws TraceError when a name of the filter is no market's, when it leaves none, or several products, which have prices of
 * their own.
 */
export function chosenFrom<T extends { readonly market: TraceMarket }>(all: readonly T[], filter: MarketFilter): T[] {
  const missing = missingName(all, filter);
  if (missing !== undefined) throw new TraceError(missing);
  const chosen = all.filter(({ market }) => takesPart(market, filter));
  if (chosen.length === 0) {
    throw new TraceError("no market is left: each name is there, but not together; leave some out");
  }
  const products = [...new Set(chosen.flatMap(({ market }) => market.product ?? []))];
  if (products.length <= 1) return chosen;
  throw new TraceError(
    `products ${products.join(", ")} in one import have prices of their own; say which is meant: product: ${products[0]} in a study, --product "${products[0]}" of a command`,
  );
}

/** What to say of the first name of a filter that no market has: a market that is left out in silence changes the answer. */
export function missingName(
  all: readonly { readonly market: TraceMarket }[],
  { instanceTypes = [], zones = [], product }: MarketFilter,
): string | undefined {
  const sought = [
    ["instance type", instanceTypes, all.map(({ market }) => market.instanceType)],
    ["zone", zones, all.map(({ market }) => market.zone)],
    ["product", product === undefined ? [] : [product], all.map(({ market }) => market.product ?? product!)],
  ] as const;
  for (const [what, names, there] of sought) {
    const missing = names.find((name) => !there.includes(name));
    if (missing !== undefined)
      return `no ${what} is called "${missing}"; did you mean "${nearestName(missing, there)}"?`;
  }
  return undefined;
}

/** @throws TraceError when [fromS, fromS + lengthS) does not lie within [0, endS). */
export function checkWindow(endS: Seconds, fromS: Seconds, lengthS: Seconds): void {
  if (fromS >= 0 && lengthS > 0 && fromS + lengthS <= endS) return;
  throw new TraceError(
    `the trace is ${hours(endS)} long, the window needs it from ${hours(fromS)} to ${hours(fromS + lengthS)}; shorten the window or use a longer trace`,
  );
}

const hours = (timeS: Seconds): string => `${Number((timeS / HOUR_S).toFixed(2))} h`;

/** What the table was made of, as views of its columns. */
export function seriesOf(table: TraceTable): MarketSeries[] {
  const { layout, buffer } = tableHandle(table);
  const columns = new Float64Array(buffer);
  const part = (from: number, length: number) => columns.subarray(from, from + length);
  return layout.map(({ market, depth, gapS, priceFrom, priceSteps, capacityFrom, capacitySteps: counts }) => ({
    market,
    price: { timesS: part(priceFrom, priceSteps), usdPerHour: part(priceFrom + priceSteps, priceSteps) },
    ...(counts >= 0 && {
      capacity: { timesS: part(capacityFrom, counts), counts: part(capacityFrom + counts, counts) },
    }),
    depth,
    gapS,
  }));
}

/** Values and the times from which they stand, in time order. */
export interface StepList {
  readonly timesS: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** The steps of [fromS, fromS + lengthS), time 0 at its start; what is in effect then stands at 0. */
export function stretch({ timesS: times, values: all }: StepList, fromS: Seconds, lengthS: Seconds) {
  const timesS: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < times.length; i++) {
    const timeS = times[i]! - fromS;
    if (timeS >= lengthS) break;
    if (timeS <= 0) {
      timesS[0] = 0;
      values[0] = all[i]!;
    } else {
      timesS.push(timeS);
      values.push(all[i]!);
    }
  }
  return { timesS, values };
}

export function tableHandle(table: TraceTable): TableHandle {
  if (table instanceof ColumnTable) return table.handle;
  throw new Error("only a table made here can be handed to a worker");
}

export const attachTable = (handle: TableHandle): TraceTable => new ColumnTable(handle);

class ColumnTable implements TraceTable {
  readonly handle: TableHandle;
  readonly digest: string;
  readonly endS: Seconds;
  readonly markets: readonly TraceMarket[];
  readonly #prices: readonly Steps[];
  readonly #sumsUsd: readonly Float64Array[]; // [market][step] USD from the first step to this one
  readonly #capacities: readonly (Steps | undefined)[];

  constructor(handle: TableHandle) {
    this.handle = handle;
    this.digest = handle.digest;
    this.endS = handle.endS;
    this.markets = handle.layout.map(({ market }) => market);
    const columns = new Float64Array(handle.buffer);
    const part = (from: number, length: number) => columns.subarray(from, from + length);
    this.#prices = handle.layout.map(
      ({ priceFrom: from, priceSteps: n }) => new Steps(part(from, n), part(from + n, n)),
    );
    this.#sumsUsd = handle.layout.map(({ priceFrom: from, priceSteps: n }) => part(from + 2 * n, n));
    this.#capacities = handle.layout.map(({ capacityFrom: from, capacitySteps: n }) =>
      n < 0 ? undefined : new Steps(part(from, n), part(from + n, n)),
    );
  }

  priceUsdPerHourAt(market: number, timeS: Seconds): UsdPerHour {
    return this.#prices[market]!.at(timeS);
  }

  nextPriceChangeS(market: number, timeS: Seconds): Seconds {
    return this.#prices[market]!.nextS(timeS);
  }

  capacityAt(market: number, timeS: Seconds): number {
    return this.#capacities[market]?.at(timeS) ?? Infinity;
  }

  nextCapacityChangeS(market: number, timeS: Seconds): Seconds {
    return this.#capacities[market]?.nextS(timeS) ?? Infinity;
  }

  costUsd(market: number, fromS: Seconds, toS: Seconds): Usd {
    const prices = this.#prices[market]!;
    // A bill begins long ago: where, the hint does not learn.
    return this.#spentUsd(market, toS, prices.stepAt(toS)) - this.#spentUsd(market, fromS, prices.search(fromS));
  }

  depth(market: number): Depth {
    return this.handle.layout[market]!.depth;
  }

  gapS(market: number): Seconds {
    return this.handle.layout[market]!.gapS;
  }

  /** USD from the market's first step to timeS. */
  #spentUsd(market: number, timeS: Seconds, step: number): Usd {
    const prices = this.#prices[market]!;
    return this.#sumsUsd[market]![step]! + (prices.values[step]! * (timeS - prices.timesS[step]!)) / HOUR_S;
  }
}

/** A step function: value i from timesS[i] until timesS[i + 1], the last for ever, the first from before all time. */
class Steps {
  readonly timesS: Float64Array;
  readonly values: Float64Array;
  /** Where the last question was answered: the next is mostly close by. Speed only, it changes no answer. */
  #hint = 0;

  constructor(timesS: Float64Array, values: Float64Array) {
    this.timesS = timesS;
    this.values = values;
  }

  at(timeS: Seconds): number {
    return this.values[this.stepAt(timeS)]!;
  }

  nextS(timeS: Seconds): Seconds {
    const next = this.timesS[0]! > timeS ? 0 : this.stepAt(timeS) + 1;
    return next < this.timesS.length ? this.timesS[next]! : Infinity;
  }

  stepAt(timeS: Seconds): number {
    const { timesS } = this;
    const last = timesS.length - 1;
    let low = this.#hint;
    if (timesS[low]! <= timeS && (low === last || timesS[low + 1]! > timeS)) return low;
    low++; // the clock runs on
    if (!(low <= last && timesS[low]! <= timeS && (low === last || timesS[low + 1]! > timeS))) low = this.search(timeS);
    this.#hint = low;
    return low;
  }

  /** The same without the hint. */
  search(timeS: Seconds): number {
    const { timesS } = this;
    let low = 0;
    let high = timesS.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (timesS[middle]! <= timeS) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Copies times and values after one another, refusing what is no step function. */
function fill(
  columns: Float64Array,
  from: number,
  timesS: ArrayLike<number>,
  values: ArrayLike<number>,
  what: string,
): void {
  const steps = timesS.length;
  if (steps === 0) throw new TraceError(`${what}: no steps; a market needs at least one`);
  if (values.length !== steps) throw new TraceError(`${what}: ${steps} times but ${values.length} values`);
  if (!(timesS[0]! <= 0))
    throw new TraceError(`${what}: starts at ${timesS[0]} s; the first step must be at or before 0`);
  for (let i = 0; i < steps; i++) {
    if (i > 0 && !(timesS[i]! > timesS[i - 1]!)) {
      throw new TraceError(
        `${what}: step ${i} at ${timesS[i]} s does not follow ${timesS[i - 1]} s; sort it, one value a time`,
      );
    }
    if (!(values[i]! >= 0) || values[i] === Infinity) {
      throw new TraceError(`${what}: ${values[i]} at ${timesS[i]} s is no value; give a number that is not negative`);
    }
    columns[from + i] = timesS[i]!;
    columns[from + steps + i] = values[i]!;
  }
}

/** Fills the third column: the integral up to each step, with Neumaier's compensation so that it holds over millions of steps. */
function sumUp(column: Float64Array, steps: number): void {
  let sum = 0;
  let lost = 0;
  for (let i = 1; i < steps; i++) {
    const each = (column[steps + i - 1]! * (column[i]! - column[i - 1]!)) / HOUR_S;
    const next = sum + each;
    lost += Math.abs(sum) >= Math.abs(each) ? sum - next + each : each - next + sum;
    sum = next;
    column[2 * steps + i] = sum + lost;
  }
  if (steps > 0) column[2 * steps] = 0;
}
