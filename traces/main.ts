import { tracesCommand } from "./cli.ts";

process.exitCode = await tracesCommand(process.argv.slice(2));
