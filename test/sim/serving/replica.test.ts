import { describe, expect, it } from "vitest";
import { createRandom } from "../../../policies/contract/random.ts";
import { Replica, type ReplicaLimits } from "../../../sim/workloads/serving/replica.ts";
import { Requests } from "../../../sim/workloads/serving/requests.ts";
import {
  kvBytesPerToken,
  prefillPs,
  rooflineTimes,
  type StepTimes,
  stepsPs,
  stepsUntil,
} from "../../../sim/workloads/serving/step-times.ts";
import { models } from "../../../traces/catalog/models.ts";

interface Arrival {
  readonly timeS: number;
  readonly prompt: number;
  readonly output: number;
  /** When its client gives it up, if it is still there. */
  readonly cancelS?: number;
}
interface Case {
  readonly times: StepTimes;
  readonly limits: ReplicaLimits;
  readonly arrivals: readonly Arrival[];
  readonly stopS: number;
}
interface Outcome {
  firstTokenS: number;
  finishedS: number;
  /** Tokens that it had been given when it was given up or lost. */
  wasted: number;
}

/** Steps of base + perRequest x running, beside what contexts and prompts add. */
const affine = (basePs: number, perRequestPs: number, batchMax: number): Float64Array =>
  Float64Array.from({ length: batchMax + 1 }, (_, running) => basePs + perRequestPs * running);

/** The replica as it is: event by event. */
function byClock({ times, limits, arrivals, stopS }: Case) {
  const requests = new Requests();
  const slotOf = new Map<number, number>();
  const outcomes = arrivals.map((): Outcome => ({ firstTokenS: -1, finishedS: -1, wasted: 0 }));
  const replica = new Replica(times, limits, requests, {
    admitted: () => 0,
    finished: (slot, timeS) => {
      const outcome = outcomes[requests.id[slot]!]!;
      outcome.firstTokenS = requests.firstTokenS[slot]!;
      outcome.finishedS = timeS;
      slotOf.delete(requests.id[slot]!);
      requests.remove(slot);
    },
    dropped: (slot, tokens) => {
      outcomes[requests.id[slot]!]!.wasted = tokens;
      requests.remove(slot);
    },
  });
  const turns = [
    ...arrivals.map(({ timeS }, i) => ({ timeS, i, gone: false })),
    ...arrivals.flatMap(({ cancelS }, i) => (cancelS === undefined ? [] : [{ timeS: cancelS, i, gone: true }])),
  ].sort((a, b) => a.timeS - b.timeS);
  for (const { timeS, i, gone } of turns) {
    if (timeS > stopS) break;
    while (replica.nextS < timeS) replica.advance(replica.nextS);
    if (!gone) {
      const { prompt, output } = arrivals[i]!;
      const slot = requests.add(i, prompt, output, timeS);
      slotOf.set(i, slot);
      replica.enqueue(slot, timeS);
    } else if (slotOf.has(i)) {
      const slot = slotOf.get(i)!;
      slotOf.delete(i);
      if (replica.cancel(slot, timeS)) requests.remove(slot);
    }
  }
  while (replica.nextS <= stopS) replica.advance(replica.nextS);
  const left: number[] = [];
  replica.stop(stopS, (slot, tokens) => {
    left.push(requests.id[slot]!);
    outcomes[requests.id[slot]!]!.wasted = tokens;
  });
  return { outcomes, left, tokensGenerated: replica.tokensGenerated };
}

