import { experimentCommand } from "./cli.ts";

process.exitCode = await experimentCommand(process.argv.slice(2));
