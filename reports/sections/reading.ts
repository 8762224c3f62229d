import { type Html, html } from "../html.ts";

/** The words of the page, for who meets them for the first time. */
export const reading = (): Html => html`
<details><summary>How to read these numbers</summary>
<dl>${WORDS.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl>
</details>`;

const WORDS: readonly (readonly [word: string, meaning: string])[] = [
  [
    "unit of inference",
    "What counts as one independent observation: one seed of a generated trace, or one stretch of a real one. n counts them, never runs. Replicates, which are runs of the same unit with other luck, are averaged first.",
  ],
  [
    "same luck",
    "In a unit all policies meet the same prices, capacity, boot times and reclaims. So they are compared unit by unit: what the unit did to both falls out of the difference.",
  ],
  [
    "[low, high]",
    "95 % interval by bootstrap-t: of many studies like this one, 95 in 100 would draw an interval that holds the true mean. Low to high without brackets is only the range of the units, where fewer than 6 allow no interval.",
  ],
  [
    "primary, exploratory",
    "Primary comparisons were named in the study before it ran; their intervals are widened to hold all together. Exploratory ones were not: among many, some seem to differ by chance.",
  ],
  ["change", "The sum over units of the policy, over that of the other, minus 1."],
  [
    "p",
    "How often a mean difference as large would come about if the sign of each unit's difference were the toss of a coin. After Holm: raised for the number of primary comparisons. Few units cannot give a small p, whatever they show.",
  ],
  [
    "correlation",
    "How alike two policies move from unit to unit. Near 1, comparing them unit by unit made the difference far surer than either mean; near 0 it gained nothing.",
  ],
];
