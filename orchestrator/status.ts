import { scenarioLabel } from "../policies/contract/scenario.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { spentUsd } from "../policies/guard/day-spend.ts";
import type { FleetStory, ToldInstance } from "./fleet-story.ts";

/** What an operator asks first, in lines: what runs, what it costs against its caps, what was decided and why. */
export function statusText(story: FleetStory): string {
  const { run, scenario, startedMs } = story.start!;
  const at = (timeS: Seconds) =>
    startedMs === undefined ? `${Math.round(timeS)} s` : new Date(startedMs + timeS * 1000).toISOString();
  const caps = scenario.caps ?? {};
  const held = story.instances.size;
  const onDemand = story.all(({ market }) => story.fleet.markets[market]!.capacityType === "onDemand").length;
  const against = (value: number, cap: number | undefined, digits = 0) =>
    `${value.toFixed(digits)}${cap === undefined ? "" : ` of at most ${cap}`}`;
  return [
    `run ${run}, epoch ${story.epoch}: ${scenarioLabel(scenario)}, up to ${at(story.nowS)}`,
    `replicas: ${story.readyReplicas} ready of ${story.replicasWanted} wanted`,
    `instances: ${against(held, caps.instances)}, on-demand ${against(onDemand, caps.onDemand)}, launches in the last hour ${against(story.launchesLastHour, caps.launchesPerHour)}`,
    `price: ${against(story.usdPerHour, caps.usdPerHour, 3)} USD/h; ${against(spentUsd(story.day), caps.usdPerDay, 2)} USD in the last 24 hours, ${story.spentUsd.toFixed(2)} USD so far, at list prices`,
    `refusals: ${counted(story.refusals)}; held back by caps: ${counted(story.capped)}; ended: ${counted(story.ends)}; notices: ${story.notices}; not ours: ${story.foreign}; calls without an answer: ${story.open.size}`,
    ...story.all().map((instance) => `  ${instanceText(story, instance, at)}`),
    ...(story.decisions.length === 0 ? [] : ["last decisions:"]),
    ...story.decisions.slice(-8).map(({ timeS, what, why }) => `  ${at(timeS)} ${what}: ${why}`),
  ].join("\n");
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
