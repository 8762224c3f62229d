/** How the values of one column or axis are written: one unit and one number of decimals, so that they can be compared by eye. */
export interface Scale {
  /** The unit as shown; empty for plain numbers. */
  readonly unit: string;
  /** Shown value = value x factor. */
  readonly factor: number;
  format(value: number): string;
  /** With its sign, for differences. */
  formatSigned(value: number): string;
}

/**
 * The scale for values of a unit: shares as %, money with at least 2 decimals, else 3 significant digits of the largest value.
 * @example scaleFor("USD", [1234.5, 2]).format(1234.5) // "1,234.50"
 * @example scaleFor("share", [0.987]).format(0.987) // "98.7"
 */
export function scaleFor(unit: string, values: readonly number[]): Scale {
  const factor = unit === "share" ? 100 : 1;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value * factor)), 0);
  const decimals = unit === "share" ? 1 : decimalsFor(largest, unit.startsWith("USD"), values.every(Number.isInteger));
  const format = (value: number): string => decimal(value * factor, decimals);
  return {
    unit: unit === "share" ? "%" : unit,
    factor,
    format,
    formatSigned: (value) => {
      const text = format(value);
      return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
    },
  };
}

function decimalsFor(largest: number, money: boolean, whole: boolean): number {
  if (whole && !money) return 0;
  const threeDigits = largest === 0 ? 0 : Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(largest))));
  return money ? Math.max(2, threeDigits) : threeDigits;
}

/** A true minus sign, thousands separated, and no sign on what rounds to zero. */
function decimal(value: number, decimals: number): string {
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
}

/** A relative change in percent. @example percentChange(0.385) // "−61.5 %" for a ratio of 0.385 */
export function percentChange(ratio: number): string {
  const text = decimal((ratio - 1) * 100, 1);
  return `${ratio > 1 && /[1-9]/.test(text) ? "+" : ""}${text}\u00A0%`;
}

/** @example pValue(0.00001) // "< 0.0001" */
export function pValue(p: number): string {
  if (p < 0.0001) return "< 0.0001";
  return p.toFixed(p < 0.001 ? 4 : p < 0.1 ? 3 : 2);
}

/** @example counted(1, "unit") // "1 unit"; counted(1200, "cell") // "1,200 cells" */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
