import { type KeyEntry, MUTED } from "./chart.ts";
import { type Looks, sampleOf } from "./palette.ts";

/** Colour by the field `policy`: a policy keeps its colour in all charts. */
export function byPolicy(policies: Iterable<string>, looks: Looks) {
  const domain = [...new Set(policies)];
  return {
    field: "policy",
    type: "nominal" as const,
    legend: null,
    scale: { domain, range: domain.map((policy) => looks.get(policy)?.colour ?? MUTED) },
  };
}

/** A key that names policies by their colours. */
export const policyKey = (policies: Iterable<string>, looks: Looks): readonly KeyEntry[] =>
  [...new Set(policies)].map((policy) => ({ label: policy, sample: sampleOf(policy, looks), policy }));

/** A row for each value of the field `label`, named at the left, in the order of the data. */
export const labelledRows = {
  field: "label",
  type: "nominal" as const,
  sort: null,
  axis: { title: null, ticks: false, domain: false, labelLimit: 250, labelPadding: 10 },
};
