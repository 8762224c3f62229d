import { orchestrateCommand } from "./cli.ts";

process.exitCode = await orchestrateCommand(process.argv.slice(2));
