import type { Cell } from "./grid.ts";

/** A part of a study's cells, and how many such parts there are: of an array job, what one of its tasks runs. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

/** A part that cannot be told, or of nothing. */
export class ShardError extends Error {
  override readonly name = "ShardError";
}

/** Where a scheduler says which of how many tasks this is. Sources: sbatch(1); Kubernetes, "Indexed Job"; AWS Batch, "Array jobs". */
const SCHEDULERS: readonly {
  readonly index: string;
  readonly first?: string;
  readonly step?: string;
  readonly of?: string;
}[] = [
  {
    index: "SLURM_ARRAY_TASK_ID",
    first: "SLURM_ARRAY_TASK_MIN",
    step: "SLURM_ARRAY_TASK_STEP",
    of: "SLURM_ARRAY_TASK_COUNT",
  },
  { index: "AWS_BATCH_JOB_ARRAY_INDEX", of: "AWS_BATCH_JOB_ARRAY_SIZE" },
  { index: "JOB_COMPLETION_INDEX" },
];

/**
 * The part that a command line or, where it says nothing, the scheduler's environment names; undefined: all of the study.
 * @param option `2/3`, or `auto/3` with the index from the environment.
 * @returns also the variable that named it.
 * @throws ShardError
 * @example shardOf(undefined, { SLURM_ARRAY_TASK_ID: "7", SLURM_ARRAY_TASK_MIN: "5", SLURM_ARRAY_TASK_COUNT: "4" }) // 3 of 4
 */
export function shardOf(
  option: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly shard: Shard; readonly by: string } | undefined {
  const [, typed, typedOf] = /^(\d+|auto)\/(\d+)$/.exec(option ?? "") ?? [];
  if (option !== undefined && typedOf === undefined) {
    throw new ShardError(`--shard ${option}: expected i/n, such as 2/3, or auto/n in an array job`);
  }
  if (typed !== undefined && typed !== "auto") return part(Number(typed), Number(typedOf), "--shard");
  const scheduler = SCHEDULERS.find(({ index }) => environment[index] !== undefined);
  if (scheduler === undefined) {
    if (typed === undefined) return undefined;
    const known = SCHEDULERS.map(({ index }) => index).join(", ");
    throw new ShardError(`--shard ${option}: this is no task of an array job (none of ${known} is set); say i/n`);
  }
  const whole = (name: string | undefined, otherwise: number | undefined): number => {
    const text = name === undefined ? undefined : environment[name];
    if (text !== undefined && /^\d+$/.test(text)) return Number(text);
    if (text === undefined && otherwise !== undefined) return otherwise;
    throw new ShardError(
      `${scheduler.index} is ${environment[scheduler.index]}, but ${name === undefined ? "of how many tasks is not said" : `${name} is ${text ?? "not set"}`}; say --shard auto/n, or --shard 1/1 to run all of the study`,
    );
  };
  const index = whole(scheduler.index, undefined);
  const first = whole(scheduler.first, 0);
  const step = whole(scheduler.step, 1);
  const of = typedOf === undefined ? whole(scheduler.of, undefined) : Number(typedOf);
  return part((index - first) / step + 1, of, scheduler.index);
}

function part(index: number, of: number, by: string): { readonly shard: Shard; readonly by: string } {
  if (Number.isInteger(index) && index >= 1 && index <= of) return { shard: { index, of }, by };
  throw new ShardError(`${by} asks for part ${index} of ${of}; expected a whole number from 1 to ${of}`);
}

/**
 * The cells of a part: every n-th run of all policies. Policies of one run stay together, since they share its table, and all parts
 * have their share of every point of a sweep.
 */
export function cellsOfShard(cells: readonly Cell[], { index, of }: Shard): Cell[] {
  let run = -1;
  let last: Cell["spec"] | undefined;
  return cells.filter(({ spec }) => {
    if (spec.seed !== last?.seed || spec.axes !== last.axes) run++;
    last = spec;
    return run % of === index - 1;
  });
}

export const shardText = ({ index, of }: Shard): string => `shard ${index} of ${of}`;
