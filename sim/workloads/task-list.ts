import type { TaskArrival } from "../../policies/contract/facts.ts";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type MiB, type Seconds } from "../../policies/contract/units.ts";
import type { TasksParams } from "./tasks-params.ts";

/**
 * The tasks of one run, in order of arrival: draw k of each stream belongs to the k-th to arrive, so no policy can shift it. A
 * task is drawn when it is looked at, so a long list costs one column.
 */
export class TaskList {
  readonly length: number;
  readonly #params: TasksParams;
  readonly #random: Random;
  readonly #work: number;
  readonly #model: number;
  readonly #arrivalS: Float64Array; // [task]

  constructor(params: TasksParams, random: Random) {
    this.length = params.tasks;
    this.#params = params;
    this.#random = random;
    this.#work = random.stream("task-work");
    this.#model = random.stream("task-model");
    this.#arrivalS = new Float64Array(params.tasks);
    if (params.arrivals.kind === "uniform") {
      const arrival = random.stream("task-arrival");
      const spanS = params.arrivals.spanH * HOUR_S;
      for (let i = 0; i < params.tasks; i++) this.#arrivalS[i] = random.at(arrival, i) * spanS;
      this.#arrivalS.sort();
    }
  }

  /** When task k arrives; Infinity beyond the last. */
  arrivalS(k: number): Seconds {
    return k < this.length ? this.#arrivalS[k]! : Infinity;
  }

  task(k: number): TaskArrival {
    const { workH, models } = this.#params;
    const random = this.#random;
    const hours =
      workH.kind === "constant" ? workH.value : workH.min + random.at(this.#work, k) * (workH.max - workH.min);
    const model = models === undefined ? undefined : modelAt(models, random.at(this.#model, k));
    return taskOf(this.#params, hours * HOUR_S, model);
  }
}

/** The most GPU memory any task of these parameters can need: what the longest one's state comes to, or the constant. */
export function memoryMiBMax(params: TasksParams): MiB {
  const { workH } = params;
  return taskOf(params, (workH.kind === "constant" ? workH.value : workH.max) * HOUR_S, undefined).memoryMiB;
}

type Model = NonNullable<TasksParams["models"]>[number];

function taskOf(params: TasksParams, workS: Seconds, model: Model | undefined): TaskArrival {
  const { baseMiB, perHourMiB, maxMiB, grows } = params.state;
  const finalMiB = Math.min(maxMiB, baseMiB + (perHourMiB * workS) / HOUR_S);
  return {
    workS,
    memoryMiB: params.memoryMiB === "state" ? finalMiB : params.memoryMiB,
    stateMiBBase: grows ? baseMiB : finalMiB,
    stateMiBPerHour: grows ? perHourMiB : 0,
    stateMiBMax: maxMiB,
    model: model?.name ?? null,
    weightsMiB: model?.weightsMiB ?? 0,
    onReclaim: params.onReclaim,
  };
}

function modelAt(models: readonly Model[], u: number): Model {
  let left = u * models.reduce((sum, model) => sum + model.share, 0);
  for (const model of models) {
    left -= model.share;
    if (left < 0) return model;
  }
  return models.at(-1)!;
}
