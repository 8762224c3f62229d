import { coverage, laws } from "./coverage.ts";

// The table of docs/METRICS.md: `node test/experiments/coverage-table.ts [trials]`, about a minute a thousand.
const trials = Number(process.argv[2] ?? 1500);
for (const law of laws) {
  const shares = [20, 100].map((n) => `${(100 * coverage(law, n, trials)).toFixed(1)}`);
  console.log(`| ${law} | ${shares.join(" | ")} |`);
}
