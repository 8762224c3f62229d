import type { TaskArrival } from "../../policies/contract/facts.ts";
import type { Random } from "../../policies/contract/random.ts";
import { HOUR_S, type Seconds } from "../../policies/contract/units.ts";
import { stateMiBAt } from "../../policies/state/entities.ts";
import type { TasksParams } from "./tasks-params.ts";

export interface ArrivingTask {
  readonly arrivalS: Seconds;
  readonly task: TaskArrival;
}

/** The tasks of one run, in order of arrival. Draw i belongs to task i as numbered here before sorting: no policy can shift it. */
export function drawTasks(params: TasksParams, random: Random): ArrivingTask[] {
  const arrival = random.stream("task-arrival");
  const work = random.stream("task-work");
  const model = random.stream("task-model");
  const list: ArrivingTask[] = [];
  for (let i = 0; i < params.tasks; i++) {
    const arrivalS = params.arrivals.kind === "uniform" ? random.at(arrival, i) * params.arrivals.spanH * HOUR_S : 0;
    const { workH } = params;
    const hours = workH.kind === "constant" ? workH.value : workH.min + random.at(work, i) * (workH.max - workH.min);
    list.push({ arrivalS, task: taskOf(params, hours * HOUR_S, modelAt(params.models, random.at(model, i))) });
  }
  return list.sort((a, b) => a.arrivalS - b.arrivalS);
}

type Model = NonNullable<TasksParams["models"]>[number];

function taskOf(params: TasksParams, workS: Seconds, model: Model | undefined): TaskArrival {
  const { state } = params;
  const growing = {
    workS,
    memoryMiB: 0,
    stateMiBBase: state.baseMiB,
    stateMiBPerHour: state.perHourMiB,
    stateMiBMax: state.maxMiB,
    model: model?.name ?? null,
    weightsMiB: model?.weightsMiB ?? 0,
    onReclaim: params.onReclaim,
  };
  const finalMiB = stateMiBAt(growing, workS);
  const memoryMiB = params.memoryMiB === "state" ? finalMiB : params.memoryMiB;
  return state.grows
    ? { ...growing, memoryMiB }
    : { ...growing, memoryMiB, stateMiBBase: finalMiB, stateMiBPerHour: 0 };
}

function modelAt(models: readonly Model[] | undefined, u: number): Model | undefined {
  if (models === undefined) return undefined;
  let left = u * models.reduce((sum, model) => sum + model.share, 0);
  for (const model of models) {
    left -= model.share;
    if (left < 0) return model;
  }
  return models.at(-1);
}
