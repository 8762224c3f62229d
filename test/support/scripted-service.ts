import { z } from "zod";
import type { Actions } from "../../policies/contract/actions.ts";
import { definePolicy, type PolicySpec } from "../../policies/contract/policy.ts";
import type { Json, Seconds } from "../../policies/contract/units.ts";
import type { FleetView, PlacementView, ServiceView } from "../../policies/contract/view.ts";

/** What a script does at one time; `replica` by the order in which they were placed, gone ones included. */
export type Act = (on: {
  readonly view: FleetView;
  readonly act: Actions;
  readonly service: ServiceView;
  /** Undefined once it is gone. */
  replica(k: number): PlacementView | undefined;
  /** One more, in the k-th market. */
  add(market: number): void;
}) => void;

/** A policy that does what it is told when it is told, whatever happens: for what a listed one would do seldom or never. */
export function scriptedService(script: readonly (readonly [timeS: Seconds, act: Act])[]): PolicySpec<unknown, Json> {
  return definePolicy<Record<string, never>, { next: number; placed: number[] }>({
    name: "scripted",
    summary: "Follows a script.",
    source: "house",
    workloads: ["serving"],
    params: z.strictObject({}),
    memory: () => ({ next: 0, placed: [] }),
    create: () => ({
      decide(view, act, memory) {
        const service = view.work.services[0]!;
        for (; memory.next < script.length && script[memory.next]![0] <= view.nowS; memory.next++) {
          script[memory.next]![1]({
            view,
            act,
            service,
            replica: (k) => service.placements.find(({ instances }) => instances[0]!.id === memory.placed[k]),
            add: (market) => {
              const instance = act.launch(view.markets[market]!);
              act.place(service, { instances: [instance] });
              memory.placed.push(instance.id);
            },
          });
        }
        if (memory.next < script.length) act.wakeAt(script[memory.next]![0]);
      },
    }),
  }) as unknown as PolicySpec<unknown, Json>;
}
