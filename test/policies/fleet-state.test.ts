import { beforeEach, describe, expect, it } from "vitest";
import type { TaskArrival } from "../../policies/contract/facts.ts";
import type { InstanceId, MarketId, WorkId } from "../../policies/contract/units.ts";
import { ActionError, ActionWriter } from "../../policies/state/action-writer.ts";
import { FleetState } from "../../policies/state/fleet-state.ts";
import { inventedProfile } from "./invented-profile.ts";

const market = (zone: string, capacityType: "spot" | "onDemand" = "spot") => ({
  instanceType: "g.x",
  region: "r",
  zone,
  capacityType,
  slots: 2,
  gpuMemoryMiB: 100,
  networkMiBPerS: 10,
});
const task: TaskArrival = {
  workS: 1000,
  memoryMiB: 60,
  stateMiBBase: 0,
  stateMiBPerHour: 3600,
  stateMiBMax: 500,
  model: null,
  weightsMiB: 0,
  onReclaim: "restart",
};
const instance = (n: number) => n as InstanceId;
const work = (n: number) => n as WorkId;
const ids = (list: readonly { readonly id: number }[]) => list.map(({ id }) => id);

let state: FleetState;
let act: ActionWriter;
beforeEach(() => {
  state = new FleetState({
    markets: [market("a"), market("b"), market("b", "onDemand")],
    launch: { answerS: 4, bootS: 40, warmS: 16, warmAgainS: 10 },
  });
  act = new ActionWriter(state, true);
  act.open();
});

