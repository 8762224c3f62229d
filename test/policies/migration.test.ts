import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GpuInstance, mapDevices } from "../../policies/parallelism/device-mapper.ts";
import { type MigrationPlan, planMigration } from "../../policies/parallelism/migration-planner.ts";
import { migrationTimes } from "../../policies/parallelism/migration-time.ts";
import {
  inheritedBatches,
  type KvCache,
  overlapBytes,
  type Shard,
  shardBytes,
  shardsOf,
  transformerBytes,
} from "../../policies/parallelism/shard.ts";
import { bruteForce } from "./brute-force.ts";

const GPUS = 4;
const model = { layers: 12, wholePerLayer: 8, cutPerLayer: 64, kvPerTokenLayer: 16 };

/** Shards put on instances in order, GPU by GPU; the last instance may have GPUs that hold nothing. */
const placed = (shards: readonly Shard[]): GpuInstance[] =>
  Array.from({ length: Math.ceil(shards.length / GPUS) }, (_, i) => ({
    gpus: Array.from({ length: GPUS }, (_, gpu) => shards[i * GPUS + gpu]),
    leaving: false,
  }));
const empty: GpuInstance = { gpus: new Array<undefined>(GPUS).fill(undefined), leaving: false };
const leaving = (instance: GpuInstance): GpuInstance => ({ ...instance, leaving: true });
const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
const bytesOf = ({ steps }: MigrationPlan) =>
  sum(steps.flatMap(({ transfers }) => transfers.map(({ bytes }) => bytes)));
const fullReload = (wanted: readonly Shard[]) =>
  sum(wanted.map((shard) => shardBytes(model, { ...shard, kv: undefined })));

const layouts = fc.constantFrom([1, 4], [2, 4], [3, 4], [1, 8], [2, 2], [4, 1], [2, 8], [6, 2]);

/** A fleet that ran one layout, of which instances leave, others have come, GPUs in any order; and the layout it is to run. */
const reconfigurations = fc
  .record({
    before: layouts,
    after: layouts,
    pipelines: fc.integer({ min: 1, max: 3 }),
    batches: fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }), // tokens decoded
    leave: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    wantedPipelines: fc.integer({ min: 1, max: 3 }),
    order: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
  })
  .map(({ before, after, pipelines, batches, leave, wantedPipelines, order }) => {
    const running = batches.slice(0, pipelines).map((decodedTokens, batch) => ({
      batch,
      requests: 4,
      inputTokens: 3,
      decodedTokens,
    }));
    const layout = ([pipeline, tensor]: readonly number[]) => ({ pipeline: pipeline!, tensor: tensor! });
    const held = running.map(({ batch, decodedTokens }): KvCache => ({ batch, tokens: 4 * (3 + decodedTokens) }));
    const old = placed(shardsOf(model, layout(before), held)).map((each, i) => (leave[i] ? leaving(each) : each));
    const wanted = shardsOf(model, layout(after), inheritedBatches(running, wantedPipelines, { batchMax: 4 }));
    const staying = old.filter((each) => !each.leaving).length;
    const missing = Math.max(0, Math.ceil(wanted.length / GPUS) - staying);
    const instances = [...old, ...new Array<GpuInstance>(missing).fill(empty)];
    const shuffle = <T>(list: readonly T[], from: number): T[] =>
      list
        .map((each, i) => ({ each, at: order[(from + i) % order.length]! }))
        .sort((a, b) => a.at - b.at)
        .map(({ each }) => each);
    const shuffled = shuffle(instances, 0).map((each, i) => ({ ...each, gpus: shuffle(each.gpus, i) }));
    return { instances: shuffled, wanted };
  });

