import { type Content, type Html, html } from "./html.ts";

export interface Column {
  readonly title: string;
  /** Stands in the header, so that the cells are bare numbers. */
  readonly unit?: string;
  /** Right-aligned, in digits of one width. */
  readonly numeric?: boolean;
}

/** The first cell of a row names it. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Content[])[];
}

/** A table in a box of its own that scrolls sideways on narrow screens and is reached by keyboard. */
export const tableHtml = ({ caption, columns, rows }: Table): Html => html`
<p class="caption">${caption}</p>
<div class="scroll" role="group" tabindex="0" aria-label="${`Table: ${caption}`}">
<table aria-label="${caption}">
<thead><tr>${columns.map(
  ({ title, unit, numeric }) =>
    html`<th scope="col"${numeric && html` class="number"`}>${title}${unit && html` <span class="unit">${unit}</span>`}</th>`,
)}</tr></thead>
<tbody>${rows.map(
  (row) => html`
<tr>${row.map((cell, i) => {
    if (i === 0) return html`<th scope="row"${columns[0]?.numeric && html` class="number"`}>${cell}</th>`;
    return html`<td${columns[i]?.numeric && html` class="number"`}>${cell}</td>`;
  })}</tr>`,
)}
</tbody>
</table>
</div>`;
