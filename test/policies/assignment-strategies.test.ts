import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placementCostS } from "../../policies/assignment/cost.ts";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import type { PlacementCostS, PlacementLuck } from "../../policies/contract/assignment.ts";
import { createRandom } from "../../policies/contract/random.ts";
import type { Assignable, InstanceView, MarketView } from "../../policies/contract/view.ts";
import { simulate } from "../../sim/simulate.ts";
import { input, scenario, table } from "../support/runs.ts";
import { bruteForce, type Matrix } from "./brute-force.ts";

const task = (id: number, memoryMiB: number, more: Partial<Assignable> = {}) =>
  ({ id, memoryMiB, stateMiB: 100, keptS: 0, weightsMiB: 500, timesPlaced: 0, ...more }) as Assignable;
const target = (id: number, freeSlots: number, freeMemoryMiB: number, more: object = {}) =>
  ({
    id,
    freeSlots,
    freeMemoryMiB,
    readyInS: 10 * id,
    networkMiBPerS: 10,
    warmModels: [] as readonly string[],
    statesHeld: 0,
    market: { slots: 4 } as MarketView,
    ...more,
  }) as InstanceView;

const random = createRandom("strategies");
const stream = random.stream("placement");
const drawn: PlacementLuck = (work) => random.at(stream, work.id, work.timesPlaced);

type PairIds = readonly [work: number, target: number];

/** The pairs in the order in which they were made. */
function pairsInOrder(
  name: string,
  work: readonly Assignable[],
  targets: readonly InstanceView[],
  { costS = placementCostS, luck = drawn }: { readonly costS?: PlacementCostS; readonly luck?: PlacementLuck } = {},
): PairIds[] {
  const pairs: PairIds[] = [];
  const strategy = assignmentStrategies.find((each) => each.name === name)!;
  strategy.assign(work, targets, costS, (each, on) => pairs.push([each.id, on.id]), luck);
  return pairs;
}
const pairsOf = (...given: Parameters<typeof pairsInOrder>) => pairsInOrder(...given).sort((a, b) => a[0] - b[0]);

/** Costs as they stand in a matrix, [work id][target id]. */
const from =
  (matrix: Matrix): PlacementCostS =>
  (work, on) =>
    matrix[work.id]![on.id]!;
const totalOf = (pairs: readonly PairIds[], matrix: Matrix) => pairs.reduce((sum, [w, t]) => sum + matrix[w]![t]!, 0);

/** One slot each, and memory for all: what is paired is a matter of cost alone. */
const square = (n: number) => ({
  work: Array.from({ length: n }, (_, id) => task(id, 1)),
  targets: Array.from({ length: n }, (_, id) => target(id, 1, 100)),
});

describe.each(assignmentStrategies)("$name", ({ name }) => {
  const worlds = fc.record({
    work: fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 12 }),
    targets: fc.array(fc.record({ slots: fc.integer({ min: 0, max: 4 }), memory: fc.integer({ min: 0, max: 200 }) }), {
      maxLength: 6,
    }),
  });
  const build = (world: { work: number[]; targets: { slots: number; memory: number }[] }) => ({
    work: world.work.map((memory, id) => task(id, memory)),
    targets: world.targets.map(({ slots, memory }, id) => target(id, slots, memory)),
  });

  it("keeps slots and memory, places nothing twice, and leaves nothing out that would still fit", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { work, targets } = build(world);
        const pairs = pairsOf(name, work, targets);
        expect(new Set(pairs.map(([id]) => id)).size).toBe(pairs.length);
        const placed = new Set(pairs.map(([id]) => id));
        for (const on of targets) {
          const here = pairs.filter(([, t]) => t === on.id).map(([id]) => work[id]!.memoryMiB);
          const leftMiB = on.freeMemoryMiB - here.reduce((sum, each) => sum + each, 0);
          expect(here.length).toBeLessThanOrEqual(on.freeSlots);
          expect(leftMiB).toBeGreaterThanOrEqual(0);
          if (here.length === on.freeSlots) continue;
          for (const each of work) if (!placed.has(each.id)) expect(each.memoryMiB).toBeGreaterThan(leftMiB);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("plans the same whether pairs are carried out at once, as the decider does, or afterwards", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { work, targets } = build(world);
        const live = targets.map((on) => ({ ...on })) as { -readonly [K in keyof InstanceView]: InstanceView[K] }[];
        const pairs: PairIds[] = [];
        const strategy = assignmentStrategies.find((each) => each.name === name)!;
        const place = (each: Assignable, on: InstanceView) => {
          pairs.push([each.id, on.id]);
          live[on.id]!.freeSlots--;
          live[on.id]!.freeMemoryMiB -= each.memoryMiB;
        };
        strategy.assign(work, live, placementCostS, place, drawn);
        expect(pairs).toEqual(pairsInOrder(name, work, targets));
      }),
    );
  });

  it("never chooses a pair whose cost is infinite", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { work, targets } = build(world);
        for (const [id, on] of pairsOf(name, work, targets)) {
          expect(placementCostS(work[id]!, targets[on]!)).toBeLessThan(Infinity);
        }
      }),
    );
  });

  it("says the same when asked again", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { work, targets } = build(world);
        expect(pairsOf(name, work, targets)).toEqual(pairsOf(name, work, targets));
      }),
    );
  });

  // Not for those two: which work to leave out is their question, so they look at all.
  if (name === "kuhn-munkres" || name === "global-greedy") return;
  it("looks at no more work once every slot is taken", () => {
    const work = [task(0, 1), task(1, 1)];
    Object.defineProperty(work, 2, {
      get: () => {
        throw new Error("there is no slot left for this work");
      },
    });
    expect(pairsOf(name, work, [target(0, 1, 10)])).toEqual([[0, 0]]);
  });
});

