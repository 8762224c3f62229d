import { type Content, type Html, html } from "./html.ts";

export interface Column {
  readonly title: string;
  /** Stands in the header, so that the cells are bare numbers. */
  readonly unit?: string;
  /** Right-aligned, in digits of one width. */
  readonly numeric?: boolean;
  /** Whose numbers it holds: hidden with the policy. */
  readonly policy?: string;
}

/** The first cell of a row names it. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Content[])[];
  /** Whose row it is, row by row. */
  readonly policies?: readonly string[];
}

/** A table in a box of its own that scrolls sideways on narrow screens and is reached by keyboard. */
export function tableHtml({ caption, columns, rows, policies }: Table): Html {
  // Said once for the whole table where it can be: said of each cell, it would be a tenth of the page.
  const numbers = columns.slice(1).every(({ numeric }) => numeric);
  return html`
<p class="caption">${caption}</p>
<div class="scroll" role="group" tabindex="0" aria-label="${`Table: ${caption}`}">
<table aria-label="${caption}"${numbers && html` class="numbers"`}>
<thead><tr>${columns.map(
    ({ title, unit, numeric, policy }) =>
      html`<th scope="col"${numeric && html` class="number"`}${ofPolicy(policy)}>${title}${unit && html` <span class="unit">${unit}</span>`}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (row, r) => html`
<tr${ofPolicy(policies?.[r])}>${row.map((cell, i) => {
      if (i === 0) return html`<th scope="row"${columns[0]?.numeric && html` class="number"`}>${cell}</th>`;
      return html`<td${columns[i]?.numeric && !numbers && html` class="number"`}${ofPolicy(columns[i]?.policy)}>${cell}</td>`;
    })}</tr>`,
  )}
</tbody>
</table>
</div>`;
}

/** The mark by which live.mjs hides what belongs to a policy. */
export const ofPolicy = (policy: string | undefined): Content => policy !== undefined && html` data-policy="${policy}"`;
