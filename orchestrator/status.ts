import { scenarioLabel } from "../policies/contract/scenario.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { spentUsd } from "../policies/guard/day-spend.ts";
import type { FleetStory, ToldInstance } from "./fleet-story.ts";

/** What an operator asks first, in lines: what runs, what it costs against its caps, what was decided and why. */
export function statusText(story: FleetStory): string {
  const at = timesOf(story);
  const run = `run ${story.start!.run}, epoch ${story.epoch}: ${scenarioLabel(story.start!.scenario)}, up to ${at(story.nowS)}`;
  return [
    run,
    ...figuresOf(story).map(({ what, value }) => `${what}: ${value}`),
    ...story.all().map((instance) => `  ${instanceText(story, instance, at)}`),
    ...(story.decisions.length === 0 ? [] : ["last decisions:"]),
    ...story.decisions.slice(-8).map(({ timeS, what, why }) => `  ${at(timeS)} ${what}: ${why}`),
  ].join("\n");
}

/** Writes times of a story as times of day, where it knows any. */
export function timesOf({ start }: FleetStory): (timeS: Seconds) => string {
  const startedMs = start?.startedMs;
  return (timeS) =>
    startedMs === undefined ? `${Math.round(timeS)} s` : new Date(startedMs + timeS * 1000).toISOString();
}

/** A fleet in figures, against its caps where it has any. */
export function figuresOf(story: FleetStory): readonly { readonly what: string; readonly value: string }[] {
  const caps = story.start?.scenario.caps ?? {};
  const held = story.instances.size;
  const onDemand = story.all(({ market }) => story.fleet.markets[market]!.capacityType === "onDemand").length;
  const onDemandMost = Math.min(caps.onDemand ?? Infinity, (caps.onDemandShare ?? Infinity) * held);
  const against = (value: number, cap = Infinity, digits = 0) =>
    `${value.toFixed(digits)}${cap === Infinity ? "" : ` of at most ${Number(cap.toFixed(2))}`}`;
  const figures: readonly (readonly [what: string, value: string])[] = [
    ["replicas", `${story.readyReplicas} ready of ${story.replicasWanted} wanted`],
    [
      "instances",
      `${against(held, caps.instances)}, on-demand ${against(onDemand, onDemandMost)}, launches in the last hour ${against(story.launchesLastHour, caps.launchesPerHour)}`,
    ],
    [
      "price",
      `${against(story.usdPerHour, caps.usdPerHour, 3)} USD/h; ${against(spentUsd(story.day), caps.usdPerDay, 2)} USD in the last 24 hours, ${story.spentUsd.toFixed(2)} USD so far, at list prices`,
    ],
    [
      "refusals",
      `${counted(story.refusals)}; held back by caps: ${counted(story.capped)}; ended: ${counted(story.ends)}; notices: ${story.notices}; not ours: ${story.foreign}; calls without an answer: ${story.open.size}`,
    ],
  ];
  return figures.map(([what, value]) => ({ what, value }));
}

function instanceText(story: FleetStory, instance: ToldInstance, at: (timeS: Seconds) => string): string {
  const { id, market, status, requestedS, providerId, reclaimS } = instance;
  const { instanceType, zone, capacityType } = story.fleet.markets[market]!;
  const price = story.pricesUsdPerHour[market];
  const notice = reclaimS === undefined ? "" : `, taken back at ${at(reclaimS)}`;
  return `${id} ${providerId ?? "-"} ${instanceType} ${zone} ${capacityType}${price === undefined ? "" : ` at ${price} USD/h`}: ${status}, asked for at ${at(requestedS)}${notice}`;
}

const counted = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, count]) => `${count} ${what}`).join(", ") || "none";
