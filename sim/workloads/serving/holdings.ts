import type { ReparallelizeHow } from "../../../policies/contract/actions.ts";
import type { ServedModel, WeightShard } from "../../../policies/contract/served-model.ts";
import type { InstanceId, Seconds } from "../../../policies/contract/units.ts";
import { type GpuInstance, mapDevices } from "../../../policies/parallelism/device-mapper.ts";
import { type MigrationPlan, planMigration } from "../../../policies/parallelism/migration-planner.ts";
import { migrationTimes } from "../../../policies/parallelism/migration-time.ts";
import {
  type KvCache,
  type ModelBytes,
  overlapBytes,
  type Shard,
  servedBytes,
  shardBytes,
  shardsOf,
} from "../../../policies/parallelism/shard.ts";
import type { SimInstance } from "../../instance.ts";
import type { SimPlacement, WorkloadWorld } from "../workload.ts";

/** A pipeline, and what it still waits for. */
export interface Pipeline extends SimPlacement {
  /** When it has its weights, and the keys and values of its batch. */
  resumesS: Seconds;
  /** Of each instance that it gets something from: until when. */
  neededUntilS: ReadonlyMap<InstanceId, Seconds>;
}

/** A pipeline that is to come to its weights, and to the keys and values of the batch that it goes on with. */
export interface Migrating {
  readonly pipeline: Pipeline;
  readonly batch: (KvCache & { readonly heldBy: readonly SimInstance[] }) | undefined;
}

type Shards = readonly (Shard | undefined)[]; // [gpu]

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/**
 * The weights that the GPUs of each instance hold of a model that is cut over several. They keep them while their instance lives,
 * a part of a pipeline or not; what is on its way counts when it has come.
 */
export class Holdings {
  readonly #model: ServedModel;
  readonly #bytes: ModelBytes;
  readonly #world: WorkloadWorld;
  readonly #held = new Map<SimInstance, Shards>();
  /** What an instance is to hold when all of it has come. */
  readonly #coming = new Map<SimInstance, Shards>();
  readonly #loadedS = new Map<SimInstance, Seconds>();
  movedGiB = 0;
  loadedGiB = 0;

  constructor(model: ServedModel, world: WorkloadWorld) {
    this.#model = model;
    this.#bytes = servedBytes(model);
    this.#world = world;
  }