/** The oracle: one step after the other, each request counted by itself. */
function stepByStep({ times, limits, arrivals: all, stopS }: Case) {
  const arrivals = all.filter(({ timeS }) => timeS <= stopS);
  const outcomes = all.map((): Outcome => ({ firstTokenS: -1, finishedS: -1, wasted: 0 }));
  let running: { readonly i: number; done: number }[] = [];
  let waiting: number[] = [];
  let next = 0;
  let idle = true;
  let timeS = arrivals[0]!.timeS;
  let originS = 0; // sums of steps are kept since the batch last changed
  let sumPs = 0;
  let tokensGenerated = 0;
  const sizeOf = (i: number) => arrivals[i]!.prompt + arrivals[i]!.output;
  const isGone = (i: number) => (arrivals[i]!.cancelS ?? Infinity) <= Math.min(timeS, stopS);
  const firstTokenS = all.map(() => -1);
  for (;;) {
    // Who finds the replica idle starts it; others of that instant come in with the next step.
    const most = idle ? next + 1 : arrivals.length;
    idle = false;
    for (; next < most && arrivals[next]!.timeS <= timeS; next++) waiting.push(next);
    waiting = waiting.filter((i) => !isGone(i));
    const fresh: { readonly i: number; done: number }[] = [];
    const read = () => fresh.reduce((sum, { i }) => sum + arrivals[i]!.prompt, 0);
    const reserved = () => [...running, ...fresh].reduce((sum, { i }) => sum + sizeOf(i), 0);
    while (
      waiting.length > 0 &&
      running.length + fresh.length < limits.batchMax &&
      (fresh.length === 0 || read() + arrivals[waiting[0]!]!.prompt <= (limits.promptTokensMax ?? Infinity)) &&
      reserved() + sizeOf(waiting[0]!) <= limits.cacheTokens
    ) {
      fresh.push({ i: waiting[0]!, done: 0 });
      waiting = waiting.slice(1);
    }
    if (running.length + fresh.length === 0) {
      if (next === arrivals.length) break;
      timeS = arrivals[next]!.timeS;
      idle = true;
      continue;
    }
    if (fresh.length > 0) {
      originS = timeS;
      sumPs = 0;
    }
    const context = running.reduce((sum, { i, done }) => sum + arrivals[i]!.prompt + done, 0);
    const prompts = fresh.map(({ i }) => arrivals[i]!.prompt);
    sumPs += times.fixedPs[running.length]! + times.perContextTokenPs * context;
    for (const prompt of prompts) {
      sumPs += times.perPromptTokenPs * prompt + times.perPromptTokenSquaredPs * prompt * prompt;
    }
    const endS = originS + sumPs * 1e-12;
    running = [...running, ...fresh];
    if (endS > stopS) {
      timeS = stopS;
      break;
    }
    timeS = endS;
    for (const each of running) each.done++;
    tokensGenerated += running.length;
    for (const { i } of fresh) firstTokenS[i] = timeS;
    const leaving = running.filter(({ i }) => isGone(i));
    for (const { i, done } of leaving) outcomes[i]!.wasted = done;
    running = running.filter(({ i }) => !isGone(i));
    const finished = running.filter(({ i, done }) => done === arrivals[i]!.output);
    for (const { i } of finished) {
      outcomes[i]!.firstTokenS = firstTokenS[i]!;
      outcomes[i]!.finishedS = timeS;
    }
    running = running.filter(({ i, done }) => done < arrivals[i]!.output);
    if (finished.length > 0 || fresh.length > 0 || leaving.length > 0) {
      originS = timeS;
      sumPs = 0;
    }
  }
  for (const { i, done } of running) outcomes[i]!.wasted = done;
  for (; next < arrivals.length; next++) waiting.push(next);
  return { outcomes, left: [...running.map(({ i }) => i), ...waiting.filter((i) => !isGone(i))], tokensGenerated };
}

/** A dealt case: few or many requests, long and short, cramped and roomy, arrivals together and on a grid of steps. */
function dealt(seed: number, impatient = false): Case {
  const random = createRandom(`replica/${seed}`);
  const stream = random.stream("case");
  let k = 0;
  const u = () => random.at(stream, k++);
  const whole = (least: number, most: number) => least + Math.floor(u() * (most - least + 1));
  const limits = {
    cacheTokens: whole(300, 3000),
    batchMax: whole(1, 12),
    ...(u() < 0.5 ? { promptTokensMax: whole(50, 500) } : {}),
  };
  const times: StepTimes = {
    fixedPs: affine(whole(1, 3) * 1_000_000_000, u() < 0.3 ? 0 : whole(0, 300_000_000), limits.batchMax),
    perContextTokenPs: u() < 0.3 ? 0 : whole(0, 500_000),
    perPromptTokenPs: u() < 0.1 ? 0 : whole(0, 20_000_000),
    perPromptTokenSquaredPs: u() < 0.5 ? 0 : whole(0, 10_000),
  };
  const count = whole(1, 60);
  const spanS = u() * 6;
  const grid = u() < 0.4;
  const arrivals = Array.from({ length: count }, () => {
    const timeS = grid ? Math.floor(u() * spanS * 20) / 20 : u() * spanS;
    const size = { prompt: whole(1, 200), output: u() < 0.2 ? 1 : whole(1, 100) };
    return { timeS, ...size, ...(impatient && u() < 0.5 ? { cancelS: timeS + u() * u() * 2 } : {}) };
  }).sort((a, b) => a.timeS - b.timeS);
  const lastS = arrivals.at(-1)!.timeS;
  return { times, limits, arrivals, stopS: u() < 0.5 ? 1000 : lastS + u() * 0.5 };
}

