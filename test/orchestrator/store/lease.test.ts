import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Lease } from "../../../orchestrator/store/lease.ts";
import { MemoryStore } from "../../doubles/memory-store.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

const { signal } = new AbortController();
let clock: VirtualClock;
let store: MemoryStore;
beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryStore();
});
const contender = (holder: string) => new Lease({ store, clock, holder, ttlS: 60 });
const hold = (lease: Lease) => lease.hold(signal).catch(() => lease.heldUntilS > clock.nowS());

describe("a lease", () => {
  it("has one holder, who keeps it by renewing, and whose time counts from before the write, less the margin", async () => {
    const [a, b] = [contender("a"), contender("b")];
    expect(await hold(a)).toBe(true);
    expect(a.heldUntilS).toBe(50);
    for (let timeS = 20; timeS <= 400; timeS += 20) {
      await clock.advanceTo(timeS);
      expect(await hold(b)).toBe(false);
      expect(await hold(a)).toBe(true);
      expect(a.heldUntilS).toBe(timeS + 50);
    }
    expect([a.epoch, b.heldUntilS]).toEqual([1, -Infinity]);
  });

  it("passes on when its holder has been silent for a ttl by the candidate's clock, and the epoch rises", async () => {
    const [a, b] = [contender("a"), contender("b")];
    await hold(a);
    await clock.advanceTo(30);
    expect(await hold(b)).toBe(false);
    await clock.advanceTo(89);
    expect(await hold(b)).toBe(false);
    await clock.advanceTo(90);
    expect(await hold(b)).toBe(true);
    expect(b.epoch).toBe(2);
    // The holder of before has stopped by its own clock long ago, and cannot renew.
    expect(a.heldUntilS).toBe(50);
    expect(await hold(a)).toBe(false);
    expect(a.heldUntilS).toBe(-Infinity);
  });

  it("that was given back is free at once", async () => {
    const [a, b] = [contender("a"), contender("b")];
    await hold(a);
    await a.release(signal);
    expect(a.heldUntilS).toBe(-Infinity);
    expect(await hold(b)).toBe(true);
    expect(b.epoch).toBe(2);
  });

  it("whose renewal was written though its answer was lost goes on under the same epoch", async () => {
    const a = contender("a");
    await hold(a);
    await clock.advanceTo(20);
    store.faults.push("after");
    await hold(a);
    await clock.advanceTo(40);
    expect(await hold(a)).toBe(true);
    expect([a.epoch, a.heldUntilS]).toEqual([1, 90]);
  });

  it("is lost, never held, while the store does not answer", async () => {
    const a = contender("a");
    await hold(a);
    for (let timeS = 20; timeS <= 60; timeS += 20) {
      await clock.advanceTo(timeS);
      store.faults.push("before");
      await hold(a);
    }
    expect(a.heldUntilS).toBe(50);
    expect(clock.nowS()).toBeGreaterThan(a.heldUntilS);
    await expect(hold(contender("b"))).resolves.toBe(false);
  });

  it("is not taken from an object that is no lease", async () => {
    store.objects.set("lease.json", { text: "{}", etag: "x" });
    await expect(contender("a").hold(signal)).rejects.toThrow("another program writes there");
  });

  it("never has two holders at a time and its epoch only rises, whatever is late, lost or paused", async () => {
    const step = fc.record({
      who: fc.nat(2),
      waitS: fc.integer({ min: 0, max: 45 }),
      fault: fc.constantFrom(undefined, undefined, "before" as const, "after" as const),
      release: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        clock = new VirtualClock();
        store = new MemoryStore();
        const all = ["a", "b", "c"].map(contender);
        let epoch = 0;
        for (const [n, { who, waitS, fault, release }] of steps.entries()) {
          await clock.advanceTo(clock.nowS() + waitS);
          store.faults.length = 0;
          if (fault !== undefined) store.faults.push(fault);
          const lease = all[who]!;
          if (release && n % 7 === 0) await lease.release(signal).catch(() => {});
          else await hold(lease);
          const holders = all.filter(({ heldUntilS }) => heldUntilS > clock.nowS());
          expect(holders.length).toBeLessThanOrEqual(1);
          if (holders[0] === undefined) continue;
          expect(holders[0].epoch).toBeGreaterThanOrEqual(epoch);
          epoch = holders[0].epoch;
        }
      }),
      { numRuns: 60 },
    );
  });
});
