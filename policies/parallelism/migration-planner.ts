import type { DeviceMap, GpuInstance } from "./device-mapper.ts";
import type { ModelBytes, Shard } from "./shard.ts";

/** Bytes that one instance gets; from itself where another of its GPUs holds them, from storage where no GPU does. */
export interface Transfer {
  readonly from: number | "storage";
  readonly to: number;
  readonly bytes: number;
}

/** One thing that moves before the next begins: keys and values of all layers, or the weights of one. */
export interface MigrationStep {
  readonly what: "kv" | number;
  readonly transfers: readonly Transfer[];
}

export interface MigrationPlan {
  readonly steps: readonly MigrationStep[];
  /** Batches of which some keys or values are on no GPU any more: they start again. */
  readonly lostBatches: readonly number[];
  /** Most that an instance holds beyond what it held before. */
  readonly bufferBytes: number;
}

/**
 * What moves where, and in which order, so that GPUs come to hold what the map gives them. Keys and values come first, since
 * they are lost with a leaving instance and weights are not; then weights layer by layer, so that a stage can start before
 * the others are complete. Layers are taken in order while no instance holds more than `bufferBytesMax` beyond what it held;
 * the others after them, each time the one that asks least of the instance it asks most of.
 *
 * What an instance holds already comes from there; else from the instances that hold it and stay, from each as much as from
 * the others, and only then from one that leaves.
 * Source: SpotServe's migration planner (Miao et al., ASPLOS 2024, algorithm 2). Assumes that what a GPU no longer needs of a
 * layer is freed when that layer has moved, and that keys and values have memory of their own.
 */
export function planMigration(
  model: ModelBytes,
  instances: readonly GpuInstance[],
  wanted: readonly Shard[],
  { shardOf }: DeviceMap,
  bufferBytesMax = Infinity,
): MigrationPlan {
  const sources = new Sources(instances, model.layers);
  const targets = instances.flatMap(({ gpus }, to) =>
    gpus.flatMap((held, gpu) => {
      const shard = wanted[shardOf[to]![gpu]!];
      return shard === undefined ? [] : [{ to, held, shard }];
    }),
  );

  const lost = new Set<number>();
  const kv = targets.flatMap(({ to, held, shard }) => {
    if (shard.kv === undefined) return [];
    const { batch, tokens } = shard.kv;
    const here = held?.kv?.batch === batch ? held : undefined;
    return layersOf(shard).flatMap((layer) =>
      missingShares(here, shard, layer).flatMap((share) =>
        sources.of(to, layer, share, tokens * model.kvPerTokenLayer, batch).map((transfer) => {
          if (transfer.from === "storage") lost.add(batch);
          return { batch, transfer };
        }),
      ),
    );
  });
  const kvTransfers = kv.filter(({ batch }) => !lost.has(batch)).map(({ transfer }) => transfer);

  const layers = Array.from({ length: model.layers }, (_, layer) => {
    const transfers = targets
      .filter(({ shard }) => shard.fromLayer <= layer && layer < shard.toLayer)
      .flatMap(({ to, held, shard }): Transfer[] => {
        const cut = missingShares(held, shard, layer).flatMap((share) =>
          sources.of(to, layer, share, model.cutPerLayer),
        );
        return holds(held, layer) ? cut : [...cut, sources.ofAny(to, layer, model.wholePerLayer)];
      });
    return { layer, transfers: merged(transfers) };
  });

  const freed = (layer: number) =>
    instances.map(({ gpus }, i) =>
      gpus.reduce((bytes, held, gpu) => bytes + freedBytes(model, held, wanted[shardOf[i]![gpu]!], layer), 0),
    );
  const { order, bufferBytes } = inBoundedOrder(layers, freed, instances.length, bufferBytesMax);
  const steps = [
    { what: "kv" as const, transfers: merged(kvTransfers) },
    ...order.map(({ layer, transfers }) => ({ what: layer, transfers })),
  ];
  return {
    steps: steps.filter(({ transfers }) => transfers.length > 0),
    lostBatches: [...lost].sort((a, b) => a - b),
    bufferBytes,
  };
}

interface LayerMove {
  readonly layer: number;
  readonly transfers: readonly Transfer[];
}

function inBoundedOrder(
  layers: readonly LayerMove[],
  freed: (layer: number) => readonly number[],
  instances: number,
  bufferBytesMax: number,
): { readonly order: LayerMove[]; readonly bufferBytes: number } {
  const extra = new Array<number>(instances).fill(0);
  const order: LayerMove[] = [];
  let bufferBytes = 0;
  const received = ({ transfers }: LayerMove) => {
    const bytes = new Array<number>(instances).fill(0);
    for (const each of transfers) bytes[each.to]! += each.bytes;
    return bytes;
  };
  const peak = (move: LayerMove) => received(move).reduce((most, bytes, i) => Math.max(most, extra[i]! + bytes), 0);
  const take = (move: LayerMove) => {
    bufferBytes = Math.max(bufferBytes, peak(move));
    const [gained, lost] = [received(move), freed(move.layer)];
    for (let i = 0; i < instances; i++) extra[i]! += gained[i]! - lost[i]!;
    order.push(move);
  };
  const deferred: LayerMove[] = [];
  for (const move of layers) {
    if (peak(move) <= bufferBytesMax) take(move);
    else deferred.push(move);
  }
  while (deferred.length > 0) {
    const least = deferred.reduce((best, move) => (peak(move) < peak(best) ? move : best));
    deferred.splice(deferred.indexOf(least), 1);
    take(least);
  }
  return { order, bufferBytes };
}

