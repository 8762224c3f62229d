import { z } from "zod";
import { blockedUntilS, nextUnblockedS } from "../capacity-memory.ts";
import { definePolicy, defineWrapper } from "../contract/policy.ts";
import type { Seconds } from "../contract/units.ts";
import type { FleetView } from "../contract/view.ts";
import { marketOver } from "./market-over.ts";

/**
 * Remembers where capacity was lacking: a refusal for lack of capacity or an interruption blocks its markets for a while, for
 * any policy inside. The memory is in the facts (`refusal`, `lastReclaimS`), so it keeps none of its own.
 */
export const withCapacityMemory = defineWrapper({
  name: "with-capacity-memory",
  summary: "Hides markets that refused or reclaimed within the last `memoryS` seconds.",
  source: "Karpenter provider AWS, pkg/cache/cache.go: unavailable offerings for 3 minutes",
  params: z.strictObject({
    memoryS: z
      .number()
      .positive()
      .default(180)
      .describe("how long a refusal or interruption blocks its markets, seconds"),
  }),
  wrap: (inner, { memoryS }) =>
    definePolicy({
      ...inner,
      name: `with-capacity-memory(${inner.name})`,
      summary: `${inner.summary} Avoids markets that lacked capacity in the last ${memoryS} s.`,
      memory: (params, luck) => ({ own: null, inner: inner.memory(params, luck) }),
      create: (params, ...foresight) => {
        const policy = inner.create(params, ...foresight);
        return {
          decide(view, act, memory) {
            const unblockedS = nextUnblockedS(view, memoryS);
            if (unblockedS === Infinity) {
              policy.decide(view, act, memory.inner);
              return;
            }
            policy.decide(withoutBlocked(view, memoryS), act, memory.inner);
            if (view.work.pending.length > 0) act.wakeAt(unblockedS);
          },
        };
      },
    }),
});

function withoutBlocked(view: FleetView, memoryS: Seconds): FleetView {
  return {
    nowS: view.nowS,
    everyS: view.everyS,
    instances: view.instances,
    work: view.work,
    markets: view.markets.map((market) =>
      blockedUntilS(market, memoryS) > view.nowS ? marketOver(market, { obtainable: () => 0 }) : market,
    ),
  };
}
