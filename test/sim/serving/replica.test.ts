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
import { ReplicaBySteps, steppedTry } from "../../support/replica-by-steps.ts";

interface Arrival {
  readonly timeS: number;
  readonly prompt: number;
  readonly output: number;
  /** Tokens that it had been given elsewhere; and of its prompt and those, how many are in the cache that came along. */
  readonly done?: number;
  readonly held?: number;
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

/** What both are driven by: an arrival or a change of mind of an instant comes before the end of the step. */
function drive(
  { arrivals, stopS }: Case,
  replica: { nextS(): number; advance(): void; arrives(i: number): void; cancels(i: number): void },
): void {
  const turns = [
    ...arrivals.map(({ timeS }, i) => ({ timeS, i, gone: false })),
    ...arrivals.flatMap(({ cancelS }, i) => (cancelS === undefined ? [] : [{ timeS: cancelS, i, gone: true }])),
  ].sort((a, b) => a.timeS - b.timeS);
  for (const { timeS, i, gone } of turns) {
    if (timeS > stopS) break;
    while (replica.nextS() < timeS) replica.advance();
    if (gone) replica.cancels(i);
    else replica.arrives(i);
  }
  while (replica.nextS() <= stopS) replica.advance();
}

const unknown = ({ arrivals }: Case) => arrivals.map((): Outcome => ({ firstTokenS: -1, finishedS: -1, wasted: 0 }));

/** The replica as it is: event by event. */
function byClock(case_: Case) {
  const { times, limits, arrivals, stopS } = case_;
  const requests = new Requests();
  const slotOf = new Map<number, number>();
  const cameAlong = new Map<number, number>();
  const outcomes = unknown(case_);
  let [preemptions, turns] = [0, 0];
  const leave = (slot: number, tokens: number) => {
    slotOf.delete(requests.id[slot]!);
    outcomes[requests.id[slot]!]!.wasted = tokens;
    requests.remove(slot);
  };
  const replica = new Replica(times, limits, requests, {
    admitted: (slot) => {
      const held = cameAlong.get(slot) ?? 0;
      cameAlong.delete(slot); // once: one that is preempted is read anew
      return held;
    },
    preempted: () => void preemptions++,
    finished: (slot, timeS) => {
      const outcome = outcomes[requests.id[slot]!]!;
      outcome.firstTokenS = requests.firstTokenS[slot]!;
      outcome.finishedS = timeS;
      leave(slot, 0);
    },
    dropped: leave,
  });
  drive(case_, {
    nextS: () => replica.nextS,
    advance: () => {
      turns++;
      replica.advance(replica.nextS);
    },
    arrives: (i) => {
      const { prompt, output, done = 0, held = 0, timeS } = arrivals[i]!;
      const slot = requests.add(i, prompt, output, timeS);
      requests.given[slot] = done;
      if (done > 0) requests.firstTokenS[slot] = timeS;
      cameAlong.set(slot, held);
      slotOf.set(i, slot);
      replica.enqueue(slot, timeS);
    },
    cancels: (i) => {
      const slot = slotOf.get(i);
      if (slot !== undefined && replica.cancel(slot, arrivals[i]!.cancelS!)) leave(slot, requests.given[slot]!);
    },
  });
  const left: number[] = [];
  replica.stop(stopS, (slot, tokens) => {
    left.push(requests.id[slot]!);
    outcomes[requests.id[slot]!]!.wasted = tokens;
  });
  return { outcomes, left, tokensGenerated: replica.tokensGenerated, preemptions, turns };
}

/** The oracle: one step after the other, each request counted by itself. */
function stepByStep(case_: Case) {
  const { times, limits, arrivals } = case_;
  const outcomes = unknown(case_);
  const tries = arrivals.map(({ prompt, output, done = 0, held = 0, timeS }, i) => {
    const before = done > 0 ? { done, read: held, toRead: prompt + done, firstTokenS: timeS } : {};
    return { ...steppedTry(prompt, output), ...before, i };
  });
  const replica = new ReplicaBySteps<(typeof tries)[number]>(times, limits);
  let steps = 0;
  drive(case_, {
    nextS: () => replica.stepEndS,
    advance: () => {
      steps++;
      const finishedS = replica.stepEndS;
      const { finished, gone } = replica.step();
      for (const { i, firstTokenS } of finished) outcomes[i] = { firstTokenS, finishedS, wasted: 0 };
      for (const { i, done } of gone) outcomes[i]!.wasted = done;
    },
    arrives: (i) => replica.enqueue(tries[i]!, arrivals[i]!.timeS),
    cancels: (i) => {
      const each = tries[i]!;
      if (outcomes[i]!.finishedS < 0 && replica.cancel(each)) outcomes[i]!.wasted = each.done;
    },
  });
  const left = [...replica.running, ...replica.waiting];
  for (const { i, done } of left) outcomes[i]!.wasted = done;
  const { tokensGenerated, preemptions, partsRead } = replica;
  return { outcomes, left: left.map(({ i }) => i), tokensGenerated, preemptions, partsRead, steps };
}

/** A dealt case: few or many requests, long and short, cramped and roomy, arrivals together and on a grid of steps. */
function dealt(seed: number, impatient = false, moved = false): Case {
  const random = createRandom(`replica/${seed}`);
  const stream = random.stream("case");
  let k = 0;
  const u = () => random.at(stream, k++);
  const whole = (least: number, most: number) => least + Math.floor(u() * (most - least + 1));
  const limits = {
    // Any request fits alone; a few dozen blocks are soon full, and of two hundred the watermark is two.
    cacheTokens: u() < 0.5 ? whole(304, 900) : whole(900, 3500),
    batchMax: whole(1, 12),
    ...(u() < 0.7 ? { promptTokensMax: whole(10, 500) } : {}),
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
    const gone = impatient && u() < 0.5 ? { cancelS: timeS + u() * u() * 2 } : {};
    const done = moved && u() < 0.6 ? whole(0, size.output - 1) : 0;
    const held = done === 0 ? 0 : Math.floor((u() < 0.5 ? 1 : u()) * (size.prompt + done));
    return { timeS, ...size, ...(done > 0 && { done, held }), ...gone };
  }).sort((a, b) => a.timeS - b.timeS);
  const lastS = arrivals.at(-1)!.timeS;
  return { times, limits, arrivals, stopS: u() < 0.5 ? 1000 : lastS + u() * 0.5 };
}

