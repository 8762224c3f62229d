import FlatQueue from "flatqueue";
import { Heap } from "heap-js";
import { EventQueue } from "../sim/event-queue.ts";
import { type Benchmark, interleaved, nsEach, numbers, type Result } from "./harness.ts";

type Draw = (uniform: number) => number;
const distinct: Draw = (uniform) => 1000 * uniform;
/** What a 5-minute grid gives: everything falls on a few instants. */
const grid: Draw = (uniform) => 300 * (1 + Math.floor(12 * uniform));

/** Hold model: with n pending, take the next and put one back, later by a draw. Nanoseconds a pair. */
export function holdOurs(pending: number, pairs: number, draw: Draw): number {
  const next = numbers(1);
  const queue = new EventQueue();
  for (let i = 0; i < pending; i++) queue.push(draw(next()), 0, 1, i, 0);
  return nsEach(pairs, () => {
    for (let i = 0; i < pairs; i++) {
      queue.pop();
      queue.push(queue.timeS + draw(next()), 0, 1, i, 0);
    }
  });
}

function holdFlatQueue(pending: number, pairs: number, draw: Draw): number {
  const next = numbers(1);
  const queue = new FlatQueue<number>();
  for (let i = 0; i < pending; i++) queue.push(i, draw(next()));
  return nsEach(pairs, () => {
    for (let i = 0; i < pairs; i++) {
      const timeS = queue.peekValue()!;
      queue.push(queue.pop()!, timeS + draw(next()));
    }
  });
}

function holdHeapJs(pending: number, pairs: number, draw: Draw): number {
  // What an event of ours carries, in the total order that ours keeps.
  type Event = { timeS: number; rank: number; seq: number; kind: number; a: number; b: number };
  const next = numbers(1);
  const queue = new Heap<Event>((a, b) => a.timeS - b.timeS || a.rank - b.rank || a.seq - b.seq);
  let seq = 0;
  for (let i = 0; i < pending; i++) queue.push({ timeS: draw(next()), rank: 0, seq: seq++, kind: 1, a: i, b: 0 });
  return nsEach(pairs, () => {
    for (let i = 0; i < pairs; i++) {
      const { timeS } = queue.pop()!;
      queue.push({ timeS: timeS + draw(next()), rank: 0, seq: seq++, kind: 1, a: i, b: 0 });
    }
  });
}

export const eventQueue: Benchmark = {
  name: "event queue",
  run: ({ quick }) => {
    const rounds = quick ? 3 : 7;
    const sizes = quick ? [1e3, 1e5] : [1e3, 1e5, 1e6];
    return sizes.flatMap((pending): Result[] => {
      const pairs = quick ? 2e5 : 5e5;
      const { ours, ties, flat, heap } = interleaved(rounds, {
        ours: () => holdOurs(pending, pairs, distinct),
        ties: () => holdOurs(pending, pairs, grid),
        flat: () => holdFlatQueue(pending, pairs, distinct),
        heap: () => holdHeapJs(pending, pairs, distinct),
      });
      const at = `hold at ${pending.toExponential(0)} pending`;
      const detail = `ours ${ours.toFixed(0)} ns, ties ${ties.toFixed(0)} ns, flatqueue ${flat.toFixed(0)} ns, heap-js ${heap.toFixed(0)} ns`;
      return [
        { name: `${at}: ours / flatqueue`, value: ours / flat, unit: "x", target: { most: 2 }, detail },
        { name: `${at}: ties / distinct times`, value: ties / ours, unit: "x", target: { most: 1.5 } },
        {
          name: `${at}: heap-js / ours`,
          value: heap / ours,
          unit: "x",
          ...(pending === 1e5 && { target: { least: 5 } }),
        },
      ];
    });
  },
};
