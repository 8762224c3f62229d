import highsModule from "highs";

// Its types are those of the CommonJS build, where the loader hangs on `default`; Node loads the other one.
const loadHighs = highsModule as unknown as typeof highsModule.default;

/** Replicas of one service on a grid of ticks. */
export interface ReplicaProgram {
  /** [market][tick] how many there can be at most; Infinity where nothing bounds it. */
  readonly capacity: readonly (readonly number[])[];
  /** [market] of one instance for a tick. */
  readonly price: readonly number[];
  readonly replicas: number;
  readonly coldStartTicks: number;
}

/**
 * The cheapest plan that has all replicas ready in every tick from the first cold start on, proved by an integer program.
 *
 * Variables s(u,t) held and a(u,t) ready of each market and tick, whole numbers; s(u,t) <= min(N, capacity); a(u,t) <= s(u,p) for each p in
 * [t-d, t]; sum over u of a(u,t) >= N for t >= d; least sum of price(u) s(u,t). Markets without room are left out of it.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.2, Optimal, with full coverage: N = replicas, d = coldStartTicks.
 * @returns [market][tick] held, and the cost; undefined where there is no such plan.
 */
export async function cheapestReplicas({
  capacity,
  price,
  replicas,
  coldStartTicks,
}: ReplicaProgram): Promise<{ readonly cost: number; readonly held: readonly (readonly number[])[] } | undefined> {
  const ticks = capacity[0]!.length;
  const rows = new Rows();
  const columns = { cost: [] as number[], upper: [] as number[] };
  const column = (cost: number, upper: number): number => {
    columns.upper.push(upper);
    return columns.cost.push(cost) - 1;
  };
  const heldAt = capacity.map((counts, market) =>
    counts.map((count) => (count > 0 ? column(price[market]!, Math.min(replicas, count)) : undefined)),
  );
  for (let tick = coldStartTicks; tick < ticks; tick++) {
    const ready: number[] = [];
    for (const held of heldAt) {
      const since = held.slice(tick - coldStartTicks, tick + 1);
      if (since.includes(undefined)) continue; // it cannot be ready
      const own = column(0, replicas);
      for (const each of since) rows.add([own, each!], [1, -1], -Infinity, 0);
      ready.push(own);
    }
    if (ready.length === 0) return undefined;
    rows.add(
      ready,
      ready.map(() => 1),
      replicas,
      Infinity,
    );
  }
  const highs = await loadHighs();
  const { integer } = highs.constants.variableType;
  const numCols = columns.cost.length;
  return highs.withModel(
    {
      numCols,
      numRows: rows.lower.length,
      sense: highs.constants.objectiveSense.minimize,
      offset: 0,
      colCost: Float64Array.from(columns.cost),
      colLower: new Float64Array(numCols),
      colUpper: Float64Array.from(columns.upper),
      rowLower: Float64Array.from(rows.lower),
      rowUpper: Float64Array.from(rows.upper),
      matrix: { format: "csr", ...rows.matrix(numCols) },
      integrality: new Int32Array(numCols).fill(integer),
    },
    (model) => {
      // To proof: the default stops within 0.01 % of it.
      model.options.set({ output_flag: false, mip_rel_gap: 0, mip_abs_gap: 1e-6 });
      model.run();
      const status = model.getModelStatus();
      if (status === highs.constants.modelStatus.infeasible) return undefined;
      if (status !== highs.constants.modelStatus.optimal)
        throw new Error(`the integer program ended with status ${status}`);
      const { colValue } = model.getSolution();
      return {
        cost: model.getObjectiveValue(),
        held: heldAt.map((held) => held.map((each) => (each === undefined ? 0 : Math.round(colValue[each]!)))),
      };
    },
  );
}

/** A sparse matrix, row by row. */
class Rows {
  readonly lower: number[] = [];
  readonly upper: number[] = [];
  readonly #starts: number[] = [0];
  readonly #indices: number[] = [];
  readonly #values: number[] = [];

  add(indices: readonly number[], values: readonly number[], lower: number, upper: number): void {
    this.#indices.push(...indices);
    this.#values.push(...values);
    this.#starts.push(this.#indices.length);
    this.lower.push(lower);
    this.upper.push(upper);
  }

  matrix(numCols: number) {
    return {
      numRows: this.lower.length,
      numCols,
      starts: Int32Array.from(this.#starts),
      indices: Int32Array.from(this.#indices),
      values: Float64Array.from(this.#values),
    };
  }
}
