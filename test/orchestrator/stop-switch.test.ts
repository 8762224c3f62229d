import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LaunchRequest } from "../../orchestrator/ports.ts";
import { STOP_KEY, StopSwitch, stoppable, stoppedBy } from "../../orchestrator/stop-switch.ts";
import { MemoryStore } from "../doubles/memory-store.ts";
import { VirtualClock } from "../doubles/virtual-clock.ts";

let folder: string;
let file: string;
let store: MemoryStore;
let clock: VirtualClock;
let sent: string[];
let alarms: string[];
const { signal } = new AbortController();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stop-"));
  file = join(folder, "run.ndjson.stop");
  store = new MemoryStore();
  clock = new VirtualClock();
  sent = [];
  alarms = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function ports({ stored = true }: { readonly stored?: boolean } = {}) {
  const change = (what: string) => async (id: string) => {
    sent.push(`${what} ${id}`);
    return "done" as const;
  };
  const grant = (what: string) => async (of: string | LaunchRequest) => {
    sent.push(`${what} ${typeof of === "string" ? of : of.clientToken}`);
    return { ok: true, providerId: "i-1" } as const;
  };
  const stop = new StopSwitch({ file, ...(stored && { store }), clock, alarm: (what) => alarms.push(what) });
  const nothing = async function* (): AsyncGenerator<never> {};
  return stoppable(
    {
      capacity: { launch: grant("launch"), terminate: change("terminate"), instances: nothing },
      standby: { start: grant("start"), stop: change("stop") },
      balancer: { register: change("register"), deregister: change("deregister") },
    },
    stop,
    clock,
  );
}
const request = { clientToken: "t" } as LaunchRequest;
const refused = { ok: false, reason: "lost", scope: "market", code: "StopActing" };
const write = async (text: string) => {
  const condition = store.objects.get(STOP_KEY) ?? "absent";
  expect(await store.write(STOP_KEY, text, condition)).toMatchObject({ ok: true });
};

describe("a fleet that an operator has stopped", () => {
  it("is not, where nobody has: all goes out", async () => {
    const { capacity, standby, balancer } = ports();
    await capacity.launch(request, signal);
    await standby.start("i-2", signal);
    await standby.stop("i-2", signal);
    await balancer.register("i-1", signal);
    await balancer.deregister("i-1", signal);
    await capacity.terminate("i-1", signal);
    expect(sent).toEqual(["launch t", "start i-2", "stop i-2", "register i-1", "deregister i-1", "terminate i-1"]);
    expect(alarms).toEqual([]);
  });

  it.each(["the file", "the store"])("launches nothing, and lets drains finish, by one word in %s", async (where) => {
    const { capacity, standby, balancer } = ports();
    if (where === "the file") writeFileSync(file, "launches\nuntil the bill is understood\n");
    else await write("launches");
    expect(await capacity.launch(request, signal)).toEqual(refused);
    expect(await standby.start("i-2", signal)).toEqual(refused);
    await balancer.register("i-1", signal);
    await balancer.deregister("i-1", signal);
    await capacity.terminate("i-1", signal);
    expect(sent).toEqual(["register i-1", "deregister i-1", "terminate i-1"]);
    expect(alarms).toEqual(["stopped: launches"]);
  });

  it("changes nothing at all by another word, and goes on where it stood once that is lifted", async () => {
    const { capacity, balancer } = ports();
    writeFileSync(file, "everything");
    const waiting = [capacity.terminate("i-1", signal), balancer.deregister("i-2", signal)];
    await clock.advanceTo(600);
    expect(sent).toEqual([]);
    rmSync(file);
    await clock.until(Promise.all(waiting));
    expect(sent).toEqual(["terminate i-1", "deregister i-2"]);
    expect(alarms).toEqual(["stopped: everything", "stopped: no"]);
  });

  it("hears of it from the store within seconds, without any change waiting for the store", async () => {
    const { capacity, balancer } = ports();
    await balancer.register("i-1", signal);
    await clock.advanceTo(1);
    await write("everything");
    await clock.advanceTo(7);
    await balancer.register("i-2", signal); // by what was read last; reads anew
    await clock.advanceTo(8);
    const held = balancer.register("i-3", signal);
    await clock.advanceTo(20);
    expect(sent).toEqual(["register i-1", "register i-2"]);
    expect(await capacity.launch(request, signal)).toEqual(refused);
    await write("no");
    await clock.until(held);
    expect(sent).toEqual(["register i-1", "register i-2", "register i-3"]);
  });

  it("launches nothing while the store cannot be read, and lets everything else out", async () => {
    const { capacity, balancer } = ports();
    store.faults.push("before", "before");
    expect(await capacity.launch(request, signal)).toEqual(refused);
    await balancer.deregister("i-1", signal);
    expect(sent).toEqual(["deregister i-1"]);
    expect(alarms[0]).toContain("cannot be read, so nothing is launched");
    expect(await capacity.launch(request, signal)).toMatchObject({ ok: true });
  });

  it("takes what it does not understand for the most that it could mean", async () => {
    expect(["no", "launches", "launches now", "", "Launches", "yes"].map(stoppedBy)).toEqual([
      "no",
      "launches",
      "launches",
      "everything",
      "everything",
      "everything",
    ]);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, ""); // so that the file is one that cannot be read
    const { capacity } = ports({ stored: false });
    const { code } = (await capacity.launch(request, signal)) as { code: string };
    expect(code).toBe("StopActing");
  });

  it("gives up what waits when the loop ends", async () => {
    const { capacity } = ports({ stored: false });
    writeFileSync(file, "everything");
    const end = new AbortController();
    const waiting = capacity.terminate("i-1", end.signal);
    await clock.advanceTo(5);
    end.abort();
    await expect(waiting).rejects.toThrow();
    expect(sent).toEqual([]);
  });
});