  /** Reads what a replica lacks from storage; what is not up yet has it when it is. */
  load({ instances, layout }: SimPlacement, nowS: Seconds): void {
    const coming = this.#assigned(
      instances.map((each) => this.#gpusOf(each)),
      shardsOf(this.#bytes, layout, [undefined]),
    );
    for (const [i, instance] of instances.entries()) {
      this.#coming.set(instance, coming[i]!);
      if (instance.readyS < 0) continue;
      const missing = this.#bytesOf(coming[i]!, this.#held.get(instance));
      this.#loadedS.set(instance, this.#loads(instance, missing, nowS));
    }
  }

  /** When it has read all of that. */
  loadedS(instances: readonly SimInstance[], nowS: Seconds): Seconds {
    return instances.reduce((last, each) => Math.max(last, this.#loadedS.get(each) ?? 0), nowS);
  }

  /** All that was on its way to a pipeline has come. */
  arrived({ instances }: SimPlacement): void {
    for (const instance of instances) {
      const coming = this.#coming.get(instance);
      if (coming === undefined) continue;
      this.#coming.delete(instance);
      this.#held.set(instance, coming);
      this.#world.facts.shards(instance.id, coming.map(weightsOf));
    }
  }

  forget(instance: SimInstance): void {
    this.#held.delete(instance);
    this.#coming.delete(instance);
    this.#loadedS.delete(instance);
  }

  /**
   * What pipelines lack is on its way from now on: from GPUs that hold it, as the migration planner says, else from storage. An
   * instance that goes before it could send what it is asked for sends nothing.
   * @returns the batches whose keys and values are lost
   */
  migrate(all: readonly Migrating[], how: ReparallelizeHow, nowS: Seconds): ReadonlySet<number> {
    const into = all.flatMap(({ pipeline }) => pipeline.instances);
    const fleet = [...into, ...[...this.#held.keys()].filter((each) => !into.includes(each))];
    const wanted = all.flatMap(({ pipeline, batch }) => shardsOf(this.#bytes, pipeline.layout, [batch]));
    const holding = fleet.map((instance, i) => this.#holding(instance, i >= into.length, all));
    const coming = this.#assigned(holding, wanted);
    for (const [i, instance] of into.entries()) this.#coming.set(instance, coming[i]!);
    if (how === "restart") {
      for (const { pipeline } of all) {
        pipeline.neededUntilS = new Map();
        pipeline.resumesS = pipeline.instances.reduce((last, instance) => {
          const bytes = this.#bytesOf(coming[into.indexOf(instance)]!, undefined);
          return Math.max(last, this.#loads(instance, bytes, nowS));
        }, nowS);
      }
      return new Set();
    }
    const { plan, times } = this.#inTime(fleet, holding, wanted, nowS);
    this.#count(plan, fleet);
    const until = new Map(fleet.map(({ id }, i) => [id, nowS + times.sentS[i]!]));
    const lastS = Math.max(...into.map((_, i) => times.readyS[i]!));
    for (const { pipeline } of all) {
      const ownS = Math.max(...pipeline.instances.map((each) => times.readyS[into.indexOf(each)]!));
      pipeline.resumesS = nowS + (how === "whole" ? lastS : ownS);
      pipeline.neededUntilS = until;
    }
    return new Set(plan.lostBatches);
  }

  // ── parts ──────────────────────────────────────────────────────────────────────────

  /** A plan in which whoever leaves has sent what it is asked for before. */
  #inTime(fleet: readonly SimInstance[], holding: readonly GpuInstance[], wanted: readonly Shard[], nowS: Seconds) {
    const cardBytesPerS = MIB * this.#world.cloud.networkMiBPerS(fleet[0]!.market);
    const speeds = { ...this.#model.speeds, cardBytesPerS };
    const map = mapDevices(this.#bytes, holding, wanted, "instances-in-order");
    for (let sending = holding; ; ) {
      const plan = planMigration(this.#bytes, sending, wanted, map);
      const times = migrationTimes(plan, fleet.length, speeds);
      const isLate = (i: number) => times.sentS[i]! > 0 && nowS + times.sentS[i]! > fleet[i]!.reclaimS;
      if (!fleet.some((_, i) => isLate(i))) return { plan, times };
      sending = sending.map((each, i) => (isLate(i) ? { ...each, gpus: each.gpus.map(() => undefined) } : each));
    }
  }

  /** [instance] what each of its GPUs is to hold. */
  #assigned(holding: readonly GpuInstance[], wanted: readonly Shard[]): Shards[] {
    const { shardOf } = mapDevices(this.#bytes, holding, wanted, "instances-in-order");
    return shardOf.map((gpus) => gpus.map((shard) => wanted[shard]));
  }

  #holding(instance: SimInstance, isOutside: boolean, all: readonly Migrating[]): GpuInstance {
    const kv = all.find(({ batch }) => batch?.heldBy.includes(instance))?.batch;
    const { gpus } = this.#gpusOf(instance);
    return {
      gpus: gpus.map((shard) => shard && { ...shard, kv: kv && { batch: kv.batch, tokens: kv.tokens } }),
      leaving: isOutside && instance.reclaimS < Infinity,
    };
  }

  #gpusOf(instance: SimInstance): GpuInstance {
    const count = this.#world.cloud.gpuOf(instance.market)!.count;
    return { gpus: this.#held.get(instance) ?? new Array<undefined>(count).fill(undefined), leaving: false };
  }

  #bytesOf(wanted: Shards, held: Shards | undefined): number {
    return wanted.reduce((bytes, shard, gpu) => {
      if (shard === undefined) return bytes;
      const weights = { ...shard, kv: undefined };
      return bytes + shardBytes(this.#bytes, weights) - overlapBytes(this.#bytes, held?.[gpu], weights);
    }, 0);
  }

  /** An engine starts anew and reads so much. @returns when it is done */
  #loads(instance: SimInstance, bytes: number, nowS: Seconds): Seconds {
    const { storageBytesPerS, restartS } = this.#model.speeds;
    this.loadedGiB += bytes / GIB;
    const { transfers, cloud } = this.#world;
    transfers?.move(bytes / MIB, transfers.storage(instance.market), transfers.place(instance.market));
    return nowS + restartS + bytes / Math.min(storageBytesPerS, MIB * cloud.networkMiBPerS(instance.market));
  }

  #count({ steps }: MigrationPlan, fleet: readonly SimInstance[]): void {
    const lines = this.#world.transfers;
    for (const { from, to, bytes } of steps.flatMap(({ transfers }) => transfers)) {
      if (from === to) continue;
      const target = fleet[to]!.market;
      if (from === "storage") this.loadedGiB += bytes / GIB;
      else this.movedGiB += bytes / GIB;
      const source = from === "storage" ? lines?.storage(target) : lines?.place(fleet[from]!.market);
      if (source !== undefined) lines!.move(bytes / MIB, source, lines!.place(target));
    }
  }
}

function weightsOf(shard: Shard | undefined): WeightShard | null {
  if (shard === undefined) return null;
  const { kv: _, ...weights } = shard;
  return weights;
}
