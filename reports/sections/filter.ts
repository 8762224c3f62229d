import { type Content, html, name } from "../html.ts";
import { type Looks, sampleOf } from "../palette.ts";

/** Which policies the tables and charts show: live.mjs brings it to life and keeps it in the address; without it all are shown. */
export const filter = (policies: readonly string[], looks: Looks): Content =>
  policies.length > 1 &&
  html`
<fieldset id="filter" hidden>
<legend>Show in tables and charts</legend>
${policies.map(
  (policy) =>
    html`<label><input type="checkbox" value="${policy}" checked><i class="${`sample ${sampleOf(policy, looks)}`}"></i>${name(policy)}</label>`,
)}
<output></output>
</fieldset>`;
