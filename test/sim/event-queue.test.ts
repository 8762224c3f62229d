import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue } from "../../sim/event-queue.ts";

interface Event {
  readonly timeS: number;
  readonly rank: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly seq: number;
}

const popped = ({ timeS, rank, kind, a, b, seq }: EventQueue): Event => ({ timeS, rank, kind, a, b, seq });

function drained(queue: EventQueue): Event[] {
  const events: Event[] = [];
  while (queue.pop()) events.push(popped(queue));
  return events;
}

/** Steps of a run: push an event some time after the last popped one, pop, or look. Few times and ranks, so ties abound. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ afterS: fc.nat(3), rank: fc.nat(2), a: fc.integer(), b: fc.integer() }) },
    { weight: 4, arbitrary: fc.constant("pop" as const) },
    { weight: 1, arbitrary: fc.constant("look" as const) },
  ),
  { maxLength: 400 },
);

describe("the event queue", () => {
  it("pops what a sorted list of (time, rank, seq) would give, however pushes, pops and looks are interleaved", () => {
    const queue = new EventQueue(); // one for all runs: reset must leave nothing behind
    fc.assert(
      fc.property(steps, (run) => {
        queue.reset();
        const pending: Event[] = [];
        let seq = 0;
        let nowS = 0;
        for (const step of run) {
          pending.sort((x, y) => x.timeS - y.timeS || x.rank - y.rank || x.seq - y.seq);
          if (step === "pop") {
            const next = pending.shift();
            expect(queue.pop()).toBe(next !== undefined);
            if (next === undefined) continue;
            expect(popped(queue)).toEqual(next);
            nowS = next.timeS;
          } else if (step === "look") {
            expect(queue.peekTimeS()).toBe(pending[0]?.timeS ?? Infinity);
            expect(queue.peekRank()).toBe(pending[0]?.rank ?? Infinity);
          } else {
            const event = { timeS: nowS + step.afterS, rank: step.rank, kind: seq % 12, a: step.a, b: step.b, seq };
            expect(queue.push(event.timeS, event.rank, event.kind, event.a, event.b)).toBe(seq++);
            pending.push(event);
          }
          expect(queue.length).toBe(pending.length);
        }
        pending.sort((x, y) => x.timeS - y.timeS || x.rank - y.rank || x.seq - y.seq);
        expect(drained(queue)).toEqual(pending);
      }),
    );
  });

  it("gives back 100,000 events at one instant by rank, then in the order they were pushed", () => {
    const queue = new EventQueue();
    for (let i = 0; i < 1e5; i++) queue.push(300, i % 3, 0, i, -i);
    const events = drained(queue);
    const expected = [0, 1, 2].flatMap((rank) =>
      Array.from({ length: Math.ceil((1e5 - rank) / 3) }, (_, n) => 3 * n + rank),
    );
    expect(events.map(({ a }) => a)).toEqual(expected);
    expect(events.every(({ a, b, seq, rank }) => b === -a && seq === a && rank === a % 3)).toBe(true);
  });

  it("keeps a payload with its event while the arrays grow with a popped root still unfilled", () => {
    const queue = new EventQueue();
    for (let i = 0; i < 256; i++) queue.push(i, 0, 1, i, 0);
    queue.pop();
    for (let i = 256; i < 5000; i++) queue.push(i, 0, 1, i, 0);
    expect(drained(queue).map(({ a }) => a)).toEqual(Array.from({ length: 4999 }, (_, i) => i + 1));
  });

  it("orders by rank before sequence, and by time before rank, at the ends of their ranges", () => {
    const queue = new EventQueue();
    queue.push(1, 8191, 0, 1, 0);
    queue.push(1, 0, 0, 2, 0);
    queue.push(Number.MIN_VALUE, 8191, 0, 3, 0);
    queue.push(1e15, 0, 0, 2 ** 31 - 1, -(2 ** 31));
    expect(drained(queue).map(({ timeS, rank, a, b }) => [timeS, rank, a, b])).toEqual([
      [Number.MIN_VALUE, 8191, 3, 0],
      [1, 0, 2, 0],
      [1, 8191, 1, 0],
      [1e15, 0, 2 ** 31 - 1, -(2 ** 31)],
    ]);
  });

  it("refuses a time that is no time, or that lies in the past, and says both times", () => {
    const queue = new EventQueue();
    queue.push(10, 0, 0, 0, 0);
    queue.pop();
    for (const timeS of [Number.NaN, 9.999, -1, Infinity, -Infinity]) {
      expect(() => queue.push(timeS, 0, 7, 0, 0)).toThrow(`an event of kind 7 at ${timeS} s cannot follow one at 10 s`);
    }
    expect(queue.pop()).toBe(false);
    expect(queue.push(10, 0, 0, 0, 0)).toBe(1); // a refused event takes no sequence number
  });

  it("lets an owner tell the event it still waits for from one that it has given up", () => {
    const queue = new EventQueue();
    const given = queue.push(5, 0, 0, 1, 0);
    const awaited = queue.push(7, 0, 0, 1, 0);
    const heard = drained(queue).filter(({ seq }) => seq === awaited);
    expect(heard.map(({ timeS }) => timeS)).toEqual([7]);
    expect(given).not.toBe(awaited);
  });
});
