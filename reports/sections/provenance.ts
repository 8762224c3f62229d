import { stringify } from "yaml";
import type { RunRecord } from "../../experiments/record.ts";
import { type Content, type Html, html } from "../html.ts";
import { spaced } from "../measures.ts";
import { tableHtml } from "../table.ts";

export type Manifest = Readonly<Record<string, unknown>>;

/** Where every number comes from: what the runs assumed, the traces, and all else that the manifest says. */
export function provenance(manifest: Manifest, records: readonly RunRecord[]): Html {
  const { traces, config, ...rest } = manifest;
  return html`
${assumptions(records)}
${Array.isArray(traces) && traces.length > 0 && html`<h3>Traces</h3>${traces.map((trace: unknown) => described(trace))}`}
<h3>This study</h3>
${described(rest)}
${versions(records)}
${config !== undefined && html`<details><summary>Effective configuration</summary><pre tabindex="0">${stringify(config)}</pre></details>`}`;
}

function assumptions(records: readonly RunRecord[]): Content {
  const sentences = [...new Set(records.flatMap((record) => (record.ok ? record.assumptions : [])))];
  return (
    sentences.length > 0 &&
    html`<h3>What the runs took for granted</h3><ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`
  );
}

/** More than one code or run time behind one set of numbers is worth a line. */
function versions(records: readonly RunRecord[]): Content {
  const distinct = [...new Set(records.map(({ versions }) => `engine ${versions.engine}, node ${versions.node}`))];
  return distinct.length > 1 && html`<p>The records come from several versions: ${distinct.join("; ")}.</p>`;
}

/** Any JSON as nested lists; a list of alike flat objects as a table. */
function described(value: unknown): Html {
  if (value === null || value === undefined || value === "") return html`<span class="none">\u2013</span>`;
  if (Array.isArray(value)) return listed(value);
  if (typeof value === "object") {
    return html`<dl>${Object.entries(value).map(
      ([key, inner]) => html`<div><dt>${spaced(key)}</dt><dd>${described(inner)}</dd></div>`,
    )}</dl>`;
  }
  return typeof value === "number"
    ? html`${value.toLocaleString("en-US", { maximumFractionDigits: 6 })}`
    : html`${String(value)}`;
}

function listed(values: readonly unknown[]): Html {
  if (values.length === 0) return html`<span class="none">none</span>`;
  const keys = values.map((value) => (isFlat(value) ? Object.keys(value).join("\0") : undefined));
  if (values.length > 1 && keys[0] !== undefined && keys.every((key) => key === keys[0])) {
    const columns = Object.keys(values[0] as object);
    return tableHtml({
      caption: "Entries",
      columns: columns.map((key) => ({
        title: spaced(key),
        numeric: values.every((value) => typeof (value as Manifest)[key] === "number"),
      })),
      rows: values.map((value) => columns.map((key) => described((value as Manifest)[key]))),
    });
  }
  if (values.every((value) => typeof value !== "object")) return html`${values.map(String).join(", ")}`;
  return html`<ul>${values.map((value) => html`<li>${described(value)}</li>`)}</ul>`;
}

const isFlat = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((inner) => inner === null || typeof inner !== "object");
