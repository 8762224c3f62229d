import { parse, type Spec, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { type Config, compile, type TopLevelSpec } from "vega-lite";
import { type Content, type Html, html, trusted } from "./html.ts";
import { packed } from "./libraries.ts";
import { slimSvg } from "./slim-svg.ts";
import { ofPolicy, type Table, tableHtml } from "./table.ts";

/** What a view draws: a picture, what it can and cannot say, and the numbers behind it. */
export interface Chart {
  readonly title: string;
  /** n, the interval drawn, and what would mislead. */
  readonly caption: string;
  /** What the marks and colours mean. */
  readonly key: readonly KeyEntry[];
  readonly spec: TopLevelSpec;
  readonly tables: readonly Table[];
}

export interface KeyEntry {
  readonly label: string;
  /** A class of the style sheet that draws the sample: `policy-0`, `key-notice`, ... */
  readonly sample: string;
  /** Whose mark it is: hidden with the policy. */
  readonly policy?: string;
}

/** Width at which charts are pre-rendered, and the room they get on a wide screen. */
const CHART_WIDTH = 1040;

export const INK = "currentColor";
export const MUTED = "var(--muted, #59616e)";
export const ALARM = "var(--alarm, #b3261e)";
export const BETTER = "var(--accent, #1f56c3)";

/** Text and lines take their colours from the page, so one drawing serves light, dark and print. */
const CONFIG: Config = {
  background: "transparent",
  font: "system-ui, sans-serif",
  padding: { left: 2, right: 10, top: 4, bottom: 2 },
  view: { stroke: null },
  mark: { aria: false },
  axis: {
    aria: false,
    labelColor: INK,
    titleColor: MUTED,
    titleFontWeight: "normal",
    labelFontSize: 12,
    titleFontSize: 12,
    titlePadding: 8,
    gridColor: "var(--grid, #e4e7ec)",
    domainColor: "var(--axis, #aab1bd)",
    tickColor: "var(--axis, #aab1bd)",
  },
  axisX: { tickCount: { signal: "clamp(width / 90, 2, 12)" } },
  axisY: { tickCount: { signal: "clamp(height / 50, 2, 8)" } },
  text: { fontSize: 12, color: INK },
};

/**
 * A chart as it stands in the page: the picture drawn now, so that it reads without JavaScript; the same picture as a Vega
 * program for live.mjs; the tables behind it. Vega-Lite is compiled here and not in the page, which saves a third of its size.
 * @throws Error if Vega-Lite warns: then the view asked for something that would not be drawn.
 */
export async function chartHtml(id: string, { title, caption, key, spec, tables }: Chart): Promise<Html> {
  const warnings: string[] = [];
  const program = compile(
    { autosize: { type: "fit-x", contains: "padding" }, width: CHART_WIDTH, ...spec },
    {
      config: CONFIG,
      logger: collector(warnings),
    },
  ).spec;
  hidesPolicies(program);
  if (warnings.length > 0) throw new Error(`chart "${title}": ${warnings.join("; ")}`);
  // The interpreter walks syntax trees instead of compiling code, as in the page, whose policy forbids eval.
  const view = new View(parse(program, undefined, { ast: true }), { renderer: "none", expr: expressionInterpreter });
  const svg = await view.toSVG();
  view.finalize();
  return html`
<figure id="${id}" class="chart">
<h3>${title}</h3>
${keyHtml(key)}
<div class="stage" role="group" tabindex="0" aria-label="${`Chart: ${title}`}">
<div role="img" aria-label="${`${title}. ${caption} The numbers are in the table below.`}">${decorative(svg)}</div>
</div>
<figcaption>${caption}</figcaption>
<details><summary>The numbers behind this chart</summary>${tables.map(tableHtml)}</details>
<script type="text/plain" class="program">${packed(JSON.stringify(program))}</script>
</figure>`;
}

/** What belongs to a policy, by the field `policy` of its data, can be hidden while the page is looked at. */
function hidesPolicies(program: Spec): void {
  program.signals = [...(program.signals ?? []), { name: "hidden", value: [] }];
  for (const data of program.data ?? []) {
    if (!("values" in data) || !Array.isArray(data.values) || !data.values.some((row) => row.policy !== undefined))
      continue;
    data.transform = [{ type: "filter", expr: "indexof(hidden, datum.policy) < 0" }, ...(data.transform ?? [])];
  }
}

const keyHtml = (key: readonly KeyEntry[]): Content =>
  key.length > 0 &&
  html`<ul class="key">${key.map(({ label, sample, policy }) => html`<li${ofPolicy(policy)}><i class="${`sample ${sample}`}"></i>${label}</li>`)}</ul>`;

/** The element around it speaks for the picture; its parts have no names of their own. */
const decorative = (svg: string): Html =>
  trusted(slimSvg(svg).replace("<svg ", '<svg aria-hidden="true" focusable="false" '));

function collector(warnings: string[]) {
  const logger = {
    level: () => logger,
    error: (...args: readonly unknown[]) => note(args),
    warn: (...args: readonly unknown[]) => note(args),
    info: () => logger,
    debug: () => logger,
  };
  const note = (args: readonly unknown[]) => {
    warnings.push(args.join(" "));
    return logger;
  };
  return logger as never;
}