describe("against one another", () => {
  const matrices = fc
    .record({ n: fc.integer({ min: 1, max: 7 }), numbers: fc.infiniteStream(fc.integer({ min: 0, max: 99 })) })
    .map(({ n, numbers }) => Array.from({ length: n }, () => Array.from({ length: n }, () => numbers.next().value!)));
  const names = assignmentStrategies.map(({ name }) => name);

  it("no strategy that places as many costs less than kuhn-munkres", () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        const { work, targets } = square(matrix.length);
        const total = (name: string) => totalOf(pairsOf(name, work, targets, { costS: from(matrix) }), matrix);
        const least = total("kuhn-munkres");
        for (const name of names) expect({ name, total: total(name) >= least }).toEqual({ name, total: true });
        expect(least).toBe(bruteForce(matrix).totalCost);
      }),
    );
  });

  it("on identical instances every complete matching costs the same, so that nothing is won by choosing", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99), { minLength: 1, maxLength: 7 }), (costs) => {
        const matrix = costs.map((each) => costs.map(() => each));
        const { work, targets } = square(costs.length);
        for (const name of names) {
          const pairs = pairsOf(name, work, targets, { costS: from(matrix) });
          expect({ name, pairs: pairs.length, total: totalOf(pairs, matrix) }).toEqual({
            name,
            pairs: costs.length,
            total: costs.reduce((a, b) => a + b),
          });
        }
      }),
    );
  });

  it("global-greedy is the plain rule, all pairs sorted by cost: first the least of all, and so on", () => {
    fc.assert(
      fc.property(matrices, fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }), (matrix, slots) => {
        const { work } = square(matrix.length);
        const targets = work.map(({ id }) => target(id, slots[id]!, 100));
        const left = slots.slice(0, matrix.length);
        const placed = new Set<number>();
        const expected = matrix
          .flatMap((row, w) => row.map((cost, t) => ({ w, t, cost })))
          .sort((a, b) => a.cost - b.cost || a.w - b.w || a.t - b.t)
          .filter(({ w, t }) => !placed.has(w) && left[t]!-- > 0 && placed.add(w));
        const pairs = pairsInOrder("global-greedy", work, targets, { costS: from(matrix) });
        expect(pairs).toEqual(expected.map(({ w, t }) => [w, t]));
      }),
      { numRuns: 300 },
    );
  });

  it("one piece of work alone goes where it runs soonest, for all three that look at cost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 9 }), (row) => {
        const targets = row.map((_, id) => target(id, id % 2, 100));
        const fitting = row.map((cost, id) => (id % 2 === 1 ? cost : Infinity));
        const least = Math.min(...fitting);
        const expected = least === Infinity ? [] : [[0, fitting.indexOf(least)]];
        for (const name of ["row-greedy", "global-greedy", "kuhn-munkres"]) {
          expect(pairsOf(name, [task(0, 1)], targets, { costS: from([row]) })).toEqual(expected);
        }
      }),
    );
  });

  it("first-fit and earliest-node are one rule under two names", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 8 }), fc.array(fc.nat(150), { maxLength: 5 }), (sizes, rooms) => {
        const work = sizes.map((size, id) => task(id, size));
        const targets = rooms.map((room, id) => target(id, 3, room));
        expect(pairsOf("first-fit", work, targets)).toEqual(pairsOf("earliest-node", work, targets));
      }),
    );
  });
});