/** A share of a layer, from and to. */
type Share = readonly [from: number, to: number];

/** Who holds a layer, or a share of it: of several that are as good, the one that has been asked for the fewest bytes. */
class Sources {
  readonly #instances: readonly GpuInstance[];
  readonly #holders: readonly (readonly { readonly instance: number; readonly held: Shard }[])[]; // [layer]
  readonly #askedBytes: number[]; // [instance]

  constructor(instances: readonly GpuInstance[], layers: number) {
    this.#instances = instances;
    const all = instances.flatMap(({ gpus }, instance) => gpus.map((held) => ({ instance, held })));
    this.#holders = Array.from({ length: layers }, (_, layer) =>
      all.flatMap(({ instance, held }) => (holds(held, layer) ? [{ instance, held }] : [])),
    );
    this.#askedBytes = instances.map(() => 0);
  }

  /** A share in parts, each from an instance that holds all of it; of a batch's keys and values where one is given. */
  of(to: number, layer: number, [from, until]: Share, layerBytes: number, batch?: number): Transfer[] {
    const holders = this.#holders[layer]!.filter(({ held }) => batch === undefined || held.kv?.batch === batch);
    const bounds = holders.flatMap(({ held }) => [held.fromShare, held.toShare]);
    const inside = bounds.filter((at) => from < at && at < until);
    const cuts = [from, ...[...new Set(inside)].sort((a, b) => a - b), until];
    return cuts.slice(1).map((end, i) => {
      const start = cuts[i]!;
      const whole = holders.filter(({ held }) => held.fromShare <= start && end <= held.toShare);
      return this.#transfer(to, whole, (end - start) * layerBytes);
    });
  }

  /** From an instance that holds something of the layer, and so what all its holders hold alike. */
  ofAny(to: number, layer: number, bytes: number): Transfer {
    return this.#transfer(to, this.#holders[layer]!, bytes);
  }

  #transfer(to: number, holders: readonly { readonly instance: number }[], bytes: number): Transfer {
    if (holders.length === 0) return { from: "storage", to, bytes };
    if (holders.some(({ instance }) => instance === to)) return { from: to, to, bytes };
    const staying = holders.filter(({ instance }) => !this.#instances[instance]!.leaving);
    const asked = this.#askedBytes;
    const { instance } = (staying.length > 0 ? staying : holders).reduce((least, each) =>
      asked[each.instance]! < asked[least.instance]! ? each : least,
    );
    asked[instance]! += bytes;
    return { from: instance, to, bytes };
  }
}

const holds = (held: Shard | undefined, layer: number): held is Shard =>
  held !== undefined && held.fromLayer <= layer && layer < held.toLayer;

const layersOf = ({ fromLayer, toLayer }: Shard): number[] =>
  Array.from({ length: toLayer - fromLayer }, (_, i) => fromLayer + i);

/** What is wanted of a layer and not held. */
function missingShares(held: Shard | undefined, wanted: Shard, layer: number): Share[] {
  if (!holds(held, layer)) return [[wanted.fromShare, wanted.toShare]];
  const parts: Share[] = [
    [wanted.fromShare, Math.min(wanted.toShare, held.fromShare)],
    [Math.max(wanted.fromShare, held.toShare), wanted.toShare],
  ];
  return parts.filter(([from, to]) => from < to);
}

/** What a GPU holds of a layer's weights and is no longer to hold. */
function freedBytes(model: ModelBytes, held: Shard | undefined, wanted: Shard | undefined, layer: number): number {
  if (!holds(held, layer)) return 0;
  const width = ([from, to]: Share) => to - from;
  const all = width([held.fromShare, held.toShare]);
  if (wanted === undefined || !holds(wanted, layer)) return model.wholePerLayer + all * model.cutPerLayer;
  return missingShares(wanted, held, layer).reduce((bytes, share) => bytes + width(share) * model.cutPerLayer, 0);
}

/** One transfer for each pair of instances, in their order. */
function merged(transfers: readonly Transfer[]): Transfer[] {
  const order = (from: Transfer["from"]) => (from === "storage" ? -1 : from);
  return [...Map.groupBy(transfers, ({ from, to }) => `${from} ${to}`).values()]
    .map((same) => ({ ...same[0]!, bytes: same.reduce((bytes, each) => bytes + each.bytes, 0) }))
    .sort((a, b) => a.to - b.to || order(a.from) - order(b.from));
}
