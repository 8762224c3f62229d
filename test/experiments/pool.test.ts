import { expect, test } from "vitest";
import { BatchQueue } from "../../experiments/batch-queue.ts";
import { type PoolOptions, runOnPool } from "../../experiments/pool.ts";
import type { Chore } from "./support/chores.ts";

const double = (value: number): Chore => ({ do: "double", value });

const settings = { worker: new URL("./support/chores.ts", import.meta.url), threads: 2, timeoutS: 20, memoryMiB: 128 };

async function run(chores: readonly Chore[], options: Partial<PoolOptions<number>> = {}) {
  const told: (number | string)[][] = chores.map(() => []);
  await runOnPool<Chore, number>(
    chores.map((item) => ({ item, group: "", kind: item.do })),
    {
      ...settings,
      onDone: (index, result) => told[index]!.push(result),
      onFailed: (index, why) => told[index]!.push(why),
      ...options,
    },
  );
  return told;
}

test("every item is told exactly once, whatever the number of threads", async () => {
  const chores = Array.from({ length: 500 }, (_, i) => double(i));
  const expected = chores.map((_, i) => [2 * i]);
  expect(await run(chores, { threads: 1 })).toEqual(expected);
  expect(await run(chores, { threads: 3 })).toEqual(expected);
});

test.each(["hang", "hangDeaf"] as const)(
  "an item that hangs (%s) fails alone after the timeout; those before and behind it in its batch are done",
  async (hanging) => {
    const chores = Array.from({ length: 62 }, (_, i) => double(i));
    const told = await run(chores.toSpliced(60, 0, { do: hanging }), { timeoutS: 1 });
    expect(told[60]).toEqual(["took longer than 1 s"]);
    expect(told.toSpliced(60, 1)).toEqual(chores.map((_, i) => [2 * i]));
  },
);

test.each(["fillHeap", "fillBuffers"] as const)("an item that takes all memory (%s) fails alone", async (hungry) => {
  const told = await run([double(1), { do: hungry }, double(2), double(3)]);
  expect(told).toEqual([[2], ["needed more than 128 MiB of memory"], [4], [6]]);
});

test("an item that ends its thread, or throws after its turn, fails alone", async () => {
  const told = await run([double(1), { do: "exit" }, double(2), { do: "throwLater" }, double(3)]);
  expect(told[1]![0]).toMatch(/^ended its thread: .*3/);
  expect(told[3]![0]).toMatch(/^ended its thread: too late/);
  expect([told[0], told[2], told[4]]).toEqual([[2], [4], [6]]);
});

test("an item is not blamed for memory that those before it in its thread have kept", async () => {
  const leaks = Array.from({ length: 12 }, (): Chore => ({ do: "leak", mib: 20 }));
  const told = await run(leaks, { threads: 1 });
  expect(told.flat().filter((result) => typeof result === "string")).toEqual([]);
});

test("a stop leaves what is done, and ends threads that are busy", async () => {
  const stop = new AbortController();
  const chores: Chore[] = [double(1), double(2), { do: "hang" }, { do: "hang" }, double(3)];
  const done: number[] = [];
  await runOnPool<Chore, number>(
    chores.map((item) => ({ item, group: "", kind: item.do })),
    {
      ...settings,
      signal: stop.signal,
      onDone: (_, result) => {
        done.push(result);
        if (done.length === 2) setTimeout(() => stop.abort(), 200);
      },
      onFailed: (_, why) => expect.unreachable(why),
    },
  );
  expect(done.sort()).toEqual([2, 4]);
});

test("a worker module that does not load is an error, not a wait without end", async () => {
  const worker = new URL("./support/no-such-module.ts", import.meta.url);
  await expect(run([double(1)], { worker })).rejects.toThrow();
});

test("batches grow to at least 20 ms of work once an item's time is known, hold on to a group, and shrink at the end", () => {
  const items = Array.from({ length: 1000 }, (_, i) => ({ group: String(Math.floor(i / 10)), kind: "a" }));
  const queue = new BatchQueue(items, 2);
  expect(queue.next()).toEqual([0]);
  queue.learn(0, 4);
  // Five items of 4 ms are enough; their group ends at 9.
  expect(queue.next()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const sizes: number[] = [];
  for (let batch = queue.next(); batch !== undefined; batch = queue.next()) sizes.push(batch.length);
  expect(sizes.reduce((sum, size) => sum + size, 10)).toBe(1000);
  expect(sizes.slice(0, 50)).toEqual(new Array(50).fill(10));
  expect(sizes.at(-1)).toBe(1);
});

test("what its caller throws at a result, a full disk say, is the pool's own failure, and nothing goes on", async () => {
  let told = 0;
  const full = () => {
    if (++told === 3) throw new Error("no room");
  };
  const chores = Array.from({ length: 200 }, (_, i) => double(i));
  await expect(run(chores, { onDone: full })).rejects.toThrow("no room");
  const then = told;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(told).toBe(then);
});
