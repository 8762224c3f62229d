import { JOURNAL_FORMAT, type JournalEntry } from "../../orchestrator/records.ts";
import type { InstanceId, MarketId, WorkId } from "../../policies/contract/units.ts";
import { oneMarket } from "../orchestrator/scripted-ports.ts";

const [first, second, third] = [0, 1, 2] as InstanceId[];
const market = 0 as MarketId;
const work = 0 as WorkId;

/** Two launches, one refused for lack of capacity; the other is billed for an hour at 1.8 and then half an hour at 3, and noticed. */
export function toldStory<Hears extends { see(entry: JournalEntry): void }>(story: Hears): Hears {
  const at = (timeS: number) => story.see({ kind: "fact", name: "advance", args: [timeS] });
  story.see({
    kind: "start",
    format: JOURNAL_FORMAT,
    run: "r",
    fleet: oneMarket,
    scenario: { scheduling: "greedy", assignment: "earliest-node", caps: { instances: 4, usdPerHour: 5 } },
    cadence: { onChange: true },
    startedMs: Date.parse("2026-11-23T08:00:00Z"),
  });
  story.see({ kind: "fact", name: "serviceArrived", args: [work, { replicasWanted: 2 }] });
  story.see({ kind: "fact", name: "price", args: [market, 1.8] });
  at(10);
  story.see({
    kind: "ask",
    actions: [
      { do: "launch", market, instance: first! },
      { do: "launch", market, instance: second! },
    ],
    notes: [{ action: 1, by: "policy", why: "short of replicas" }],
    capped: [{ instance: third!, market, cap: "instances" }],
    unassigned: [],
  });
  const name = { instanceType: "g.x", region: "r", zone: "z", capacityType: "spot" } as const;
  for (const instance of [first!, second!]) {
    const request = { market: name, clientToken: `t${instance}`, tags: {} };
    story.see({ kind: "intent", call: instance, what: { do: "launch", instance, request } });
  }
  story.see({ kind: "result", call: 0, outcome: { ok: true, providerId: "i-a" } });
  const refusal = { ok: false, reason: "capacity", scope: "market", code: "InsufficientInstanceCapacity" } as const;
  story.see({ kind: "result", call: 1, outcome: refusal });
  story.see({ kind: "fact", name: "refused", args: [second!, "capacity", "market"] });
  story.see({ kind: "fact", name: "status", args: [first!, "ready"] });
  at(3610);
  story.see({ kind: "fact", name: "price", args: [market, 3] });
  at(5410);
  story.see({ kind: "fact", name: "reclaimNotice", args: [first!, 5518] });
  return story;
}
