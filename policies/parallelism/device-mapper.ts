import { AssignmentSolver } from "../assignment/assignment-solver.ts";
import { type ModelBytes, overlapBytes, type Shard, shardBytes } from "./shard.ts";

/** An instance and what each of its GPUs holds; one that was announced to go gives what it holds and is given nothing. */
export interface GpuInstance {
  readonly gpus: readonly (Shard | undefined)[];
  readonly leaving: boolean;
}

/** Who is to hold what. */
export interface DeviceMap {
  /** [instance][gpu] the wanted shard it is to hold, -1 for none. */
  readonly shardOf: readonly (readonly number[])[];
  /** What the GPUs lack of that. */
  readonly missingBytes: number;
}

/**
 * first-fit: in order, whatever they hold; what mapping by Kuhn-Munkres is measured against. instances-in-order: the first of a placement
 * takes its first GPUs' worth, and so on; which GPU takes which of these is still an assignment.
 */
export type DeviceMatching = "kuhn-munkres" | "instances-in-order" | "first-fit";

const inner = new AssignmentSolver();
const outer = new AssignmentSolver();

/**
 * Gives wanted shards to GPUs such that least is missing of them. In two levels: as many consecutive shards as an instance
 * has GPUs stay together on one, so that tensor groups do not cross the network more than they must; which GPU of an instance
 * takes which of a group, and which instance which group, are assignments of least missing bytes.
 * Source: SpotServe's device mapper (Miao et al., ASPLOS 2024): a maximum-weight matching on reusable bytes, which
 * is the same, since what is wanted is the same in sum.
 * @param instances all with as many GPUs.
 * @throws RangeError where the instances that stay are too few.
 */
export function mapDevices(
  model: ModelBytes,
  instances: readonly GpuInstance[],
  wanted: readonly Shard[],
  matching: DeviceMatching = "kuhn-munkres",
): DeviceMap {
  const gpus = instances[0]?.gpus.length ?? 1;
  const staying = [...instances.keys()].filter((i) => !instances[i]!.leaving);
  const groups = Math.ceil(wanted.length / gpus);
  if (groups > staying.length) {
    throw new RangeError(`${wanted.length} shards want ${groups} instances of ${gpus} GPUs, ${staying.length} stay`);
  }
  /** Of one instance and one group: [shard of the group][gpu] bytes missing. */
  const missing = (instance: number, group: number) =>
    wanted
      .slice(group * gpus, (group + 1) * gpus)
      .map((shard) =>
        instances[instance]!.gpus.map((held) => shardBytes(model, shard) - overlapBytes(model, held, shard)),
      );
  const instanceOf =
    matching !== "kuhn-munkres"
      ? staying.slice(0, groups)
      : leastCost(
          outer,
          Array.from({ length: groups }, (_, group) =>
            staying.map((instance) => {
              const bytes = missing(instance, group);
              return sum(leastCost(inner, bytes).map((gpu, shard) => bytes[shard]![gpu]!));
            }),
          ),
        ).map((column) => staying[column]!);
  const shardOf = instances.map(({ gpus }) => gpus.map(() => -1));
  let missingBytes = 0;
  for (const [group, instance] of instanceOf.entries()) {
    const bytes = missing(instance, group);
    const gpuOf = matching === "first-fit" ? [...bytes.keys()] : leastCost(inner, bytes);
    for (const [shard, gpu] of gpuOf.entries()) {
      shardOf[instance]![gpu] = group * gpus + shard;
      missingBytes += bytes[shard]![gpu]!;
    }
  }
  return { shardOf, missingBytes };
}

/** [row] the column of each row. */
function leastCost(solver: AssignmentSolver, cost: readonly (readonly number[])[]): number[] {
  const { columnOf } = solver.solve(cost.length, cost[0]?.length ?? 0, Float64Array.from(cost.flat()));
  return Array.from(columnOf);
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