describe("the virtual token clock", () => {
  it("gives the times of the step-by-step loop, to the last bit, on 1,000 dealt cases", () => {
    let stoppedShort = 0;
    let waited = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const case_ = dealt(seed);
      const [clock, loop] = [byClock(case_), stepByStep(case_)];
      expect({ seed, ...clock }).toEqual({ seed, ...loop });
      if (clock.left.length > 0) stoppedShort++;
      const first = clock.outcomes.findIndex(({ firstTokenS }, i) => firstTokenS > case_.arrivals[i]!.timeS + 0.1);
      if (first >= 0) waited++;
    }
    // The cases hold what is hard: replicas stopped in mid-flight, requests that wait.
    expect(stoppedShort).toBeGreaterThan(100);
    expect(waited).toBeGreaterThan(200);
  });

  it("so it does where clients turn away, waiting or served, to a billionth of a second", () => {
    // A stretch that was cut for one who then turned away is summed from there: the last bit may differ.
    const rounded = ({ outcomes, ...rest }: ReturnType<typeof byClock>) => ({
      ...rest,
      outcomes: outcomes.map((each) => ({
        ...each,
        firstTokenS: Math.round(each.firstTokenS * 1e9),
        finishedS: Math.round(each.finishedS * 1e9),
      })),
    });
    let wasted = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const case_ = dealt(seed, true);
      const [clock, loop] = [byClock(case_), stepByStep(case_)];
      expect({ seed, ...rounded(clock) }).toEqual({ seed, ...rounded(loop) });
      const all = clock.outcomes.reduce(
        (sum, { finishedS, wasted }, i) => sum + (finishedS >= 0 ? case_.arrivals[i]!.output : wasted),
        0,
      );
      expect({ seed, all }).toEqual({ seed, all: clock.tokensGenerated });
      if (clock.outcomes.some((each) => each.wasted > 0)) wasted++;
    }
    expect(wasted).toBeGreaterThan(500);
  });

  it("by hand: a second request comes in at the end of the step under way, and slows the first", () => {
    const times = {
      fixedPs: affine(1e11, 0, 8),
      perContextTokenPs: 0,
      perPromptTokenPs: 1e10,
      perPromptTokenSquaredPs: 0,
    };
    const { outcomes } = byClock({
      times,
      limits: { cacheTokens: 1000, batchMax: 8 },
      // Steps of 0.1 s; a prompt token adds 0.01 s to its step.
      arrivals: [
        { timeS: 0, prompt: 10, output: 5 },
        { timeS: 0.25, prompt: 20, output: 2 },
      ],
      stopS: 10,
    });
    // First: 0 to 0.2 reads and gives token 1; 0.3 token 2; the second's prompt in the step 0.3 to 0.6; then 0.7.
    expect(outcomes.map(({ firstTokenS }) => firstTokenS)).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.6, 12)]);
    expect(outcomes.map(({ finishedS }) => finishedS)).toEqual([expect.closeTo(0.8, 12), expect.closeTo(0.7, 12)]);
  });

  it("a cache that is full makes the next wait until one has left", () => {
    const times = {
      fixedPs: affine(1e12, 0, 8),
      perContextTokenPs: 0,
      perPromptTokenPs: 0,
      perPromptTokenSquaredPs: 0,
    };
    const arrivals = [0, 0, 0].map((timeS) => ({ timeS, prompt: 5, output: 5 }));
    const { outcomes } = byClock({ times, limits: { cacheTokens: 20, batchMax: 8 }, arrivals, stopS: 100 });
    // The first is admitted as it comes, the second with the next step.
    expect(outcomes.map(({ finishedS }) => finishedS)).toEqual([5, 6, 10]);
  });

  it("what is read attends to what is held: of 100 tokens with 90 held, 100^2 - 90^2 pairs", () => {
    const requests = new Requests();
    const ends: number[] = [];
    const times = {
      fixedPs: affine(0, 1e12, 1),
      perContextTokenPs: 0,
      perPromptTokenPs: 1e9,
      perPromptTokenSquaredPs: 1e9,
    };
    const hooks = {
      admitted: () => 90,
      finished: (_: number, timeS: number) => void ends.push(timeS),
      dropped: () => {},
    };
    const replica = new Replica(times, { cacheTokens: 1000, batchMax: 1 }, requests, hooks);
    replica.enqueue(requests.add(0, 100, 1, 0), 0);
    replica.advance(100);
    expect(ends).toEqual([expect.closeTo(0.01 + 1.9, 12)]);
  });

  it("refuses what would not fit alone", () => {
    const requests = new Requests();
    const hooks = { admitted: () => 0, finished: () => {}, dropped: () => {} };
    const replica = new Replica(h100, { cacheTokens: 100, batchMax: 1 }, requests, hooks);
    expect(() => replica.enqueue(requests.add(0, 60, 41, 0), 0)).toThrow(/101 tokens does not fit a cache of 100/);
  });
});