describe("shards", () => {
  it("of a layout hold every layer's every share once in each pipeline", () => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 3 }), ([pipeline, tensor], pipelines) => {
        const shards = shardsOf(
          model,
          { pipeline: pipeline!, tensor: tensor! },
          new Array<undefined>(pipelines).fill(undefined),
        );
        expect(shards).toHaveLength(pipelines * pipeline! * tensor!);
        for (let layer = 0; layer < model.layers; layer++) {
          const on = shards.filter((each) => each.fromLayer <= layer && layer < each.toLayer);
          expect(sum(on.map((each) => each.toShare - each.fromShare))).toBe(pipelines);
        }
      }),
    );
  });

  it("overlap in the layers and shares that both have, and in keys and values of the same batch", () => {
    const held: Shard = { fromLayer: 0, toLayer: 6, fromShare: 0, toShare: 0.5, kv: { batch: 1, tokens: 10 } };
    const wanted: Shard = { fromLayer: 4, toLayer: 8, fromShare: 0.25, toShare: 0.5, kv: { batch: 1, tokens: 10 } };
    // Two layers: 8 whole, a quarter of 64, and a quarter of 10 tokens of 16.
    expect(overlapBytes(model, held, wanted)).toBe(2 * (8 + 16 + 40));
    expect(overlapBytes(model, held, { ...wanted, kv: { batch: 2, tokens: 10 } })).toBe(2 * (8 + 16));
    expect(overlapBytes(model, held, { ...wanted, fromLayer: 6 })).toBe(0);
    expect(overlapBytes(model, undefined, wanted)).toBe(0);
  });

  it("of OPT-6.7B have 1 MiB of keys and values a token, and its 12 h^2 weights in fp32", () => {
    const opt = transformerBytes({ layers: 32, hiddenSize: 4096, bytesPerParameter: 4 });
    expect(32 * opt.kvPerTokenLayer).toBe(2 ** 20);
    expect((32 * (opt.cutPerLayer + opt.wholePerLayer)) / 2 ** 30).toBeCloseTo(24, 1);
  });

  it("go on with the batches of most decoded tokens, and as many of their requests as there is room for", () => {
    const batch = (id: number, decodedTokens: number) => ({ batch: id, requests: 4, inputTokens: 10, decodedTokens });
    const running = [batch(0, 3), batch(1, 7), batch(2, 7)];
    expect(inheritedBatches(running, 2, { batchMax: 2 })).toEqual([
      { batch: 1, tokens: 2 * 17 },
      { batch: 2, tokens: 2 * 17 },
    ]);
    expect(inheritedBatches([batch(0, 3)], 2, { batchMax: 8 })).toEqual([{ batch: 0, tokens: 4 * 13 }, undefined]);
  });
});

