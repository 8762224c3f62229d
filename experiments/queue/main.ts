import { workerCommand } from "./cli.ts";

process.exitCode = await workerCommand(process.argv.slice(2));
