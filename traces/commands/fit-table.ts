import type { Fit } from "../fit.ts";

/** Data beside model, statistic by statistic. */
export function fitTable({ preset, source, seed, hours, rows }: Fit): string {
  const number = (value: number | null) => (value === null ? "-" : value.toPrecision(3));
  return [
    `preset ${preset}: ${source}`,
    `drawn for ${hours} h with seed "${seed}"`,
    "",
    ["statistic".padEnd(32), "of".padEnd(16), "data".padStart(10), "preset".padStart(10)].join(""),
    ...rows.map((each) =>
      [
        each.statistic.padEnd(32),
        each.of.padEnd(16),
        number(each.data).padStart(10),
        number(each.preset).padStart(10),
      ].join(""),
    ),
  ].join("\n");
}
