import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { ForeignPolicy } from "../../../experiments/bridge/foreign-policy.ts";
import { ownPolicyOf } from "../../../experiments/own-policy.ts";
import type { AnyPolicySpec } from "../../../policies/contract/policy.ts";
import { brokenLaw } from "../../../policies/laws.ts";
import { resolveScenario } from "../../../policies/registry.ts";
import { simulate } from "../../../sim/simulate.ts";
import { root } from "../../rules/project-files.ts";
import { handCloud, input, run, type Steps, scenario, serviceInput, table } from "../../support/runs.ts";
import { scratchFolder } from "../support/studies.ts";

const bridged = (spec: AnyPolicySpec) =>
  resolveScenario({ scheduling: spec.name, assignment: "earliest-node" }, [spec]);

/** A policy of a test, in Python, with the workbench's module. */
async function python(source: string, params?: unknown): Promise<AnyPolicySpec> {
  const folder = scratchFolder();
  writeFileSync(join(folder, "p.py"), source);
  const own = await ownPolicyOf({ scheduling: { name: "./p.py", params } }, folder);
  onTestFinished(() => own!.end!());
  return own!.spec;
}

/** A policy of a test, in no language that the workbench knows more of than its lines. */
function lines(source: string, lineSMax?: number): AnyPolicySpec {
  const command = [process.execPath, "-e", `${source}`];
  const policy = new ForeignPolicy({ name: "lines", command, folder: scratchFolder() }, lineSMax);
  onTestFinished(() => policy.end());
  return policy.spec as unknown as AnyPolicySpec;
}
const ANSWERING = (answer: string) => `
  const hello = { workbench: 1, memory: {} };
  require("node:readline").createInterface({ input: process.stdin }).on("line", (text) => {
    const line = JSON.parse(text);
    const answer = line.ask === undefined ? hello : ${answer};
    process.stdout.write(JSON.stringify(answer) + "\\n");
  });`;

const zones = table(
  [{ price: [[0, 0.5]], capacity: [[0, 4], [5_000, 0], [7_000, 4]] }, { price: [[0, 1]], capacity: [[0, 4]] }], // biome-ignore format: a step a pair
  86_400,
);

