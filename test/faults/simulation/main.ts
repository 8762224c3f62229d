import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import yargs from "yargs";
import { Coverage } from "./coverage.ts";
import { planOf } from "./plan.ts";
import { loadClients } from "./program.ts";
import { run } from "./run.ts";
import { keeping, lawOf, shrunk } from "./shrink.ts";
import type { Done, Order } from "./worker.ts";

/** Runs that are handed out together. */
const BATCH = 10;
/** Enough to see whether they have one cause. */
const FAILURES_MAX = 3;

const number = { type: "number", requiresArg: true } as const;
const options = await yargs(process.argv.slice(2))
  .scriptName("npm run test:faults --")
  .usage("$0\n\nThe live controller on simulated AWS, with faults and crashes; each run must keep all laws.")
  .options({
    runs: { ...number, default: 300, describe: "how many" },
    seed: { type: "string", requiresArg: true, default: "1", describe: "the same seed gives the same runs" },
    jobs: { ...number, default: availableParallelism(), describe: "at a time" },
    least: { ...number, default: 0, describe: "how often each cell of the table must have been hit" },
    run: { ...number, describe: "this one alone, and what happens in it" },
    keep: { type: "string", requiresArg: true, implies: "run", describe: "only these of its faults, such as 0,3" },
  })
  .check((given) => {
    for (const name of ["runs", "jobs", "least", "run"] as const) {
      const value = given[name];
      if (value !== undefined && !(Number.isInteger(value) && value >= 0))
        throw new Error(`--${name}: expected a whole number`);
    }
    if (given.jobs < 1) throw new Error("--jobs: expected 1 or more");
    if (given.keep !== undefined && !/^(\d+(,\d+)*)?$/.test(given.keep))
      throw new Error("--keep: expected 0,3 or the like");
    return true;
  })
  .strict()
  .version(false)
  .fail((message, error) => {
    console.error(`UsageError: ${message ?? error.message}; see npm run test:faults -- --help`);
    process.exit(2);
  })
  .parseAsync();

process.exitCode = options.run === undefined ? await many() : await one(options.run);

async function one(number: number): Promise<number> {
  await loadClients();
  const plan = planOf(options.seed, number);
  const kept = options.keep?.split(",").filter(Boolean).map(Number);
  const { broken } = await run(kept === undefined ? plan : keeping(plan, kept), console.log);
  console.log(broken ?? "all laws kept");
  return broken === undefined ? 0 : 1;
}

async function many(): Promise<number> {
  const { runs, seed, jobs, least } = options;
  const startedMs = performance.now();
  const coverage = new Coverage();
  const asked: Record<string, number> = {};
  const failed: { readonly run: number; readonly broken: string }[] = [];
  let [next, done] = [0, 0];
  let toldMs = startedMs;

  const take = ({ run, outcome }: Done): void => {
    done++;
    const plan = planOf(seed, run);
    for (const at of outcome.hit) coverage.hit(plan.faults[at]!);
    for (const [law, count] of Object.entries(outcome.asked)) asked[law] = (asked[law] ?? 0) + count;
    if (outcome.broken !== undefined) failed.push({ run, broken: outcome.broken });
    if (performance.now() - toldMs < 5_000) return;
    toldMs = performance.now();
    console.error(`${done} of ${runs} runs, ${failed.length} failed, ${perSecond()} a second`);
  };
  const perSecond = () => ((1000 * done) / (performance.now() - startedMs)).toFixed(1);

  await Promise.all(
    Array.from(
      { length: Math.min(jobs, Math.ceil(runs / BATCH)) },
      () =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL("./worker.ts", import.meta.url));
          worker.on("error", reject);
          worker.on("exit", () => resolve());
          worker.on("message", (batch: readonly Done[]) => {
            for (const each of batch) take(each);
            const numbers = Array.from({ length: Math.min(BATCH, runs - next) }, () => next++);
            if (numbers.length === 0 || failed.length >= FAILURES_MAX) worker.terminate();
            else worker.postMessage({ seed, runs: numbers } satisfies Order);
          });
        }),
    ),
  );

  console.log(`${coverage.table()}\n`);
  for (const [law, count] of Object.entries(asked)) console.log(`${String(count).padStart(9)} times: ${law}`);
  console.log(`\n${done} runs, ${failed.length} failed, ${perSecond()} a second`);
  await loadClients();
  for (const { run: number, broken } of failed) {
    const kept = await shrunk(planOf(seed, number), broken);
    console.log(`\n${lawOf(broken)} is broken: ${broken}`);
    console.log(`  npm run test:faults -- --seed ${seed} --run ${number} --keep ${kept.join(",") || '""'}`);
  }
  const rare = coverage.below(least);
  for (const cell of rare) console.log(`hit less than ${least} times: ${cell}`);
  return failed.length + rare.length === 0 ? 0 : 1;
}
