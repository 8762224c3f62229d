import { coverage, familyCoverage, laws, ratioCoverage, sequentialCoverage, stepCoverage } from "./coverage.ts";

// The table of docs/METRICS.md: `node test/experiments/coverage-table.ts [trials]`, about half a minute a thousand.
const trials = Number(process.argv[2] ?? 1500);
const row = (what: string, shares: readonly number[]) =>
  console.log(`| ${what} | ${shares.map((share) => (100 * share).toFixed(1)).join(" | ")} |`);
const sizes = [20, 100];
console.log(`| held in ${trials} trials, % | ${sizes.map((n) => `n = ${n}`).join(" | ")} |`);
for (const law of laws)
  row(
    `mean, ${law}`,
    sizes.map((n) => coverage(law, n, trials)),
  );
row(
  "ratio of sums",
  sizes.map((n) => ratioCoverage(n, trials)),
);
row(
  "step between two savings",
  sizes.map((n) => stepCoverage(n, trials)),
);
row(
  "all of 4 means, normal",
  sizes.map((n) => familyCoverage("normal", 4, n, trials)),
);
for (const law of ["normal", "lognormal"] as const) {
  for (const truth of [0, 0.5]) {
    const found = sizes.map((n) => sequentialCoverage(law, n, trials, truth));
    row(
      `replicates: auto, ${law}, true difference ${truth}`,
      found.map(({ held }) => held),
    );
    row(
      "of these, decided",
      found.map(({ decided }) => decided),
    );
  }
}
