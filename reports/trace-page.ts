import type { TraceDrawing } from "../traces/trace-drawing.ts";
import { chartHtml } from "./chart.ts";
import { htmlDocument, navigation, type Section, sectionsHtml } from "./document.ts";
import { html, name } from "./html.ts";
import { counted } from "./numbers.ts";
import { marketHistory } from "./views/market-history.ts";
import { zoneCorrelation } from "./views/zone-correlation.ts";

/** A trace drawn as one HTML text: what was read and repaired, price and capacity of each market, and which fail together. */
export async function renderTrace(title: string, drawing: TraceDrawing): Promise<string> {
  const pairs = zoneCorrelation(drawing);
  const sections: Section[] = [
    { id: "markets", heading: "Markets", body: await chartHtml("market-history", marketHistory(drawing)) },
    ...(pairs === undefined
      ? []
      : [{ id: "correlation", heading: "Capacity together", body: await chartHtml("zone-correlation", pairs) }]),
    { id: "import", heading: "What was read", body: importHtml(drawing) },
  ];
  return htmlDocument(
    title,
    "Synkti Workbench trace",
    [summary(drawing), navigation(sections), sectionsHtml(sections)],
    "Drawn by traces inspect --html; traces inspect --json has the same numbers for programs.",
  );
}

const summary = ({ report, markets }: TraceDrawing) =>
  html`<p>${counted(markets.length, "market")} over ${report.hours.toFixed(1)} h from ${report.startsAt}; read as ${report.format}.</p>`;

function importHtml({ report, digest }: TraceDrawing) {
  const { files, warnings, dropped } = report;
  return html`
${
  warnings.length > 0
    ? html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`
    : html`<p>No warnings.</p>`
}
<dl>
<dt>rows read</dt><dd>${counted(report.rowsRead, "row")}: ${report.kept} kept, ${report.collapsed} collapsed (repeat the value before), ${report.merged} merged (in several pulls), ${report.contradictions} contradicted</dd>
${dropped.map(({ why, rows }) => html`<dt>dropped</dt><dd>${counted(rows, "row")}: ${why}</dd>`)}
<dt>gaps</dt><dd>${report.gaps.count}, filled by ${report.gaps.rule}</dd>
<dt>digest</dt><dd><code>${digest}</code></dd>
${files.map((file) => html`<dt>${name(file.name)}</dt><dd>${file.bytes} bytes, sha256 <code>${file.sha256}</code></dd>`)}
</dl>`;
}
