import { performance } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { runLoop } from "../../orchestrator/loop.ts";
import type { Ports } from "../../orchestrator/ports.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import { definePolicy, type Policy, type PolicySpec } from "../../policies/contract/policy.ts";
import type { Json } from "../../policies/contract/units.ts";
import { scriptedService } from "../support/scripted-service.ts";
import { anHour, oneMarket, ScriptedPorts } from "./scripted-ports.ts";

const policy = (decide: Policy<{ n: number }>["decide"]): PolicySpec<unknown, Json> =>
  definePolicy({
    name: "by-hand",
    summary: "for one test",
    source: "house",
    params: { parse: () => ({}) },
    memory: () => ({ n: 0 }),
    create: () => ({ decide }),
  }) as unknown as PolicySpec<unknown, Json>;

const run = (outside: ScriptedPorts, own?: PolicySpec<unknown, Json>, ports: Ports = outside.ports) =>
  runLoop({
    ports,
    fleet: oneMarket,
    scenario: { scheduling: own?.name ?? "greedy", assignment: "earliest-node" },
    ...(own && { own: [own] }),
    cadence: { onChange: true },
    run: "test",
    signal: outside.over.signal,
  });

const facts = (journal: readonly JournalEntry[]) =>
  journal.flatMap((entry) => (entry.kind === "fact" && entry.name !== "advance" ? [[entry.name, ...entry.args]] : []));

/** A job from its arrival to the end of its instance. */
const oneJob: ConstructorParameters<typeof ScriptedPorts>[0] = [
  [10, ({ jobs }) => jobs.push({ job: "j", what: "arrived", task: anHour })],
  [14, ({ launches }) => launches[0]!.answer({ ok: true, providerId: "i-a" })],
  [54, ({ instances }) => instances.push({ providerId: "i-a", status: "warming" })],
  [70, ({ instances }) => instances.push({ providerId: "i-a", status: "ready" })],
  [70, ({ jobs }) => jobs.push({ job: "j", what: "progress", doneS: 0, keptS: 0, ratePerS: 1 })],
  [3670, ({ jobs }) => jobs.push({ job: "j", what: "ended" })],
  [3700, () => {}],
];

