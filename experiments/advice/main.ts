import { adviseCommand } from "./cli.ts";

process.exitCode = await adviseCommand(process.argv.slice(2));
