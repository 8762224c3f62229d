import type { TimelineWork } from "../../sim/simulation.ts";
import { counted, scaleFor } from "../numbers.ts";
import { round } from "../panels.ts";
import type { Clock } from "./clock.ts";
import { type Block, REFUSED, ROW, type Row } from "./layout.ts";

/** An instance from its request to its end: a thin line while nothing runs yet, then starting, then ready. */
export function instanceSpans({ instance, topPx }: Row, clock: Clock) {
  const runningS = instance.runningS ?? instance.endS;
  const readyS = instance.readyS ?? instance.endS;
  const middle = topPx + ROW / 2;
  const spans = [
    { phase: "requested", fromS: instance.requestedS, toS: runningS, top: middle - 0.5, bottom: middle + 0.5 },
    { phase: "starting", fromS: runningS, toS: readyS, top: topPx + 1, bottom: topPx + ROW - 1 },
    {
      phase: instance.spare ? "spare" : "ready",
      fromS: readyS,
      toS: instance.endS,
      top: topPx + 1,
      bottom: topPx + ROW - 1,
    },
  ];
  return spans
    .filter(({ fromS, toS }) => toS > fromS)
    .map(({ phase, fromS, toS, top, bottom }) => ({
      phase,
      from: clock.time(fromS),
      to: clock.time(toS),
      top,
      bottom,
      tip: `instance ${instance.id}: ${phase}\n${clock.write(fromS)} to ${clock.write(toS)}\n${instance.endedBy === "cut" ? "up at the end of the run" : instance.endedBy}, ${scaleFor("USD", [instance.usd]).format(instance.usd)} USD`,
    }));
}

/** Work side by side in lanes where an instance runs several pieces at once. */
export function workSpans({ instance, topPx }: Row, work: readonly TimelineWork[], clock: Clock) {
  const stretches = work
    .filter((stretch) => stretch.instance === instance.id && stretch.toS > stretch.fromS)
    .sort((a, b) => a.fromS - b.fromS || a.work - b.work);
  const freeS: number[] = [];
  const lanes = stretches.map(({ fromS, toS }) => {
    const free = freeS.findIndex((untilS) => untilS <= fromS);
    const lane = free < 0 ? freeS.length : free;
    freeS[lane] = toS;
    return lane;
  });
  const thickness = (ROW - 4) / Math.max(1, freeS.length);
  return stretches.flatMap(({ fromS, toS, drainedToS = toS, work, ended }, i) => {
    const place = {
      top: round(topPx + 2 + lanes[i]! * thickness),
      bottom: round(topPx + 2 + (lanes[i]! + 1) * thickness - (freeS.length > 1 ? 0.5 : 0)),
    };
    const span = (startS: number, endS: number, state: string) => ({
      from: clock.time(startS),
      to: clock.time(endS),
      ...place,
      stopped: ended === "stopped",
      draining: startS === toS,
      tip: `work ${work} on instance ${instance.id}: ${state}\n${clock.write(startS)} to ${clock.write(endS)}`,
    });
    const own = span(fromS, toS, ended === "cut" ? "runs at the end of the run" : ended);
    return drainedToS > toS ? [own, span(toS, drainedToS, "takes no more requests, finishes those it has")] : [own];
  });
}

/** When the provider said that it takes the instance back. */
export const notices = ({ instance, topPx }: Row, clock: Clock) =>
  instance.noticeS === null
    ? []
    : [
        {
          from: clock.time(instance.noticeS),
          top: topPx, // above the middle: the end is often too near for the two to be told apart
          tip: `instance ${instance.id}: interruption notice\n${clock.write(instance.noticeS)}`,
        },
      ];

/** When it took it. */
export const reclaims = ({ rows }: Block, clock: Clock) =>
  rows
    .filter(({ instance }) => instance.endedBy === "reclaimed")
    .map(({ instance, topPx }) => ({
      from: clock.time(instance.endS),
      top: topPx + ROW / 2,
      tip: `instance ${instance.id}: reclaimed\n${clock.write(instance.endS)}`,
    }));

/** Refused launches hold no row: a strip over those of the run, whole where one refusal follows the other. */
export function refusals({ refused, topPx }: Block, clock: Clock, gapS: number) {
  const spells: { fromS: number; toS: number; launches: number }[] = [];
  for (const { endS } of refused.toSorted((a, b) => a.endS - b.endS)) {
    const last = spells.at(-1);
    if (last !== undefined && endS - last.toS <= gapS) {
      last.toS = endS;
      last.launches++;
    } else spells.push({ fromS: endS, toS: endS, launches: 1 });
  }
  return spells.map(({ fromS, toS, launches }) => ({
    from: clock.time(fromS),
    to: clock.time(Math.max(toS, fromS + gapS / 2)), // a single one is to be seen too
    top: topPx + 1,
    bottom: topPx + REFUSED - 2,
    tip: `${counted(launches, "launch", "launches")} refused\n${clock.write(fromS)}${launches > 1 ? ` to ${clock.write(toS)}` : ""}`,
  }));
}