describe("the device mapper", () => {
  it("gives each shard to one GPU that stays, and says what is missing there", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const { shardOf, missingBytes } = mapDevices(model, instances, wanted);
        const given = shardOf.flat().filter((shard) => shard !== -1);
        expect([...given].sort((a, b) => a - b)).toEqual([...wanted.keys()]);
        for (const [i, shards] of shardOf.entries()) {
          if (instances[i]!.leaving) expect(shards.every((shard) => shard === -1)).toBe(true);
        }
        const there = shardOf.flatMap((shards, i) =>
          shards.map((shard, gpu) => (shard === -1 ? 0 : overlapBytes(model, instances[i]!.gpus[gpu], wanted[shard]!))),
        );
        expect(missingBytes).toBeCloseTo(sum(wanted.map((shard) => shardBytes(model, shard))) - sum(there), 6);
      }),
    );
  });

  it("never misses more than first-fit", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const least = mapDevices(model, instances, wanted).missingBytes;
        expect(least).toBeLessThanOrEqual(mapDevices(model, instances, wanted, "first-fit").missingBytes);
      }),
    );
  });

  it("misses as little as the best of all ways to hand out groups and GPUs", () => {
    fc.assert(
      fc.property(
        reconfigurations.filter(({ instances }) => instances.length <= 6),
        ({ instances, wanted }) => {
          const staying = instances.filter((each) => !each.leaving);
          const groups = Array.from({ length: Math.ceil(wanted.length / GPUS) }, (_, g) =>
            wanted.slice(g * GPUS, (g + 1) * GPUS),
          );
          const missing = (held: Shard | undefined, shard: Shard) =>
            shardBytes(model, shard) - overlapBytes(model, held, shard);
          const ofPair = groups.map((group) =>
            staying.map(
              ({ gpus }) => bruteForce(group.map((shard) => gpus.map((held) => missing(held, shard)))).totalCost,
            ),
          );
          expect(mapDevices(model, instances, wanted).missingBytes).toBeCloseTo(bruteForce(ofPair).totalCost, 6);
        },
      ),
    );
  });

  it("misses as much as first-fit where all instances are alike", () => {
    fc.assert(
      fc.property(layouts, fc.integer({ min: 1, max: 3 }), fc.boolean(), ([pipeline, tensor], pipelines, holding) => {
        const wanted = shardsOf(
          model,
          { pipeline: pipeline!, tensor: tensor! },
          new Array<undefined>(pipelines).fill(undefined),
        );
        const all: Shard = { fromLayer: 0, toLayer: 6, fromShare: 0, toShare: 1, kv: undefined };
        const alike: GpuInstance = { gpus: new Array(GPUS).fill(holding ? all : undefined), leaving: false };
        const instances = new Array<GpuInstance>(12).fill(alike);
        expect(mapDevices(model, instances, wanted).missingBytes).toBe(
          mapDevices(model, instances, wanted, "first-fit").missingBytes,
        );
      }),
    );
  });

  it("leaves a fleet that shuffles its ids and nothing else as it is: nothing is missing", () => {
    const shards = shardsOf(model, { pipeline: 3, tensor: 4 }, [{ batch: 0, tokens: 9 }, undefined]);
    const instances = placed(shards).reverse();
    expect(mapDevices(model, instances, shards).missingBytes).toBe(0);
    expect(mapDevices(model, instances, shards, "first-fit").missingBytes).toBeGreaterThan(0);
  });

  it("refuses where the instances that stay are too few", () => {
    const shards = shardsOf(model, { pipeline: 2, tensor: 4 }, [undefined]);
    const [first, second] = placed(shards);
    expect(() => mapDevices(model, [first!, leaving(second!)], shards)).toThrow(
      "8 shards want 2 instances of 4 GPUs, 1 stay",
    );
  });
});

