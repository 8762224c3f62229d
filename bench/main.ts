import { cpus } from "node:os";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { optionsGiven } from "../experiments/arguments.ts";
import { guarded, OK } from "../experiments/guarded.ts";
import { archive } from "./archive.ts";
import { assignment } from "./assignment.ts";
import { deadlineJob } from "./deadline-job.ts";
import { engine } from "./engine.ts";
import { eventQueue } from "./event-queue.ts";
import { calibration, type Result, reached } from "./harness.ts";
import { pool } from "./pool.ts";
import { serving } from "./serving.ts";

// A benchmark is one file and one entry here.
const benchmarks = [eventQueue, engine, deadlineJob, assignment, serving, pool, archive];

const parser = yargs(hideBin(process.argv))
  .scriptName("npm run bench --")
  .option("json", { type: "boolean", default: false, describe: "one JSON object on standard output" })
  .option("quick", { type: "boolean", default: false, describe: "fewer rounds and smaller sizes" })
  .option("full", {
    type: "boolean",
    default: false,
    describe: "the archive at its full size, 45 million rows, and a week of requests, 60 million",
  })
  .option("only", { choices: benchmarks.map(({ name }) => name), describe: "one of them" });
process.exitCode = await guarded(async () => {
  const options = optionsGiven(parser);
  if (options !== undefined) await run(options);
  return OK;
});

interface Options {
  readonly json: boolean;
  readonly quick: boolean;
  readonly full: boolean;
  readonly only: string | undefined;
}

async function run(options: Options): Promise<void> {
  const before = calibration();
  const results: Result[] = [];
  for (const benchmark of benchmarks) {
    if (options.only !== undefined && options.only !== benchmark.name) continue;
    process.stderr.write(`${benchmark.name} ...\n`);
    results.push(...(await benchmark.run(options)));
  }
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    calibrationMPerS: [before, calibration()],
  };

  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ machine, results: results.map((each) => ({ ...each, reached: reached(each) ?? null })) }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(
      `Node ${machine.node}, ${machine.cpu}; calibration ${machine.calibrationMPerS.map((rate) => rate.toFixed(0)).join(" -> ")} M steps/s\n\n`,
    );
    for (const each of results) {
      const { most, least } = each.target ?? {};
      const target = most !== undefined ? `at most ${most}` : least !== undefined ? `at least ${least}` : "";
      const verdict = { true: "reached", false: "MISSED", undefined: "" }[
        String(reached(each)) as "true" | "false" | "undefined"
      ];
      process.stdout.write(
        `${each.name.padEnd(58)} ${each.value.toFixed(2).padStart(8)} ${each.unit.padEnd(4)} ${target.padEnd(13)} ${verdict}\n`,
      );
      if (each.detail !== undefined) process.stdout.write(`    ${each.detail}\n`);
    }
  }
}
