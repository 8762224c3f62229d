import { writeToString } from "fast-csv";
import type { Summary } from "./summary.ts";

/** Every policy's every metric as one row, for a spreadsheet. A text that a spreadsheet would run as a formula is quoted. */
export async function summaryCsv({ groups }: Summary): Promise<string> {
  const rows = groups.flatMap(({ axes, policies }) =>
    policies.flatMap(({ policyId, metrics }) =>
      Object.entries(metrics).map(([metric, { mean, low, high, kind, n }]) => ({
        ...Object.fromEntries(Object.entries(axes).map(([axis, value]) => [inert(axis), cell(value)])),
        policy: inert(policyId),
        metric,
        mean,
        low,
        high,
        kind,
        units: n,
      })),
    ),
  );
  return `${await writeToString(rows, { headers: true })}\n`;
}

const cell = (value: unknown): number | string => {
  if (typeof value === "number") return value;
  return inert(typeof value === "string" ? value : JSON.stringify(value));
};

const inert = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