describe("the migration planner", () => {
  it("moves exactly what is missing, so never more than a full reload and the batches that go on", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const map = mapDevices(model, instances, wanted);
        const plan = planMigration(model, instances, wanted, map);
        const weights = sum(
          plan.steps.flatMap(({ what, transfers }) => (what === "kv" ? [] : transfers.map(({ bytes }) => bytes))),
        );
        expect(weights).toBeLessThanOrEqual(fullReload(wanted) + 1e-6);
        expect(bytesOf(plan)).toBeLessThanOrEqual(map.missingBytes + 1e-6);
        if (plan.lostBatches.length === 0) expect(bytesOf(plan)).toBeCloseTo(map.missingBytes, 6);
      }),
    );
  });

  it("reads storage only for what no GPU holds, and a leaving instance only for what no other does", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const plan = planMigration(model, instances, wanted, mapDevices(model, instances, wanted));
        const staying = instances.filter((each) => !each.leaving);
        const holders = (layer: number, of: readonly GpuInstance[]) =>
          of.flatMap(({ gpus }) => gpus.filter((held) => held && held.fromLayer <= layer && layer < held.toLayer));
        const share = (layer: number, of: readonly GpuInstance[]) => {
          const cells = Array.from({ length: 8 }, (_, i) => (i + 0.5) / 8);
          return cells.filter((at) => holders(layer, of).some((held) => held!.fromShare < at && at < held!.toShare))
            .length;
        };
        for (const { what, transfers } of plan.steps) {
          if (what === "kv") continue;
          for (const { from } of transfers) {
            if (from === "storage") expect(share(what, instances)).toBeLessThan(8);
            else if (instances[from]!.leaving) expect(share(what, staying)).toBeLessThan(8);
          }
        }
      }),
    );
  });

  it("moves keys and values first, every layer at most once, and none of a batch that is lost in part", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const { steps, lostBatches } = planMigration(model, instances, wanted, mapDevices(model, instances, wanted));
        const order = steps.map(({ what }) => what);
        expect(new Set(order).size).toBe(order.length);
        expect(order.indexOf("kv")).toBeLessThanOrEqual(0);
        const going = new Set(wanted.flatMap(({ kv }) => (kv === undefined ? [] : [kv.batch])));
        for (const batch of lostBatches) expect(going).toContain(batch);
        if (order[0] === "kv") expect(lostBatches.length).toBeLessThan(going.size);
      }),
    );
  });

  it("all that was needed has come: afterwards nothing is missing", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const { shardOf } = mapDevices(model, instances, wanted);
        const after = shardOf.map((shards, i) => ({
          gpus: shards.map((shard) => (shard === -1 ? undefined : wanted[shard])),
          leaving: instances[i]!.leaving,
        }));
        const map = mapDevices(model, after, wanted);
        expect(map.missingBytes).toBe(0);
        expect(planMigration(model, after, wanted, map).steps).toEqual([]);
      }),
    );
  });

  it("takes from the instance itself what one of its GPUs holds, and from others alike", () => {
    const all: Shard = { fromLayer: 0, toLayer: 12, fromShare: 0, toShare: 1, kv: undefined };
    const full: GpuInstance = { gpus: [all, undefined], leaving: false };
    const bare: GpuInstance = { gpus: [undefined, undefined], leaving: false };
    const wanted = shardsOf(model, { pipeline: 1, tensor: 1 }, new Array<undefined>(6).fill(undefined));
    const map = {
      shardOf: [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      missingBytes: 0,
    };
    const { steps } = planMigration(model, [full, full, bare], wanted, map);
    const within = steps.flatMap(({ transfers }) => transfers.filter(({ to }) => to !== 2));
    expect(new Set(within.map(({ from, to }) => `${from} ${to}`))).toEqual(new Set(["0 0", "1 1"]));
    const sent = (from: number) =>
      sum(
        steps.flatMap(({ transfers }) =>
          transfers.map((each) => (each.to === 2 && each.from === from ? each.bytes : 0)),
        ),
      );
    // Two GPUs want 12 layers of 72 bytes each; no transfer is larger than 64.
    expect(sent(0) + sent(1)).toBe(2 * 12 * 72);
    expect(Math.abs(sent(0) - sent(1))).toBeLessThanOrEqual(64);
  });

  // Two instances of one GPU change stages: each sends its half and gets the other's. 4 layers of 100 bytes.
  const small = { layers: 4, wholePerLayer: 0, cutPerLayer: 100, kvPerTokenLayer: 10 };
  const stages = (kv?: KvCache) => shardsOf(small, { pipeline: 2, tensor: 1 }, [kv]);
  const swap = (kv?: KvCache) => {
    const instances = stages(kv).map((shard): GpuInstance => ({ gpus: [shard], leaving: false }));
    return { instances, wanted: stages(kv), map: { shardOf: [[1], [0]], missingBytes: 400 } };
  };

  it("takes layers in order where memory allows it, and holds both halves then", () => {
    const { instances, wanted, map } = swap();
    const plan = planMigration(small, instances, wanted, map);
    expect(plan.steps.map(({ what }) => what)).toEqual([0, 1, 2, 3]);
    expect(plan.bufferBytes).toBe(200);
    expect(plan.steps[0]!.transfers).toEqual([{ from: 0, to: 1, bytes: 100 }]);
  });

  it("bounded by a buffer defers what would exceed it, so that what leaves makes room", () => {
    const { instances, wanted, map } = swap();
    const plan = planMigration(small, instances, wanted, map, 100);
    // 1 gets layer 0; then layer 1 would be its second, so 0 gets layer 2, which frees 1 of it; 3 goes likewise; 1 last.
    expect(plan.steps.map(({ what }) => what)).toEqual([0, 2, 3, 1]);
    expect(plan.bufferBytes).toBe(100);
  });

  it("moves the same whatever the bound, and in the same order where layer order keeps it", () => {
    fc.assert(
      fc.property(reconfigurations, fc.integer({ min: 0, max: 600 }), ({ instances, wanted }, bufferBytesMax) => {
        const map = mapDevices(model, instances, wanted);
        const free = planMigration(model, instances, wanted, map);
        const bounded = planMigration(model, instances, wanted, map, bufferBytesMax);
        expect(bytesOf(bounded)).toBeCloseTo(bytesOf(free), 6);
        if (free.bufferBytes <= bufferBytesMax) expect(bounded).toEqual(free);
      }),
    );
  });

  it("a batch whose keys and values a vanished instance held is lost, and what is left of them does not move", () => {
    const { instances, wanted } = swap({ batch: 7, tokens: 5 });
    const one = [instances[0]!, { gpus: [undefined], leaving: false }];
    const plan = planMigration(small, one, wanted, mapDevices(small, one, wanted));
    expect(plan.lostBatches).toEqual([7]);
    expect(plan.steps).toEqual([
      { what: 2, transfers: [{ from: "storage", to: 1, bytes: 100 }] },
      { what: 3, transfers: [{ from: "storage", to: 1, bytes: 100 }] },
    ]);
    // On notice it still gives: the cache of its two layers, then their weights.
    const noticed = [instances[0]!, leaving(instances[1]!), one[1]!];
    const saved = planMigration(small, noticed, wanted, mapDevices(small, noticed, wanted));
    expect(saved.lostBatches).toEqual([]);
    expect(saved.steps[0]).toEqual({ what: "kv", transfers: [{ from: 1, to: 2, bytes: 2 * 5 * 10 }] });
  });
});