describe("random", () => {
  const wide = [0, 1, 2].map((id) => target(id, 1e6, 1e9));

  it("sends a piece of work to the same place whatever other work comes before or beside it", () => {
    const ids = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(ids, ids, (some, others) => {
        const alone = (id: number) => pairsOf("random", [task(id, 1)], wide)[0];
        const among = pairsOf(
          "random",
          [...new Set([...others, ...some])].map((id) => task(id, 1)),
          wide,
        );
        for (const pair of among) expect(pair).toEqual(alone(pair[0]));
      }),
    );
  });

  it("finds all targets equally likely, and each placement of a piece of work anew", () => {
    const share = (works: readonly Assignable[]) => {
      const counts = [0, 0, 0];
      for (const each of works) counts[pairsOf("random", [each], wide)[0]![1]]!++;
      return counts.map((count) => Math.round((10 * count) / works.length) / 10);
    };
    const thousands = Array.from({ length: 6000 }, (_, i) => i);
    expect(share(thousands.map((id) => task(id, 1)))).toEqual([0.3, 0.3, 0.3]);
    expect(share(thousands.map((timesPlaced) => task(7, 1, { timesPlaced })))).toEqual([0.3, 0.3, 0.3]);
  });

  it("meets the same luck at a task's k-th placement under every policy, and other luck in another replicate", () => {
    const world = (seed: string) =>
      input({
        table: table(
          [
            {
              capacity: [
                [0, 3],
                [4000, 0],
                [9000, 2],
              ],
            },
            { capacity: [[0, 1]] },
          ],
          200_000,
        ),
        seed,
        tasks: { tasks: 12, arrivals: { kind: "uniform", spanH: 2 }, workH: { kind: "constant", value: 1 } },
      });
    const met = (scheduling: string, seed = "one") => {
      const lucks = new Map<string, number>();
      const decisions = scenario(scheduling, { assignment: "random" });
      const spy = {
        ...decisions.assignment,
        assign: ((work, targets, costS, pair, luck) =>
          decisions.assignment.assign(work, targets, costS, pair, (each) => {
            lucks.set(`${each.id}, ${each.timesPlaced}`, luck(each));
            return luck(each);
          })) as typeof decisions.assignment.assign,
      };
      simulate(world(seed), { ...decisions, assignment: spy });
      return lucks;
    };
    const [greedy, dear, elsewhere] = [met("greedy"), met("on-demand-only"), met("greedy", "two")];
    expect(greedy.size).toBeGreaterThan(12); // some were placed more than once
    expect(dear.size).toBe(12);
    for (const [key, luck] of dear) expect(greedy.get(key)).toBe(luck);
    expect([...elsewhere.values()]).not.toEqual([...greedy.values()]);
  });
});

