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

/** The rank that the next event is announced with, of those used here: it is due before the one above. */
const rankOf = (queue: EventQueue): number => [0, 1, 2, 8191].find((rank) => queue.isDue(queue.nextS, rank + 1)) ?? -1;

/** The next event, and the rank it was announced with. */
function popped(queue: EventQueue): Event | undefined {
  const rank = rankOf(queue);
  if (!queue.pop()) return undefined;
  const { timeS, kind, a, b, seq } = queue;
  return { timeS, rank, kind, a, b, seq };
}

function drained(queue: EventQueue): Event[] {
  const events: Event[] = [];
  for (let event = popped(queue); event !== undefined; event = popped(queue)) events.push(event);
  return events;
}

/** How long after the last event: on a grid, close by, far off, and out of all proportion; so ties and crowds abound. */
const afterS = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 10, noNaN: true }) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, Number.MIN_VALUE, 1e15) },
);

/** Steps of a run: push an event some time after the last popped one, pop, or look. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ afterS, rank: fc.nat(2), a: fc.integer(), b: fc.integer() }) },
    { weight: 4, arbitrary: fc.constant("pop" as const) },
    { weight: 1, arbitrary: fc.constant("look" as const) },
  ),
  { maxLength: 1000, size: "max" },
);

describe("the event queue", () => {
  it("pops what a sorted list of (time, rank, seq) would give, however pushes, pops and looks are interleaved", () => {
    fc.assert(
      fc.property(steps, (run) => {
        const queue = new EventQueue();
        const pending: Event[] = [];
        let seq = 0;
        let nowS = 0;
        for (const step of run) {
          pending.sort((x, y) => x.timeS - y.timeS || x.rank - y.rank || x.seq - y.seq);
          if (step === "pop") {
            const next = pending.shift();
            expect(popped(queue)).toEqual(next);
            nowS = next?.timeS ?? nowS;
          } else if (step === "look") {
            expect(queue.nextS).toBe(pending[0]?.timeS ?? Infinity);
            if (pending.length > 0) expect(rankOf(queue)).toBe(pending[0]!.rank);
            expect(queue.isDue(nowS - 1, 3)).toBe(false);
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

  it("keeps a payload with its event while the arrays grow", () => {
    const queue = new EventQueue();
    for (let i = 0; i < 256; i++) queue.push(i, 0, 1, i, 0);
    queue.pop();
    for (let i = 256; i < 5000; i++) queue.push(i, 0, 1, i, 0);
    expect(drained(queue).map(({ a }) => a)).toEqual(Array.from({ length: 4999 }, (_, i) => i + 1));
  });

  it("stays in order when nearly all that waits falls into one bucket, and when it drains to nothing and fills again", () => {
    const queue = new EventQueue();
    queue.push(1e9, 0, 0, -1, 0); // an outlier makes buckets so wide that the rest shares the first
    const times = Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000) / 7);
    for (const timeS of times) queue.push(timeS, 0, 0, 0, 0);
    const sorted = [...times].sort((x, y) => x - y);
    expect(drained(queue).map(({ timeS }) => timeS)).toEqual([...sorted, 1e9]);
    expect(queue.nextS).toBe(Infinity);
    for (const timeS of times) queue.push(1e9 + timeS, 0, 0, 0, 0);
    expect(drained(queue).map(({ timeS }) => timeS)).toEqual(sorted.map((timeS) => 1e9 + timeS));
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