describe("a policy in Python", () => {
  // Goal: the bridge loses nothing of what a policy sees and does. Method: the same policy, in two languages, in any world.
  test("that is greedy does what greedy does, fact by fact and action by action", async () => {
    const own = await ownPolicyOf({ scheduling: "./greedy.py" }, join(root, "test", "experiments", "bridge"));
    onTestFinished(() => own!.end!());
    const steps = (max: number) =>
      fc
        .array(fc.tuple(fc.integer({ min: 1, max: 80_000 }), fc.integer({ min: 0, max })), { maxLength: 5 })
        .map(
          (list): Steps => [[0, max], ...list.sort(([a], [b]) => a - b).filter(([at], i) => list[i - 1]?.[0] !== at)],
        );
    const zone = fc.record({ price: steps(3), capacity: steps(4) });
    const world = fc.record({
      zones: fc.array(zone, { minLength: 1, maxLength: 3 }),
      visibility: fc.constantFrom("told" as const, "tried" as const),
      slotsPerInstance: fc.integer({ min: 1, max: 2 }),
      tasks: fc.integer({ min: 1, max: 8 }),
      retryS: fc.constantFrom(60, 600),
    });
    fc.assert(
      fc.property(world, ({ zones, visibility, slotsPerInstance, tasks, retryS }) => {
        const params = { retryS };
        const given = {
          table: table(zones, 90_000),
          cloud: { ...handCloud, visibility, slotsPerInstance },
          tasks: { tasks, arrivals: { kind: "uniform", spanH: 10 }, workH: { kind: "uniform", min: 0.1, max: 3 } },
        } as const;
        const listed = resolveScenario({ scheduling: { name: "greedy", params }, assignment: "earliest-node" });
        const foreign = { ...bridged(own!.spec as AnyPolicySpec), params };
        expect(run(given, foreign)).toEqual(run(given, listed));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  test("keeps its memory between asks, gets the run's luck, and may print", async () => {
    const spec = await python(`
import random
from workbench import run
def memory(params, luck):
    return {"waitS": random.Random(luck).choice([100, 200]), "launched": []}
def decide(view, act, memory, params):
    print("not an answer")
    if view.work.pending and view.nowS >= memory["waitS"] and not memory["launched"]:
        act.launch(view.markets[0])
        memory["launched"].append(view.nowS)
    elif not memory["launched"]:
        act.wakeAt(memory["waitS"])
run(decide, memory=memory)`);
    const decisions = bridged(spec);
    const ends = ["a", "b", "c", "d", "e", "f"].map(
      (seed) => simulate({ ...input({ table: zones }), seed }, decisions).metrics.completionMeanH! * 3600,
    );
    // Launched at 100 or 200 s, ready 60 s later, an hour of work.
    expect(new Set(ends.map(Math.round))).toEqual(new Set([3_760, 3_860]));
    expect(brokenLaw(spec, (each) => simulate(input({ table: zones }), bridged(each)), 10)).toBeUndefined();
  });

  test("sees gangs and services as TypeScript does, and what it launches can be placed in the same ask", async () => {
    const spec = await python(`
from workbench import run
def decide(view, act, memory, params):
    for service in view.work.services:
        for _ in range(service.replicasWanted - len(service.placements)):
            market = next(each for each in view.markets if each.capacityType == "onDemand")
            act.place(service, [act.launch(market)])
        for placement in service.placements:
            [instance] = placement.instances
            assert instance.placements[0].work is service and instance.market in view.markets
            if instance.status == "ready" and not instance.registered:
                act.register(instance)
run(decide)`);
    const { metrics } = simulate(serviceInput({ table: zones, horizonS: 7_200 }), bridged(spec));
    expect(metrics.readyReplicasMean).toBeGreaterThan(1.9);
  });

  test.each([
    ["raises", "    {}['x']", "p.py: at 0 s, ask 1: KeyError: 'x' (p.py:3)"],
    [
      "ends its process",
      "    import os, sys\n    print('so long', file=sys.stderr, flush=True)\n    os._exit(3)",
      "./p.py: at 0 s, it ended (exit code 3); its last words: so long",
    ],
    [
      "wants what is not there",
      "    act.scale(view.work.pending[0], 3)",
      "./p.py: at 0 s, actions.0 (scale): work 0 is a task; expected a service",
    ],
    [
      "breaks the contract",
      "    act.terminate(act.launch(view.markets[0]))",
      "actions.1 (terminate): instance 0 has not been granted yet; wait for the answer",
    ],
    [
      "keeps what JSON cannot hold",
      "    memory['x'] = float('nan')",
      "ValueError: Out of range float values are not JSON compliant",
    ],
  ])("that %s fails its run with the place and the reason", async (_, body, message) => {
    const spec = await python(
      `from workbench import run\ndef decide(view, act, memory, params):\n${body}\nrun(decide)`,
    );
    expect(() => run({ table: zones }, bridged(spec))).toThrow(message);
  });

  test.each([
    [{ retries: 3 }, "params.retries: no such parameter; there are retryS"],
    [{ retryS: "soon" }, "params.retryS: expected a float, found 'soon'"],
  ])("is asked whether it takes the parameters %j", async (params, message) => {
    const spec = await python("from workbench import run\nrun(lambda *a: None, params={'retryS': 60.0})");
    expect(() => run({ table: zones }, { ...bridged(spec), params })).toThrow(message);
  });
});

describe("a policy in any language", () => {
  test("is asked line by line", () => {
    const answer = "{ ask: line.ask, actions: line.view.work.pending.length > line.view.instances.withRoom.length ? [{ do: 'launch', market: 0 }] : [], memory: {} }"; // biome-ignore format: the line it answers
    const { metrics } = run({ table: zones }, bridged(lines(ANSWERING(answer))));
    expect(metrics).toMatchObject({ tasksCompleted: 1, launches: 1 });
  });

  test.each([
    [
      "nothing that is JSON",
      'process.stdout.write("Welcome!\\n"); setInterval(() => {}, 1e6)',
      'lines: the first line: expected one line of JSON, found "Welcome!"; write nothing else to standard output',
    ],
    [
      "another version",
      ANSWERING("0").replace("workbench: 1", "workbench: 2"),
      "it speaks version 2 of the bridge, this workbench 1",
    ],
    [
      "another ask",
      ANSWERING("{ ask: 7, actions: [], memory: {} }"),
      "ask 1: answered ask 7; answer each line by one line, in order",
    ],
    [
      "an unknown verb",
      ANSWERING("{ ask: 1, actions: [{ do: 'dance' }], memory: {} }"),
      "ask 1: its answer does not fit: actions.0.do: expected",
    ],
    ["too much", ANSWERING("{ ask: 1, actions: [], memory: {}, more: 1 }"), "more: no such key"],
    [
      "launches that it has not made",
      ANSWERING("{ ask: 1, actions: [{ do: 'place', work: 0, instances: [-1] }], memory: {} }"),
      "actions.0 (place): instance -1 would be launch 1 of this answer, which has made 0 before it",
    ],
  ])("that answers %s fails with what was expected", (_, source, message) => {
    expect(() => run({ table: zones }, bridged(lines(source)))).toThrow(message);
  });

  test("that does not start, or thinks too long, fails its run and is gone", () => {
    const missing = new ForeignPolicy({ name: "m", command: ["./not-there"], folder: scratchFolder() });
    expect(() => run({ table: zones }, bridged(missing.spec as unknown as AnyPolicySpec))).toThrow(
      "m: ./not-there cannot be started (ENOENT)",
    );
    const thinking = `process.stderr.write(String(process.pid)); ${ANSWERING("(() => { for (;;); })()")}`;
    let said = "";
    try {
      run({ table: zones }, bridged(lines(thinking, 0.5)));
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(/^lines: at 0 s, it has not answered within 0\.5 s; its last words: \d+$/);
    const pid = Number(/\d+$/.exec(said)![0]);
    const ended = Date.now() + 5_000;
    const isThere = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    while (isThere() && Date.now() < ended) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    expect(isThere()).toBe(false);
  });
});

test("a scenario that a command starts runs in no other host", () => {
  expect(() => resolveScenario({ scheduling: { command: ["./p"] }, assignment: "first-fit" })).toThrow(
    "can only be simulated",
  );
  expect(scenario("greedy").scheduling.name).toBe("greedy");
});
