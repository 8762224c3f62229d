/** Times of a run as people read them: an axis in hours, or in days where the run is long; elsewhere to the second. */
export interface Clock {
  readonly unit: "hours" | "days";
  /** Position on the axis. */
  time(timeS: number): number;
  /** Where the axis has its ticks: round numbers, at most a dozen. */
  readonly ticks: readonly number[];
  /** @example clockFor(72 * 3600).write(98_740) // "27:25:40" */
  write(timeS: number): string;
}

const DAY_S = 86_400;

/** The clock of a run that ends at endS. @example clockFor(10 * 86_400).write(98_740) // "1 d 03:25:40" */
export function clockFor(endS: number): Clock {
  const long = endS > 4 * DAY_S;
  const tickS = long ? DAY_S : 3600;
  const end = endS / tickS;
  const step = [1, 2, 3, 6, 12, 24, 48, 96].find((step) => end / step <= 12) ?? Math.ceil(end / 12);
  return {
    unit: long ? "days" : "hours",
    time: (timeS) => Number((timeS / tickS).toFixed(4)),
    ticks: Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step),
    write: (timeS) => {
      const whole = Math.round(timeS);
      const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
      const clock = `${two((whole % 3600) / 60)}:${two(whole % 60)}`;
      return long
        ? `${Math.floor(whole / DAY_S)} d ${two((whole % DAY_S) / 3600)}:${clock}`
        : `${two(whole / 3600)}:${clock}`;
    },
  };
}