describe("the time of a migration", () => {
  const speeds = { cardBytesPerS: 10, localBytesPerS: 100, storageBytesPerS: 5, switchS: 0.5 };
  const step = (...transfers: MigrationPlan["steps"][number]["transfers"]) => ({ steps: [{ what: 0, transfers }] });

  it("a card sends one thing after another and receives meanwhile", () => {
    const plan = step({ from: 0, to: 1, bytes: 50 }, { from: 0, to: 2, bytes: 20 }, { from: 1, to: 0, bytes: 30 });
    expect(migrationTimes(plan, 4, speeds).readyS).toEqual([3.5, 5.5, 7.5, 0.5]);
  });

  it("storage is as slow as it is or as the card, and what stays on an instance takes no card", () => {
    const plan = step({ from: "storage", to: 0, bytes: 50 }, { from: 1, to: 1, bytes: 50 });
    expect(migrationTimes(plan, 2, speeds).readyS).toEqual([10.5, 1]);
  });

  it("is never less than what the busiest card moves, nor more than one transfer after another", () => {
    fc.assert(
      fc.property(reconfigurations, ({ instances, wanted }) => {
        const plan = planMigration(model, instances, wanted, mapDevices(model, instances, wanted));
        const last = Math.max(...migrationTimes(plan, instances.length, speeds).readyS) - speeds.switchS;
        const seconds = plan.steps.flatMap(({ transfers }) =>
          transfers.map(({ from, to, bytes }) => ({
            from,
            to,
            s: bytes / (from === to ? 100 : from === "storage" ? 5 : 10),
          })),
        );
        for (const i of instances.keys()) {
          const crossing = seconds.filter(({ from, to }) => from !== to);
          const received = sum(crossing.filter(({ to }) => to === i).map(({ s }) => s));
          const sent = sum(crossing.filter(({ from }) => from === i).map(({ s }) => s));
          expect(last).toBeGreaterThanOrEqual(Math.max(received, sent) - 1e-9);
        }
        expect(last).toBeLessThanOrEqual(sum(seconds.map(({ s }) => s)) + 1e-9);
      }),
    );
  });
});
