import { reportCommand } from "../reports/command.ts";
import { compareResults } from "./compare-results.ts";

process.exitCode = await reportCommand(process.argv.slice(2), compareResults);
