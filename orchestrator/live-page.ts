import { scenarioLabel } from "../policies/contract/scenario.ts";
import { htmlDocument } from "../reports/document.ts"; // boundary-ok: one look, and one place where text from outside becomes markup
import { html, name } from "../reports/html.ts"; // boundary-ok: as above
import { tableHtml } from "../reports/table.ts"; // boundary-ok: as above
import type { FleetStory } from "./fleet-story.ts";
import { figuresOf, timesOf } from "./status.ts";
import type { Stopped } from "./stop-switch.ts";

export interface ToldAlarm {
  readonly atMs: number;
  readonly what: string;
}

/** A running fleet as a page: what is stopped, figures against caps, instances, decisions with their reasons, alarms. Shows, changes nothing. */
export function livePage(
  story: FleetStory,
  about: { readonly mode: string; readonly stopped: Stopped | undefined; readonly alarms: readonly ToldAlarm[] },
): string {
  const { start } = story;
  if (start === undefined)
    return htmlDocument("The loop has not begun", PRODUCT, html`<p>Nothing is journalled yet.</p>`, FOOTER, PLAIN);
  const at = timesOf(story);
  const { mode, stopped = "no", alarms } = about;
  const lists = [
    ["instance types", start.scenario.caps?.instanceTypes],
    ["zones", start.scenario.caps?.zones],
  ] as const;
  const body = [
    html`<p>${scenarioLabel(start.scenario)}; mode ${mode}, epoch ${story.epoch}, up to ${at(story.nowS)}.</p>`,
    stopped !== "no" && html`<p><strong>Stopped by an operator: ${stopped}.</strong></p>`,
    tableHtml({
      caption: "Figures, against the fleet's caps where it has any",
      columns: [{ title: "what" }, { title: "now" }],
      rows: [
        ...figuresOf(story).map(({ what, value }) => [what, value]),
        ...lists.flatMap(([what, only]) => (only === undefined ? [] : [[what, `only ${only.join(", ")}`]])),
      ],
    }),
    tableHtml({
      caption: "Instances that have not ended",
      columns: ["instance", "market", "USD/h", "status", "asked for", "taken back"].map((title) => ({ title })),
      rows: story.all().map(({ id, providerId, market, status, requestedS, reclaimS }) => {
        const { instanceType, zone, capacityType } = story.fleet.markets[market]!;
        return [
          name(providerId ?? `${id}`),
          name(`${instanceType} ${zone} ${capacityType}`),
          story.pricesUsdPerHour[market] ?? "unknown",
          status,
          at(requestedS),
          reclaimS === undefined ? "\u2013" : at(reclaimS),
        ];
      }),
    }),
    tableHtml({
      caption: "Decisions, the newest first",
      columns: [{ title: "when" }, { title: "what" }, { title: "why" }],
      rows: story.decisions.map(({ timeS, what, why }) => [at(timeS), name(what), name(why)]).reverse(),
    }),
    tableHtml({
      caption: "Alarms, the newest first",
      columns: [{ title: "when" }, { title: "what" }],
      rows: alarms.map(({ atMs, what }) => [new Date(atMs).toISOString(), name(what)]).reverse(),
    }),
  ];
  return htmlDocument(start.run, PRODUCT, body, FOOTER, PLAIN);
}

const PRODUCT = "Synkti Workbench, live";
const FOOTER = "Read anew every 5 seconds. Nothing here can be changed from this page.";
const PLAIN = { charts: false };
