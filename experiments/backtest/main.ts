import { backtestCommand } from "./cli.ts";

process.exitCode = await backtestCommand(process.argv.slice(2));
