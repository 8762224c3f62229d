import { validateCommand } from "./cli.ts";

process.exitCode = await validateCommand(process.argv.slice(2));