describe("the virtual token clock", () => {
  it.each([
    [false, false],
    [true, false],
    [true, true],
  ])(
    "gives the times of the step-by-step loop, to the last bit, on 1,000 dealt cases; clients turn away: %s; some come from elsewhere, with all of their cache, a part, or none: %s",
    (impatient, moved) => {
      const seen = { stoppedShort: 0, waited: 0, wasted: 0, preempted: 0, inParts: 0, skipped: 0 };
      for (let seed = 0; seed < 1000; seed++) {
        const case_ = dealt(seed, impatient, moved);
        const { turns, ...clock } = byClock(case_);
        const { partsRead, steps, ...loop } = stepByStep(case_);
        expect({ seed, ...clock }).toEqual({ seed, ...loop });
        // What it had been given elsewhere is not given again.
        const all = clock.outcomes.reduce((sum, { finishedS, wasted }, i) => {
          const { output, done = 0, timeS } = case_.arrivals[i]!;
          return sum + (finishedS >= 0 ? output - done : timeS <= case_.stopS ? wasted - done : 0);
        }, 0);
        expect({ seed, all }).toEqual({ seed, all: clock.tokensGenerated });
        if (clock.left.length > 0) seen.stoppedShort++;
        if (clock.outcomes.some(({ firstTokenS }, i) => firstTokenS > case_.arrivals[i]!.timeS + 0.1)) seen.waited++;
        if (clock.outcomes.some(({ wasted }) => wasted > 0)) seen.wasted++;
        if (clock.preemptions > 0) seen.preempted++;
        if (partsRead > 0) seen.inParts++;
        if (turns < steps / 2) seen.skipped++;
      }
      // The cases hold what is hard: replicas stopped in mid-flight, requests that wait, caches that fill, prompts in parts.
      const { skipped, wasted, ...hard } = seen;
      for (const [what, count] of Object.entries(hard)) expect([what, count > 100]).toEqual([what, true]);
      expect(wasted).toBeGreaterThan(impatient ? 500 : 100);
      expect(skipped).toBeGreaterThan(200);
    },
  );

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

  it("by hand: a prompt longer than a step may read is read in parts, and the next begins beside its end", () => {
    const times = {
      fixedPs: affine(1e11, 0, 8),
      perContextTokenPs: 0,
      perPromptTokenPs: 1e10,
      perPromptTokenSquaredPs: 0,
    };
    const { outcomes } = byClock({
      times,
      limits: { cacheTokens: 1000, batchMax: 8, promptTokensMax: 10 },
      arrivals: [
        { timeS: 0, prompt: 25, output: 3 },
        { timeS: 0.05, prompt: 5, output: 1 },
      ],
      stopS: 10,
    });
    // 10 tokens in 0.2 s, 10 more, then 5 and the other's 5.
    expect(outcomes.map(({ firstTokenS }) => firstTokenS)).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.6, 12)]);
    expect(outcomes.map(({ finishedS }) => finishedS)).toEqual([expect.closeTo(0.8, 12), expect.closeTo(0.6, 12)]);
  });

  /** A second a step, whatever it does. */
  const seconds = {
    fixedPs: affine(1e12, 0, 8),
    perContextTokenPs: 0,
    perPromptTokenPs: 0,
    perPromptTokenSquaredPs: 0,
  };

  it("by hand: out of blocks the younger of two is preempted, and goes on where it was once it has been read anew", () => {
    const { outcomes, preemptions, tokensGenerated } = byClock({
      times: seconds,
      limits: { cacheTokens: 48, batchMax: 8 },
      arrivals: [0, 0].map((timeS) => ({ timeS, prompt: 15, output: 20 })),
      stopS: 100,
    });
    // Three blocks. At 3 s the first holds 18 tokens and the second 17: four blocks. The first ends at 20 s; the second, which has
    // two tokens, is read to 21 s, which is its third.
    expect(outcomes.map(({ firstTokenS, finishedS }) => [firstTokenS, finishedS])).toEqual([
      [1, 20],
      [2, 38],
    ]);
    expect({ preemptions, tokensGenerated }).toEqual({ preemptions: 1, tokensGenerated: 40 });
  });

  it("an admission leaves one block of a hundred free, except where nobody runs", () => {
    const finished = (prompts: readonly number[]) =>
      byClock({
        times: seconds,
        limits: { cacheTokens: 1600, batchMax: 8 },
        arrivals: prompts.map((prompt) => ({ timeS: 0, prompt, output: 3 })),
        stopS: 100,
      }).outcomes.map(({ finishedS }) => finishedS);
    // When the second may come in, the first holds 801 tokens in 51 blocks; 48 more leave one.
    expect(finished([800, 48 * 16])).toEqual([3, 4]);
    expect(finished([800, 48 * 16 + 1])).toEqual([3, 6]);
    expect(finished([1590])).toEqual([3]);
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
      preempted: () => {},
      finished: (_: number, timeS: number) => void ends.push(timeS),
      dropped: () => {},
    };
    const replica = new Replica(times, { cacheTokens: 1000, batchMax: 1 }, requests, hooks);
    replica.enqueue(requests.add(0, 100, 1, 0), 0);
    replica.advance(100);
    expect(ends).toEqual([expect.closeTo(0.01 + 1.9, 12)]);
  });

  it("refuses what would not fit alone: six blocks hold 96 tokens, and the last token of an answer is never held", () => {
    const requests = new Requests();
    const hooks = { admitted: () => 0, preempted: () => {}, finished: () => {}, dropped: () => {} };
    const replica = new Replica(h100, { cacheTokens: 100, batchMax: 1 }, requests, hooks);
    expect(replica.holds(requests.add(0, 60, 37, 0))).toBe(true);
    expect(() => replica.enqueue(requests.add(1, 60, 38, 0), 0)).toThrow(/98 tokens does not fit a cache of 100/);
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

  it("four GPUs read a quarter each, and sum up twice a layer over their link", () => {
    // OPT-6.7B in single precision on four T4s, one request: 26.64 GB over 4 x 320 GB/s, 20.8 ms; 32 layers x 2 x 90 us are 5.76 ms;
    // of each token 64 x 2 x 3/4 x 16,384 bytes at 16 GB/s, 0.1 ms. With what is reached of the peaks that is within 5 % of the 37.2 ms that SpotServe measured.
    const opt = { ...models["opt-6.7b"]!, bytesPerParameter: 4 };
    const t4s = { count: 4, bandwidthGBPerS: 320, fp16Tflops: 65, link: { bandwidthGBPerS: 16, latencyUs: 90 } };
    const peak = { bandwidthShare: 1, flopsShare: 1, overheadMs: 0 };
    const { link: _, ...alone } = t4s;
    const [linked, unlinked] = [t4s, alone].map((gpus) => rooflineTimes(opt, gpus, peak, 8));
    const extraMs = (running: number) => (linked!.fixedPs[running]! - unlinked!.fixedPs[running]!) / 1e9;
    expect(unlinked!.fixedPs[1]! / 1e9).toBeCloseTo(20.8, 1);
    expect(extraMs(0)).toBeCloseTo(5.76, 6);
    expect(extraMs(8)).toBeCloseTo(5.76 + (8 * 64 * 1.5 * 16_384) / 16e6, 6);
    expect((linked!.perPromptTokenPs - unlinked!.perPromptTokenPs) / 1e9).toBeCloseTo((64 * 1.5 * 16_384) / 16e6, 6);
    const reached =
      rooflineTimes(opt, t4s, { bandwidthShare: 0.78, flopsShare: 0.5, overheadMs: 3 }, 1).fixedPs[1]! / 1e9;
    expect(Math.abs(reached / 37.2 - 1)).toBeLessThan(0.05);
    expect(rooflineTimes(opt, { ...t4s, count: 1 }, peak, 8)).toEqual(
      rooflineTimes(opt, { ...alone, count: 1 }, peak, 8),
    );
  });

  it("k steps are the sum of the single ones, and the least k for a time is found", () => {
    const random = createRandom("steps");
    const stream = random.stream("steps");
    for (let i = 0; i < 2000; i++) {
      const at = (j: number, most: number) => Math.floor(random.at(stream, i, j) * most);
      const [first, growth, steps] = [1 + at(0, 1e11), at(1, 5e7), 1 + at(2, 400)];
      let sum = 0;
      for (let k = 0; k < steps; k++) sum += first + k * growth;
      expect(stepsPs(first, growth, steps)).toBe(sum);
      expect(stepsUntil(first, growth, sum)).toBe(steps);
      expect(stepsUntil(first, growth, sum + 1)).toBe(steps + 1);
      expect(stepsUntil(first, growth, 1)).toBe(1);
    }
  });
});