describe("the loop", () => {
  it("launches for work, starts it once there is a name to start it on, and ends what is idle", async () => {
    const outside = new ScriptedPorts(oneJob);
    await run(outside);
    expect(outside.calls).toEqual(["10: launch z", "14: start j on i-a", "3670: terminate i-a"]);
  });

  it("journals facts before the ask that sees them, and has each intent on disk before its call goes out", async () => {
    const outside = new ScriptedPorts(oneJob);
    await run(outside);
    const { happened, journal } = outside;
    const at = (find: (entry: JournalEntry) => boolean) => journal.findIndex(find);
    const asked = at((entry) => entry.kind === "ask" && entry.actions.some((action) => action.do === "launch"));
    expect(journal[0]!.kind).toBe("start");
    expect(at((entry) => entry.kind === "fact" && entry.name === "workArrived")).toBeLessThan(asked);
    expect(journal[asked + 1]).toMatchObject({ kind: "intent", call: 0, what: { do: "launch", instance: 0 } });
    let durable = 0;
    for (const each of happened) {
      if ("journal" in each) {
        if (each.durable) durable += each.journal.filter((entry) => entry.kind === "intent").length;
        else expect(each.journal.filter((entry) => entry.kind === "intent")).toEqual([]);
      } else {
        durable--;
      }
      expect(durable).toBeGreaterThanOrEqual(0);
    }
    const results = journal.flatMap((entry) => (entry.kind === "result" ? [entry.call] : []));
    expect(results.sort()).toEqual([0, 1, 2]);
  });

  it("makes its calls in the order in which they were decided: a launch is asked for before what is ended after it", async () => {
    const replacing = policy((view, act, memory) => {
      const ready = [...view.instances.withRoom].filter(({ status }) => status === "ready");
      if (memory.n > ready.length) return;
      memory.n++;
      act.launch(view.markets[0]!);
      for (const instance of ready) act.terminate(instance);
    });
    const outside = new ScriptedPorts([
      [14, ({ launches }) => launches[0]!.answer({ ok: true, providerId: "i-a" })],
      [54, ({ instances }) => instances.push({ providerId: "i-a", status: "warming" })],
      [70, ({ instances }) => instances.push({ providerId: "i-a", status: "ready" })],
      [80, () => {}],
    ]);
    await run(outside, replacing);
    expect(outside.calls).toEqual(["0: launch z", "70: launch z", "70: terminate i-a"]);
  });

  it("gives every launch a token of its own, another in another run, the same in the same", async () => {
    const tokens = async (name: string) => {
      const outside = new ScriptedPorts([
        [1, ({ jobs }) => [1, 2, 3].map((n) => jobs.push({ job: `j${n}`, what: "arrived", task: anHour }))],
        [2, () => {}],
      ]);
      await runLoop({
        ports: outside.ports,
        fleet: oneMarket,
        scenario: { scheduling: "greedy", assignment: "earliest-node" },
        cadence: { onChange: true },
        run: name,
        signal: outside.over.signal,
      });
      return outside.launches.map(({ request }) => request.clientToken);
    };
    const first = await tokens("monday");
    expect(first).toHaveLength(2); // three tasks, two slots an instance
    expect(new Set([...first, ...(await tokens("tuesday"))]).size).toBe(4);
    expect(await tokens("monday")).toEqual(first);
    for (const token of first) expect(token).toMatch(/^[0-9a-f]{64}$/); // EC2 takes at most 64 ASCII characters
  });

  it("asks again for what lands while actions are carried out, although nothing was under way when it asked", async () => {
    const outside = new ScriptedPorts(oneJob.slice(0, 1));
    const { capacity } = outside.ports;
    const hasty: Ports = {
      ...outside.ports,
      // Granted, and under notice, before the call returns to the loop.
      capacity: {
        ...capacity,
        launch: async (request) => {
          void capacity.launch(request, outside.over.signal);
          const providerId = `i-${outside.launches.length}`;
          if (providerId === "i-1") outside.notices.push({ providerId, reclaimS: 130 });
          return { ok: true, providerId };
        },
      },
    };
    await run(outside, undefined, hasty);
    expect(outside.calls).toEqual([
      "10: launch z",
      "10: start j on i-1",
      "10: stop j",
      "10: launch z",
      "10: start j on i-2",
    ]);
  });

  it("holds what is said of a new instance until its launch is answered", async () => {
    const outside = new ScriptedPorts([
      oneJob[0]!,
      [12, ({ instances }) => instances.push({ providerId: "i-a", status: "warming" })],
      [13, ({ instances }) => instances.push({ providerId: "i-stranger", status: "ready" })],
      [14, ({ launches }) => launches[0]!.answer({ ok: true, providerId: "i-a" })],
      [15, () => {}],
    ]);
    await run(outside);
    expect(facts(outside.journal).slice(-2)).toEqual([
      ["status", 0, "pending"],
      ["status", 0, "warming"],
    ]);
    expect(outside.journal).toContainEqual({ kind: "foreign", name: "i-stranger", what: "instance" });
  });

  it("takes note of instances and jobs that are not its own, and does nothing about them", async () => {
    const outside = new ScriptedPorts([
      [1, ({ notices }) => notices.push({ providerId: "i-other", reclaimS: 121 })],
      [2, ({ jobs }) => jobs.push({ job: "other", what: "ended" })],
      [3, ({ instances }) => instances.push({ providerId: "i-other", status: "ended", why: "reclaimed" })],
      [4, () => {}],
    ]);
    await run(outside);
    expect(outside.calls).toEqual([]);
    expect(facts(outside.journal).filter(([name]) => name !== "price")).toEqual([]);
    expect(outside.journal.filter((entry) => entry.kind === "foreign")).toEqual([
      { kind: "foreign", name: "i-other", what: "notice" },
      { kind: "foreign", name: "other", what: "ended" },
      { kind: "foreign", name: "i-other", what: "ended" },
    ]);
  });

  it("bears repetition: a second arrival, notice or end changes nothing", async () => {
    const twice = (say: (outside: ScriptedPorts) => void) => (outside: ScriptedPorts) => {
      say(outside);
      say(outside);
    };
    const once = [
      ...oneJob.slice(0, 5),
      [100, ({ notices }: ScriptedPorts) => notices.push({ providerId: "i-a", reclaimS: 220 })],
      [220, ({ instances }: ScriptedPorts) => instances.push({ providerId: "i-a", status: "ended", why: "reclaimed" })],
      [300, () => {}],
    ] as const;
    const [quiet, repeating] = [
      new ScriptedPorts(once),
      new ScriptedPorts(once.map(([timeS, say]) => [timeS, timeS === 14 ? say : twice(say)])),
    ];
    await run(quiet);
    await run(repeating);
    expect(quiet.calls).toContain("100: stop j");
    expect(repeating.calls).toEqual(quiet.calls);
  });

  it("never starts work that was taken off an instance before it was granted", async () => {
    const fickle = policy((view, act, memory) => {
      const [task] = view.work.pending;
      if (memory.n === 0 && task !== undefined) {
        act.place(task, { instances: [act.launch(view.markets[0]!)] });
        memory.n = 1;
      } else if (memory.n === 1 && view.nowS >= 12) {
        const [instance] = view.instances.withRoom;
        act.drain(instance!);
        act.release(instance!.placements[0]!);
        memory.n = 2;
      } else if (memory.n === 2 && view.nowS === 12 && task !== undefined) {
        act.place(task, { instances: [act.launch(view.markets[0]!)] });
        memory.n = 3;
      }
      if (memory.n === 1) act.wakeAt(12);
    });
    const outside = new ScriptedPorts([
      oneJob[0]!,
      [14, ({ launches }) => launches[0]!.answer({ ok: true, providerId: "i-a" })],
      [16, ({ launches }) => launches[1]!.answer({ ok: true, providerId: "i-b" })],
      [20, () => {}],
    ]);
    await run(outside, fickle);
    expect(outside.calls.filter((call) => call.includes("start"))).toEqual(["16: start j on i-b"]);
    expect(outside.calls.filter((call) => call.includes("stop"))).toEqual([]);
  });

  it("passes a move on in the names of the world, and writes down that an engine gave nothing away", async () => {
    const policy = scriptedService([
      [
        10,
        ({ add }) => {
          add(0);
          add(0);
        },
      ],
      [
        100,
        ({ act, replica }) => {
          act.deregister(replica(0)!.instances[0]!);
          act.move([replica(0)!], [replica(1)!], "kv");
        },
      ],
    ]);
    const outside = new ScriptedPorts([
      [5, ({ jobs }) => jobs.push({ job: "chat", what: "serviceArrived", service: { replicasWanted: 1 } })],
      [14, ({ launches }) => launches[0]!.answer({ ok: true, providerId: "i-a" })],
      [14, ({ launches }) => launches[1]!.answer({ ok: true, providerId: "i-b" })],
      [70, ({ instances }) => instances.push({ providerId: "i-a", status: "ready" })],
      [70, ({ instances }) => instances.push({ providerId: "i-b", status: "ready" })],
      [200, () => {}],
    ]);
    await run(outside, policy);
    expect(outside.calls.slice(-2)).toEqual(["100: deregister i-a", "100: move chat from i-a to i-b by kv"]);
    const { journal } = outside;
    const intent = journal.find((entry) => entry.kind === "intent" && entry.what.do === "move");
    expect(intent).toMatchObject({ what: { job: "chat", from: [["i-a"]], to: [["i-b"]], how: "kv", share: 1 } });
    const { call } = intent as Extract<JournalEntry, { readonly kind: "intent" }>;
    expect(journal).toContainEqual({ kind: "result", call, outcome: "restarted" });
  });

  it("stops when a policy does not settle", async () => {
    const restless = policy((view, act) => void act.launch(view.markets[0]!));
    const outside = new ScriptedPorts(oneJob);
    await expect(run(outside, restless)).rejects.toThrow("do not settle: asked 35 times at 0 s");
    expect(outside.launches).toHaveLength(35);
  });

  it("stops when a call or a stream of a port fails, or falls silent, and says which", async () => {
    const failing = (change: (ports: Ports) => Ports) => {
      const outside = new ScriptedPorts(oneJob);
      return run(outside, undefined, change(outside.ports));
    };
    const unanswered = { launch: async () => Promise.reject(new Error("timed out")) };
    await expect(failing((ports) => ({ ...ports, capacity: { ...ports.capacity, ...unanswered } }))).rejects.toThrow(
      "launch (call 0) failed: timed out",
    );
    const ending = { stream: async function* () {} };
    await expect(failing((ports) => ({ ...ports, notices: ending }))).rejects.toThrow(
      "the stream of notices failed: it ended by itself",
    );
    const full = { append: async () => Promise.reject(new Error("disk full")) };
    await expect(failing((ports) => ({ ...ports, journal: full }))).rejects.toThrow("disk full");
  });

  it("ends when told to, although nothing happens any more", async () => {
    const outside = new ScriptedPorts([]);
    const forever: Ports["clock"] = {
      nowS: () => 0,
      sleepUntil: (timeS, signal) =>
        timeS <= 0 ? setImmediate() : new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    };
    const running = run(outside, undefined, { ...outside.ports, clock: forever });
    await setTimeout(20);
    outside.over.abort();
    await running;
  });

  it("decides the same under a clock that moves by itself", async () => {
    // The script of one job, ten thousand times faster, against real timers: nothing waits for anything.
    const outside = new ScriptedPorts([]);
    const startMs = performance.now();
    const nowS = () => (performance.now() - startMs) * 10;
    const pause = (timeS: number, signal?: AbortSignal) =>
      setTimeout(Math.min(Math.max(0, (timeS - nowS()) / 10), 1e6), undefined, { ...(signal && { signal }) });
    const real: Ports["clock"] = {
      nowS,
      sleepUntil: (timeS, signal) => (timeS > nowS() ? pause(timeS, signal).catch(() => {}) : setImmediate()),
    };
    const script = async () => {
      for (const [timeS, say] of oneJob) {
        await pause(timeS);
        say(outside);
      }
      outside.over.abort();
    };
    await Promise.all([run(outside, undefined, { ...outside.ports, clock: real }), script()]);
    expect(outside.calls.map((call) => call.replace(/^.*: /, ""))).toEqual([
      "launch z",
      "start j on i-a",
      "terminate i-a",
    ]);
  });
});
