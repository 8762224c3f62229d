import type { Estimate, Saving, SavingPart, SummaryGroup } from "../../experiments/summary.ts";
import { type Chart, INK } from "../chart.ts";
import { byPolicy, labelledRows } from "../encodings.ts";
import { estimateCell, spread, spreadName } from "../estimates.ts";
import { name } from "../html.ts";
import { counted, scaleFor } from "../numbers.ts";
import { type Looks, partColour } from "../palette.ts";
import type { GroupScene, View } from "./view.ts";

/** In the order in which they are stacked. */
const TITLES: Readonly<Record<SavingPart, string>> = {
  priceUsd: "lower price",
  hoursUsd: "fewer hours",
  freeHoursUsd: "free first hours",
  otherUsd: "other lines of the bill",
  workNotDoneUsd: "work not done",
};
/** A bar, and under it the saving that its parts come to. */
const ROW_PX = 46;

/** Stacked bars: where each policy's saving against the baseline comes from. */
export const savingSplit: View<GroupScene> = {
  id: "saving-split",
  heading: "Where the savings come from",
  draw({ summary: { baseline }, group, looks }): Chart | undefined {
    const savings = inOrder(group, baseline, looks);
    if (savings.length === 0) return undefined;
    const known = (Object.keys(TITLES) as SavingPart[]).filter((part) => savings[0]!.parts[part] !== undefined);
    const scale = scaleFor(
      "USD",
      savings.flatMap(({ savingUsd, parts }) =>
        [savingUsd, ...Object.values(parts)].flatMap(({ mean, low, high }) => [mean, low, high]),
      ),
    );
    const tip = (saving: Saving, title: string, estimate: Estimate) =>
      [
        labelOf(saving, baseline),
        `${title}: ${scale.formatSigned(estimate.mean)} USD ${spread(estimate, scale.formatSigned)}`,
        `n = ${estimate.n}`,
      ].join("\n");
    const colours = {
      field: "part",
      type: "nominal" as const,
      legend: null,
      scale: { domain: known, range: known.map(partColour) },
    };
    const color = byPolicy(
      savings.map(({ policyId }) => policyId),
      looks,
    );
    const tooltip = { field: "tip", type: "nominal" as const };
    const totals = savings.map((saving) => ({
      label: labelOf(saving, baseline),
      policy: saving.policyId,
      saving: saving.savingUsd.mean,
      low: saving.savingUsd.low,
      high: saving.savingUsd.high,
      tip: tip(saving, "saving", saving.savingUsd),
    }));
    return {
      title: `Saving in cost against ${baseline}, and its parts`,
      caption: captionOf(group, savings, baseline),
      key: [
        ...known.map((part) => ({ label: TITLES[part], sample: `part-${part}` })),
        { label: "cannot be told from 0", sample: "faded" },
        { label: "saving, the sum of the parts", sample: "circle" },
      ],
      spec: {
        height: ROW_PX * savings.length,
        layer: [
          {
            data: {
              values: savings.flatMap((saving) =>
                known.map((part, place) => {
                  const estimate = saving.parts[part]!;
                  return {
                    label: labelOf(saving, baseline),
                    policy: saving.policyId,
                    part,
                    place,
                    usd: estimate.mean,
                    unsure: estimate.low <= 0 && estimate.high >= 0,
                    tip: tip(saving, TITLES[part], estimate),
                  };
                }),
              ),
            },
            mark: { type: "bar", height: ROW_PX * 0.45, yOffset: -ROW_PX * 0.12 },
            encoding: {
              x: {
                field: "usd",
                type: "quantitative",
                stack: "zero",
                scale: { nice: true },
                title: "saving, USD per unit (right of 0 is cheaper)",
              },
              y: labelledRows,
              fill: colours,
              stroke: colours,
              fillOpacity: { condition: { test: "datum.unsure", value: 0.25 }, value: 1 },
              order: { field: "place", type: "quantitative" },
              tooltip,
            },
          },
          {
            data: { values: totals },
            mark: { type: "rule", strokeWidth: 3, opacity: 0.7, yOffset: ROW_PX * 0.27 },
            encoding: {
              x: { field: "low", type: "quantitative" },
              x2: { field: "high" },
              y: labelledRows,
              color,
              tooltip,
            },
          },
          {
            data: { values: totals },
            mark: { type: "point", filled: true, size: 90, opacity: 1, yOffset: ROW_PX * 0.27 },
            encoding: { x: { field: "saving", type: "quantitative" }, y: labelledRows, color, tooltip },
          },
          {
            data: { values: [{ zero: 0 }] },
            mark: { type: "rule", strokeDash: [3, 3] },
            encoding: { x: { field: "zero", type: "quantitative" }, color: { value: INK } },
          },
        ],
      },
      tables: [
        {
          caption: `Saving against ${baseline} and its parts, means per unit`,
          columns: [
            { title: "policy" },
            { title: "n", numeric: true },
            ...["saving", ...known.map((part) => TITLES[part])].map((title) => ({ title, unit: "USD", numeric: true })),
          ],
          rows: savings.map((saving) => [
            name(labelOf(saving, baseline)),
            saving.savingUsd.n,
            ...[saving.savingUsd, ...known.map((part) => saving.parts[part]!)].map((estimate) =>
              estimateCell(estimate, scale, "signed"),
            ),
          ]),
          policies: savings.map(({ policyId }) => policyId),
        },
      ],
    };
  },
};

/** Against the baseline first, in the study's order of policies; then the pairs of other primary comparisons. */
function inOrder({ savings }: SummaryGroup, baseline: string, looks: Looks): readonly Saving[] {
  const order = [...looks.keys()];
  const place = ({ policyId, against }: Saving) => (against === baseline ? 0 : order.length) + order.indexOf(policyId);
  return savings.toSorted((a, b) => place(a) - place(b));
}

const labelOf = ({ policyId, against }: Saving, baseline: string): string =>
  against === baseline ? policyId : `${policyId} against ${against}`;

function captionOf({ units }: SummaryGroup, savings: readonly Saving[], baseline: string): string {
  const estimates = savings.flatMap(({ savingUsd, parts }) => [savingUsd, ...Object.values(parts)]);
  const ranges = estimates.some(({ kind }) => kind === "range");
  const negative = savings.some(({ parts }) => Object.values(parts).some(({ mean }) => mean < 0));
  return [
    `Means per unit over ${counted(units, "unit")} of inference; the parts add up to the saving, which the dot marks.`,
    `Line under a bar: ${spreadName(estimates)}${ranges ? "" : ", exploratory: not adjusted for their number"}. A part is faded where its own ${ranges ? "range" : "interval"} holds 0.`,
    negative &&
      `What lies left of 0 costs more than with ${baseline}: the saving is what is right of 0 less what is left of it, not the length of the bar.`,
    "Work not done is no saving: it is what doing less would have left unspent anyway. USD per unit is not USD per hour of work, which alone compares policies that do different amounts of it.",
  ]
    .filter(Boolean)
    .join(" ");
}