const llama8b = models["llama-3-8b"]!;
const h100 = rooflineTimes(
  llama8b,
  { count: 1, bandwidthGBPerS: 3350, fp16Tflops: 989 },
  { bandwidthShare: 1, flopsShare: 0.5, overheadMs: 0 },
  256,
);

describe("step times", () => {
  it("Llama-3-8B on an H100 reads its weights in 4.8 ms a step, and keeps 131,072 bytes a token", () => {
    expect(kvBytesPerToken(llama8b)).toBe(131_072);
    expect(h100.fixedPs[1]! / 1e9).toBeCloseTo(4.8, 1);
    // 1,000 tokens of prompt: 2 x 8.03e9 x 1000 operations at half of 989 TFLOPS are 32 ms, attention adds 0.5 ms.
    expect(prefillPs(h100, 1000, 1e6) / 1e9).toBeCloseTo(33, 0);
  });

  it("a step of few requests is bound by memory, one of many by arithmetic", () => {
    // 2 x 8.03e9 operations a token at half of 989 TFLOPS are 32.5 us: 148 of them take as long as reading the weights.
    expect(h100.fixedPs[147]).toBe(h100.fixedPs[1]);
    expect(h100.fixedPs[148]).toBeGreaterThan(h100.fixedPs[1]!);
    expect(h100.fixedPs[256]! / 1e9).toBeCloseTo(256 * 0.0325, 1);
  });

  it("k steps are the sum of the single ones, and the least k for a time is found", () => {
    const random = createRandom("steps");
    const stream = random.stream("steps");
    for (let i = 0; i < 2000; i++) {
      const at = (j: number, most: number) => Math.floor(random.at(stream, i, j) * most);
      const times = {
        fixedPs: affine(1 + at(0, 1e10), at(1, 1e8), 50),
        perContextTokenPs: at(2, 1e6),
        perPromptTokenPs: 0,
        perPromptTokenSquaredPs: 0,
      };
      const [running, context, steps] = [1 + at(3, 50), at(4, 5000), 1 + at(5, 400)];
      let sum = 0;
      for (let k = 0; k < steps; k++) sum += stepsPs(times, running, context + k * running, 1);
      expect(stepsPs(times, running, context, steps)).toBe(sum);
      expect(stepsUntil(times, running, context, sum)).toBe(steps);
      expect(stepsUntil(times, running, context, sum + 1)).toBe(steps + 1);
      expect(stepsUntil(times, running, context, 1)).toBe(1);
    }
  });
});