describe("who runs where, by hand", () => {
  it("row-greedy saves what first-fit wastes: 1 + 1, not 5 + 5", () => {
    const costs = [
      [5, 1],
      [1, 5],
    ];
    const { work, targets } = square(2);
    const total = (name: string) => totalOf(pairsOf(name, work, targets, { costS: from(costs) }), costs);
    expect([total("first-fit"), total("row-greedy")]).toEqual([10, 2]);
  });

  it("row-greedy takes the cheap place from the one that needs it: 2 + 9, where global-greedy pays 1 + 3", () => {
    const costs = [
      [2, 3],
      [1, 9],
    ];
    const { work, targets } = square(2);
    const pairs = (name: string) => pairsInOrder(name, work, targets, { costS: from(costs) });
    expect(pairs("row-greedy")).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(pairs("global-greedy")).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it("global-greedy pays 1 + 9 for its first bargain, kuhn-munkres 2 + 2", () => {
    const costs = [
      [1, 2],
      [2, 9],
    ];
    const { work, targets } = square(2);
    const total = (name: string) => totalOf(pairsOf(name, work, targets, { costS: from(costs) }), costs);
    expect([total("global-greedy"), total("kuhn-munkres")]).toEqual([10, 4]);
  });

  it("least-loaded counts what it has just placed: shares of 3/4 and 2/4 free take three in turn", () => {
    const targets = [target(0, 2, 400), target(1, 3, 400), target(2, 1, 400, { market: { slots: 1 } })];
    // Free: 2/4, 3/4, 1/1. First 2 (empty), then 1 (3/4), then 0 and 1 are alike (2/4): the one launched first.
    expect(pairsInOrder("least-loaded", [task(0, 1), task(1, 1), task(2, 1)], targets)).toEqual([
      [0, 2],
      [1, 1],
      [2, 0],
    ]);
  });

  it("random takes the target that its draw falls on, among those with room", () => {
    const targets = [target(0, 1, 100), target(1, 1, 5), target(2, 1, 100), target(3, 1, 100)];
    const on = (draw: number) => pairsOf("random", [task(0, 10)], targets, { luck: () => draw })[0]![1];
    expect([0, 0.33, 0.34, 0.66, 0.67, 0.999].map(on)).toEqual([0, 0, 2, 2, 3, 3]);
  });

  it("first-fit fills the oldest instance first, and passes over what does not fit", () => {
    const targets = [target(0, 1, 50), target(1, 2, 100), target(2, 4, 400)];
    expect(pairsOf("first-fit", [task(0, 60), task(1, 40), task(2, 40)], targets)).toEqual([
      [0, 1],
      [1, 0],
      [2, 1],
    ]);
  });

  it("warm-least-loaded prefers a loaded instance with the model to an empty one without", () => {
    const targets = [target(0, 4, 400), target(1, 1, 400, { warmModels: ["m"] }), target(2, 3, 400)];
    expect(
      pairsOf("warm-least-loaded", [task(0, 1, { model: "m" }), task(1, 1, { model: "m" }), task(2, 1)], targets),
    ).toEqual([
      [0, 1],
      [1, 0],
      [2, 0], // 3/4 free on both 0 and 2 now: the lower id
    ]);
  });

  it("kuhn-munkres sends each to the place it can be soonest: the one whose state is near goes there", () => {
    // Ready at once and 50 s from now. Moving task 0's state takes 10 s to either; task 1's is on target 5 already leaving slowly.
    const slow = target(9, 0, 0, { networkMiBPerS: 1, statesHeld: 2 });
    const cost = placementCostS(task(1, 1, { stateOn: slow }), target(0, 1, 10));
    expect(cost).toBe(100 / (1 / 2));
    const targets = [target(0, 1, 10), target(5, 1, 10, { warmModels: ["m"] })];
    // task 0 (no model): 0 or 50; task 1 (model m, 50 s of weights): 50 or 50. Total 0 + 50, not 50 + 50.
    expect(pairsOf("kuhn-munkres", [task(0, 1), task(1, 1, { model: "m" })], targets)).toEqual([
      [0, 0],
      [1, 5],
    ]);
  });

  it("kuhn-munkres places the most, at the least total, where targets run out of slots before memory", () => {
    const worlds = fc.record({
      models: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
      targets: fc.array(fc.record({ slots: fc.nat(2), warm: fc.nat(2), readyInS: fc.nat(90) }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(worlds, ({ models, targets: specs }) => {
        const work = models.map((model, id) => task(id, 1, { model: `m${model}` }));
        const targets = specs.map(({ slots, warm, readyInS }, id) =>
          target(id, slots, 100, { warmModels: [`m${warm}`], readyInS }),
        );
        const slots = targets.flatMap((on) => new Array<typeof on>(on.freeSlots).fill(on));
        const pairs = pairsOf("kuhn-munkres", work, targets);
        expect({
          cardinality: pairs.length,
          totalCost: pairs.reduce((sum, [id, on]) => sum + placementCostS(work[id]!, targets[on]!), 0),
        }).toEqual(bruteForce(work.map((each) => slots.map((on) => placementCostS(each, on)))));
      }),
      { numRuns: 100 },
    );
  });

  it("the cost of a place: wait, then state read back through its card, then missing weights", () => {
    expect(placementCostS(task(0, 1, { keptS: 5, model: "m" }), target(3, 1, 10))).toBe(30 + 10 + 50);
    expect(placementCostS(task(0, 11), target(3, 1, 10))).toBe(Infinity);
    expect(placementCostS(task(0, 1), target(3, 0, 10))).toBe(Infinity);
  });
});
