import type { TracedRun } from "../../experiments/record.ts";
import { INK } from "../chart.ts";
import type { byPolicy } from "../encodings.ts";
import { type Scale, scaleFor } from "../numbers.ts";
import { type Panel, pixels, placeIn, titleLayers } from "../panels.ts";
import type { Clock } from "./clock.ts";
import { costSoFar, fewestReady, finishedSoFar, wantedAt } from "./progress.ts";

/** Points of a line; every so many of them has a tooltip. */
const TIMES = 96;
const TIPS_EVERY = 6;

/** A quantity over the run: a line for each policy, or one without a colour for what is of none of them. */
export interface Progress {
  readonly title: string;
  readonly scale: Scale;
  /** A difference: written with its sign. */
  readonly signed?: true;
  readonly lines: readonly {
    readonly policy: string | undefined;
    readonly name: string;
    readonly values: readonly number[];
  }[];
  readonly timesS: readonly number[];
}

/**
 * Cost so far; between two runs the difference in it; tasks finished so far, unless there was but one; of a service the ready replicas
 * against those wanted.
 */
export function progressOf(runs: readonly TracedRun[], endS: number): readonly Progress[] {
  const timesS = Array.from({ length: TIMES + 1 }, (_, i) => (i * endS) / TIMES);
  const of = (title: string, unit: string, lines: Progress["lines"]): Progress => {
    const scale = scaleFor(
      unit,
      lines.flatMap(({ values }) => values),
    );
    return { title: `${title}${unit && `, ${unit}`}`, scale, lines, timesS };
  };
  const perRun = (values: (run: TracedRun["timeline"], timesS: readonly number[]) => readonly number[]) =>
    runs.map(({ policyId, timeline }) => ({ policy: policyId, name: policyId, values: values(timeline, timesS) }));
  const costs = perRun(costSoFar);
  const finished = perRun(finishedSoFar);
  const [ours, other, ...more] = costs;
  const service = runs.find(({ timeline }) => timeline.wanted !== undefined);
  return [
    of("cost so far", "USD", costs),
    ...(ours && other && more.length === 0
      ? [
          {
            ...of("difference in cost so far", "USD", [
              {
                policy: undefined,
                name: `${ours.name} \u2212 ${other.name}`,
                values: ours.values.map((value, i) => value - other.values[i]!),
              },
            ]),
            signed: true as const,
          },
        ]
      : []),
    ...(finished.some(({ values }) => values.at(-1)! > 1) ? [of("tasks finished so far", "", finished)] : []),
    ...(service === undefined
      ? []
      : [
          of("fewest ready replicas since the point before", "", [
            { policy: undefined, name: "wanted", values: wantedAt(service.timeline, timesS) },
            ...perRun(fewestReady),
          ]),
        ]),
  ];
}

export function progressLayers(
  all: readonly Progress[],
  places: readonly Panel[],
  height: number,
  x: { readonly field: string; readonly type: "quantitative" },
  color: ReturnType<typeof byPolicy>,
  clock: Clock,
) {
  const points = all.flatMap((progress, i) => {
    const { title, lines, timesS } = progress;
    const place = placeIn(places[i]!, [0, ...lines.flatMap(({ values }) => values)]);
    return lines.flatMap(({ policy, name, values }) =>
      values.map((value, k) => ({
        line: `${i} ${name}`,
        ...(policy === undefined ? {} : { policy }),
        from: clock.time(timesS[k]!),
        top: place(value),
        ...(k % TIPS_EVERY === 0 && {
          tip: `${name}\n${title} at ${clock.write(timesS[k]!)}: ${written(value, progress)}`,
        }),
      })),
    );
  });
  const zeros = all.map(({ lines }, i) => ({
    top: placeIn(places[i]!, [0, ...lines.flatMap(({ values }) => values)])(0),
  }));
  const y = pixels("top", height);
  const byLine = { condition: { ...color, test: "isValid(datum.policy)" }, value: INK };
  return [
    {
      data: { values: zeros },
      mark: { type: "rule" as const, color: "var(--axis, #aab1bd)" },
      encoding: { y },
    },
    {
      name: "progress",
      data: { values: points },
      layer: [
        {
          mark: { type: "line" as const, strokeWidth: 2 },
          encoding: { x, y, color: byLine, detail: { field: "line", type: "nominal" as const } },
        },
        {
          transform: [{ filter: "isValid(datum.tip)" }],
          mark: { type: "point" as const, filled: true, size: 160, opacity: 0 },
          encoding: { x, y, tooltip: { field: "tip", type: "nominal" as const } },
        },
      ],
    },
    ...titleLayers(
      all.map((progress, i) => ({
        px: places[i]!.titlePx,
        name: progress.title,
        result: progress.lines
          .map(({ name, values }) => `${name} ${written(values.at(-1)!, progress)}`)
          .join(" \u00B7 "),
      })),
      height,
    ),
  ];
}

const written = (value: number, { scale, signed }: Progress): string =>
  signed ? scale.formatSigned(value) : scale.format(value);
