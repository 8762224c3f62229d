import { parentPort } from "node:worker_threads";
import { planOf } from "./plan.ts";
import { loadClients } from "./program.ts";
import { type Outcome, run } from "./run.ts";

/** Runs of one seed, to be done by whoever is free. */
export interface Order {
  readonly seed: string;
  readonly runs: readonly number[];
}

export interface Done {
  readonly run: number;
  readonly outcome: Outcome;
}

// Expected errors are values of the simulation: nobody reads their stacks, which cost more than the runs.
Error.stackTraceLimit = 0;
await loadClients();
parentPort!.on("message", async ({ seed, runs }: Order) => {
  const done: Done[] = [];
  for (const number of runs) done.push({ run: number, outcome: await run(planOf(seed, number)) });
  parentPort!.postMessage(done);
});
parentPort!.postMessage([] satisfies Done[]);
