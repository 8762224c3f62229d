import { tracesCommand } from "../traces/cli.ts";

process.exitCode = await tracesCommand(process.argv.slice(2), async (name, drawing) => {
  // Loaded when there is something to draw: the charts' libraries are large.
  const { renderTrace } = await import("../reports/trace-page.ts");
  return renderTrace(name, drawing);
});