describe("facts in, view out", () => {
  it("integrates progress and state between facts", () => {
    state.workArrived(work(0), task);
    const [view] = state.work.pending;
    state.progress(work(0), 100, 0, 1);
    state.advance(50);
    expect(view!.doneS).toBe(150);
    expect(view!.stateMiB).toBe(150);
    state.advance(5000);
    expect(view!.doneS).toBe(1000);
    expect(view!.stateMiB).toBe(500);
  });

  it("tells how long until an instance is expected to be ready, status by status", () => {
    const launched = act.launch(state.markets[0]!);
    expect(launched.readyInS).toBe(60);
    state.advance(3);
    expect(launched.readyInS).toBe(57);
    state.status(instance(0), "pending");
    expect(launched.readyInS).toBe(56);
    state.advance(90);
    expect(launched.readyInS).toBe(0); // late: no longer known
    state.status(instance(0), "warming");
    expect(launched.readyInS).toBe(16);
    expect(launched.runningS).toBe(90);
    state.status(instance(0), "ready");
    expect(launched.readyInS).toBe(0);
  });

  it("lists a probe apart from all that is offered to work, until it ends", () => {
    const probe = act.launch(state.markets[0]!, "probe");
    const launched = act.launch(state.markets[0]!);
    expect([probe.purpose, launched.purpose]).toEqual(["probe", "work"]);
    state.status(instance(0), "ready");
    const { probes, withRoom, idle } = state.instances;
    expect([probes, withRoom, idle]).toEqual([[probe], [launched], []]);
    expect(state.markets[0]!.held).toBe(2);
    act.terminate(probe);
    expect([state.instances.probes, state.markets[0]!.held]).toEqual([[], 1]);
  });

  it("lists ready instances without work as idle, open ones as having room, noticed ones apart", () => {
    for (let i = 0; i < 3; i++) act.launch(state.markets[0]!);
    for (const i of [2, 0, 1]) state.status(instance(i), "ready");
    expect(ids(state.instances.idle)).toEqual([0, 1, 2]);
    state.workArrived(work(0), task);
    act.place(state.work.pending[0]!, { instances: [state.instances.idle[1]!] });
    expect(ids(state.instances.idle)).toEqual([0, 2]);
    expect(ids(state.instances.withRoom)).toEqual([0, 1, 2]);
    expect(ids(state.work.pending)).toEqual([]);
    state.reclaimNotice(instance(1), 120);
    state.reclaimNotice(instance(2), 120);
    expect(ids(state.instances.noticed)).toEqual([1, 2]);
    expect(ids(state.instances.withRoom)).toEqual([0]);
    expect(ids(state.instances.idle)).toEqual([0]);
    state.ended(instance(1), "reclaimed");
    expect(ids(state.work.pending)).toEqual([0]);
    expect(state.work.pending[0]!.reclaims).toBe(1);
  });

  it("an exclusive placement leaves no room, and gives it back", () => {
    const launched = act.launch(state.markets[0]!);
    state.workArrived(work(0), task);
    act.place(state.work.pending[0]!, { instances: [launched], exclusive: true });
    expect(launched.freeSlots).toBe(0);
    expect(ids(state.instances.withRoom)).toEqual([]);
    state.workEnded(work(0));
    expect(launched.freeSlots).toBe(2);
    expect(launched.freeMemoryMiB).toBe(100);
    expect(ids(state.instances.withRoom)).toEqual([0]);
  });

  it("enters a refusal in every market of its scope", () => {
    act.launch(state.markets[1]!);
    state.advance(4);
    state.refused(instance(0), "capacity", "zone");
    expect(state.markets.map(({ refusal }) => refusal?.timeS)).toEqual([undefined, 4, 4]);
    expect(state.markets[1]!.held).toBe(0);
  });

  it("enters a quota in all markets of its family and kind, until an instance that counts to it ends", () => {
    state = new FleetState({
      markets: [market("a"), market("b"), market("b", "onDemand"), { ...market("b"), instanceType: "p4d.24xlarge" }],
      launch: { answerS: 1, bootS: 1, warmS: 1, warmAgainS: 1 },
    });
    act = new ActionWriter(state, true);
    act.launch(state.markets[1]!);
    state.status(instance(0), "pending");
    act.launch(state.markets[0]!);
    state.advance(4);
    state.refused(instance(1), "quota", "family");
    const refused = () => state.markets.map(({ refusal }) => refusal?.reason);
    expect(refused()).toEqual(["quota", "quota", undefined, undefined]);
    state.ended(instance(0), "reclaimed");
    expect(refused()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("ignores facts about what it has ended itself, and does not take them for a change", () => {
    const launched = act.launch(state.markets[0]!);
    state.status(instance(0), "ready");
    act.terminate(launched);
    const { version } = state;
    state.reclaimNotice(instance(0), 100);
    state.ended(instance(0), "terminated");
    expect(state.version).toBe(version);
  });

  it("a migrating task that leaves its place holds its state there until it has left", () => {
    const launched = act.launch(state.markets[0]!);
    state.workArrived(work(0), { ...task, onReclaim: "migrate" });
    act.place(state.work.pending[0]!, { instances: [launched] });
    state.progress(work(0), 0, 0, 1);
    state.advance(200);
    act.release(launched.placements[0]!);
    expect(state.work.pending[0]!.stateOn?.id).toBe(0);
    expect(state.work.pending[0]!.doneS).toBe(200);
    expect(launched.statesHeld).toBe(1);
    state.stateLeft(work(0));
    expect(launched.statesHeld).toBe(0);
  });
});

describe("a gang", () => {
  const gang = { workS: 3_600, deadlineS: 7_200, restartOverheadS: 60, nodes: 2 };

  it("is placed by the policy as one, and is nowhere once one of its nodes is gone; the others have room again", () => {
    state.jobArrived(work(0), gang);
    const [job] = state.work.jobs;
    expect(state.work.pending).toEqual([]);
    const nodes = [act.launch(state.markets[0]!), act.launch(state.markets[0]!)];
    act.place(job!, { instances: nodes, exclusive: true });
    expect(job!.placements.map(({ instances }) => ids(instances))).toEqual([[0, 1]]);
    expect(state.instances.withRoom).toEqual([]);
    for (const { id } of nodes) state.status(id, "ready");
    state.progress(work(0), 0, 0, 1);
    state.advance(600);
    expect(job).toMatchObject({ doneS: 600, running: true });
    state.ended(instance(1), "reclaimed");
    state.advance(900);
    expect(job).toMatchObject({ doneS: 600, running: false, placements: [] });
    expect(ids(state.instances.withRoom)).toEqual([0]);
    state.workEnded(work(0));
    expect(state.work.jobs).toEqual([]);
  });

  it("of other nodes, in another order, has another fingerprint", () => {
    const placed = (order: readonly number[]) => {
      const fleet = new FleetState({
        markets: [market("a")],
        launch: { answerS: 4, bootS: 40, warmS: 16, warmAgainS: 10 },
      });
      const writer = new ActionWriter(fleet, false);
      fleet.jobArrived(work(0), gang);
      const launched = [0, 1, 2].map(() => writer.launch(fleet.markets[0]!));
      writer.place(fleet.work.jobs[0]!, { instances: order.map((i) => launched[i]!) });
      return fleet.fingerprint.hex();
    };
    expect(new Set([placed([0, 1]), placed([1, 0]), placed([0, 2])]).size).toBe(3);
  });
});

it("what a policy ends is obtainable again at once, unless the provider takes it", () => {
  const [own] = state.markets;
  state.obtainable(own!.id, 2);
  const [first, second] = [act.launch(own!), act.launch(own!)];
  for (const { id } of [first, second]) state.status(id, "ready");
  expect(own!.obtainable).toBe(0);
  act.terminate(first);
  expect(own!.obtainable).toBe(1);
  state.reclaimNotice(second.id, 120);
  act.terminate(second);
  expect(own!.obtainable).toBe(1);
});

describe("a wrong action throws where it was asked for", () => {
  it.each<[string, () => void]>([
    ["has not been granted yet", () => act.terminate(act.launch(state.markets[0]!))],
    [
      "is gone or was never here",
      () => {
        const launched = act.launch(state.markets[0]!);
        state.refused(instance(0), "capacity", "market");
        act.drain(launched);
      },
    ],
    [
      "is placed already",
      () => {
        const launched = act.launch(state.markets[0]!);
        state.workArrived(work(0), { ...task, memoryMiB: 1 });
        const [pending] = state.work.pending;
        act.place(pending!, { instances: [launched] });
        act.place(pending!, { instances: [launched] });
      },
    ],
    [
      "needs 60 MiB, instance 0 has 40",
      () => {
        const launched = act.launch(state.markets[0]!);
        state.workArrived(work(0), task);
        state.workArrived(work(1), task);
        for (const pending of state.work.pending) act.place(pending, { instances: [launched] });
      },
    ],
    [
      "takes no new work: it is draining",
      () => {
        const launched = act.launch(state.markets[0]!);
        state.workArrived(work(0), task);
        act.drain(launched);
        act.place(state.work.pending[0]!, { instances: [launched] });
      },
    ],
    [
      "is a probe and takes no work",
      () => {
        state.workArrived(work(0), task);
        act.place(state.work.pending[0]!, { instances: [act.launch(state.markets[0]!, "probe")] });
      },
    ],
    [
      "is not running",
      () => {
        state.workArrived(work(0), task);
        act.checkpoint(state.work.pending[0]!);
      },
    ],
    [
      "work 0 runs on 2 instances, not on 1",
      () => {
        state.jobArrived(work(0), { workS: 1, deadlineS: 1, restartOverheadS: 0, nodes: 2 });
        act.place(state.work.jobs[0]!, { instances: [act.launch(state.markets[0]!)] });
      },
    ],
    [
      "instance 0 is there twice",
      () => {
        state.jobArrived(work(0), { workS: 1, deadlineS: 1, restartOverheadS: 0, nodes: 2 });
        const launched = act.launch(state.markets[0]!);
        act.place(state.work.jobs[0]!, { instances: [launched, launched] });
      },
    ],
    ["is no time", () => act.wakeAt(Number.NaN)],
  ])("%s", (message, wrong) => {
    let thrown: unknown;
    try {
      wrong();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ActionError);
    expect(String(thrown)).toContain(message);
  });

  it("a note belongs to the action after it", () => {
    act.note("first");
    act.launch(state.markets[0]!);
    act.launch(state.markets[0]!);
    act.note("third");
    act.launch(state.markets[1 as MarketId]!);
    expect(act.notes).toEqual([
      { action: 0, by: "policy", why: "first" },
      { action: 2, by: "policy", why: "third" },
    ]);
  });
});

describe("a service", () => {
  const service = () => state.work.services[0]!;
  const replicaOn = (n: number) => {
    const launched = act.launch(state.markets[n]!);
    act.place(service(), { instances: [launched], exclusive: true });
    return launched;
  };
  beforeEach(() => state.serviceArrived(work(0), { replicasWanted: 2 }));

  it("is never pending, and has a placement a replica; the loss of one leaves the others", () => {
    const [first, second] = [replicaOn(0), replicaOn(1)];
    expect(state.work.pending).toEqual([]);
    expect(ids(service().placements.map(({ instances }) => instances[0]!))).toEqual([0, 1]);
    expect([first.freeSlots, second.freeSlots]).toEqual([0, 0]);
    state.status(instance(0), "pending");
    state.ended(instance(0), "reclaimed");
    state.refused(instance(1), "capacity", "market");
    expect(service()).toMatchObject({ placements: [], reclaims: 1 });
  });

  describe("cut over the GPUs of several instances", () => {
    const layout = { pipeline: 2, tensor: 4, batchMax: 4 };
    const described = (gpus: number | undefined, zone: string) => ({ ...market(zone), ...(gpus && { gpus }) });
    const launched = (n: number) => act.launch(state.markets[n]!);
    beforeEach(() => {
      state = new FleetState({
        markets: [described(4, "a"), described(8, "b"), described(undefined, "c")],
        launch: { answerS: 4, bootS: 40, warmS: 16, warmAgainS: 10 },
      });
      act = new ActionWriter(state, true);
      act.open();
      state.serviceArrived(work(0), { replicasWanted: 2 });
    });

    it("takes them whole, comes into the log with its layout, and goes with any of them", () => {
      act.place(service(), { instances: [launched(0), launched(0)], layout });
      expect(act.actions.at(-1)).toEqual({
        do: "place",
        work: 0,
        instances: [0, 1],
        layout,
        exclusive: true,
        by: "policy",
      });
      expect(service().placements).toMatchObject([{ layout }]);
      expect(ids(state.instances.withRoom)).toEqual([]);
      state.status(instance(0), "ready");
      state.status(instance(1), "ready");
      act.register(service().placements[0]!.instances[0]!);
      state.ended(instance(1), "reclaimed");
      expect(service().placements).toEqual([]);
      expect(state.instances.idle).toMatchObject([{ id: 0, registered: false }]);
    });

    it("is asked for requests at its first instance, when all are ready", () => {
      const [first, second] = [launched(0), launched(0)];
      act.place(service(), { instances: [first, second], layout });
      state.status(instance(0), "ready");
      expect(() => act.register(first)).toThrow("instance 1 is requested; only what is ready can take requests");
      state.status(instance(1), "ready");
      expect(() => act.register(second)).toThrow("a part of a replica; requests come to instance 0");
    });

    it.each([
      ["fills 8 GPUs, the 1 instances have 4", [0], layout],
      ["instance 0 has 4 GPUs, 1 has 8", [0, 1], layout],
      ["nobody says how many GPUs instance 0 has", [2], layout],
      ["a layout of 1.5 x 4 GPUs in batches of 4 is none", [0], { ...layout, pipeline: 1.5 }],
      ["fills 8 GPUs, the 0 instances have 0", [], layout],
    ])("is refused where it does not fit: %s", (message, on, wanted) => {
      const instances = on.map(launched);
      expect(() => act.place(service(), { instances, layout: wanted })).toThrow(message);
    });

    describe("is laid out anew", () => {
      const one = { pipeline: 1, tensor: 4, batchMax: 4 };
      const profile = { ...inventedProfile(), hiddenSize: 4096 };
      const speeds = { localBytesPerS: 1, storageBytesPerS: 1, switchS: 0, restartS: 0 };
      const model = { profile, layout, gpusMin: 4, promptTokens: 512, outputTokens: 128, bytesPerParameter: 4, speeds };
      const on = (...ids: number[]) => ids.map((id) => state.instanceOf({ id: instance(id) })!);
      beforeEach(() => {
        state.workEnded(work(0));
        state.serviceArrived(work(1), { replicasWanted: 1, model });
        for (const n of [0, 1, 2]) {
          launched(0);
          if (n < 2) state.status(instance(n), "ready");
        }
        act.place(service(), { instances: on(0), layout: one });
        act.place(service(), { instances: on(1), layout: one });
        act.register(on(0)[0]!);
        act.register(on(1)[0]!);
      });

      it("into what it is to be: one that stands so is kept, registered, with its batch", () => {
        const id = 7;
        const batch = {
          id,
          requests: 1,
          promptTokens: 9,
          outputTokens: 5,
          decodesFromS: 0,
          perTokenS: 1,
          tokensBefore: 0,
        };
        state.batch(instance(1), batch);
        state.status(instance(2), "ready");
        act.reparallelize(
          service(),
          [
            { instances: on(1), layout: one },
            { instances: on(2), layout: one },
          ],
          "whole",
        );
        expect(service().placements).toMatchObject([
          { instances: [{ id: 1, registered: true }], batch: { id } },
          { instances: [{ id: 2, registered: false }], batch: undefined },
        ]);
        expect(act.actions.at(-1)).toEqual({
          do: "reparallelize",
          work: 1,
          to: [
            { instances: [1], layout: one },
            { instances: [2], layout: one },
          ],
          how: "whole",
        });
        expect(ids(state.instances.idle)).toEqual([0]);
      });

      it("and by a restart no placement is kept", () => {
        act.reparallelize(service(), [{ instances: on(0), layout: one }], "restart");
        expect(service().placements).toMatchObject([{ instances: [{ id: 0, registered: false }] }]);
      });

      it.each<[string, () => void]>([
        ["stands so already", () => act.reparallelize(service(), service().placements, "whole")],
        ["is left nowhere", () => act.reparallelize(service(), [], "whole")],
        ["has no layout", () => act.reparallelize(service(), [{ instances: on(0) }], "whole")],
        ["instance 2 is requested", () => act.reparallelize(service(), [{ instances: on(2), layout: one }], "whole")],
        [
          "instance 0 has no free slot",
          () =>
            act.reparallelize(
              service(),
              [
                { instances: on(0), layout: one },
                { instances: on(0), layout: { ...one, batchMax: 2 } },
              ],
              "restart",
            ),
        ],
        ["are cut over GPUs; reparallelize it", () => act.move(service().placements, [], "restart")],
      ])("but is refused where it %s", (message, wrong) => {
        expect(wrong).toThrow(message);
      });
    });

    it("is no way to place a task", () => {
      state.workArrived(work(1), task);
      const [pending] = state.work.pending;
      expect(() => act.place(pending!, { instances: [launched(0)], layout })).toThrow("only replicas of a service");
    });
  });

  it("wants another number of replicas when it is told so, and frees its instances when it ends", () => {
    replicaOn(0);
    state.status(instance(0), "ready");
    state.replicasWanted(work(0), 5);
    expect(service().replicasWanted).toBe(5);
    state.workEnded(work(0));
    expect(state.work.services).toEqual([]);
    expect(ids(state.instances.idle)).toEqual([0]);
  });

  it("gives up a replica by release, and its instance is free again", () => {
    replicaOn(0);
    replicaOn(1);
    act.release(service().placements[0]!);
    expect(service().placements.map(({ instances }) => instances[0]!.market.id)).toEqual([1]);
    expect(act.actions.at(-1)).toEqual({ do: "release", work: 0, instances: [0] });
    expect(ids(state.instances.withRoom)).toEqual([0]);
  });

  it("each fact of it is in the fingerprint", () => {
    const before = state.fingerprint.hex();
    state.replicasWanted(work(0), 3);
    expect(state.fingerprint.hex()).not.toBe(before);
  });
});

describe("a stopped spare", () => {
  const spare = () => state.instances.spares[0]!;
  beforeEach(() => {
    act.launch(state.markets[2]!, "spare");
    state.status(instance(0), "ready");
    act.stop(spare());
  });

  it("is held no more, is started with what its disk holds, and is stopped as before when the start is refused", () => {
    expect(spare()).toMatchObject({ status: "stopped", runningS: undefined, readyInS: 4 + 40 + 10 });
    expect(state.markets[2]).toMatchObject({ held: 0, unanswered: 0 });
    state.status(instance(0), "ready"); // what is still said of its last life
    expect(spare().status).toBe("stopped");
    act.start(spare());
    expect(spare().status).toBe("requested");
    expect(state.markets[2]).toMatchObject({ held: 1, unanswered: 1 });
    state.refused(instance(0), "capacity", "market");
    expect(spare().status).toBe("stopped");
    expect(state.markets[2]).toMatchObject({ held: 0, unanswered: 0 });
    act.terminate(spare());
    expect(state.instances.spares).toEqual([]);
    expect(state.markets[2]!.held).toBe(0);
  });

  it("is not placed on, registered or stopped again; and spot cannot be stopped", () => {
    state.serviceArrived(work(0), { replicasWanted: 1 });
    const [service] = state.work.services;
    expect(() => act.place(service!, { instances: [spare()] })).toThrow("place: instance 0 is stopped; start it first");
    expect(() => act.register(spare())).toThrow("register: no service is placed on instance 0");
    expect(() => act.stop(spare())).toThrow("stop: instance 0 is stopped");
    const onSpot = act.launch(state.markets[0]!, "spare");
    expect(() => act.stop(onSpot)).toThrow("stop: instance 1 is a one-time spot instance and cannot be stopped");
  });
});
