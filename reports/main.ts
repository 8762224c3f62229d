import { reportCommand } from "./command.ts";

process.exitCode = await reportCommand(process.argv.slice(2));
