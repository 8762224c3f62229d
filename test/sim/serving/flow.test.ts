import { expect, it } from "vitest";
import { createRandom } from "../../../policies/contract/random.ts";
import { simulate } from "../../../sim/simulate.ts";
import { rooflineTimes } from "../../../sim/workloads/serving/step-times.ts";
import { ReplicaBySteps, type SteppedTry, steppedTry } from "../../support/replica-by-steps.ts";
import { handCloud, scenario, serviceInput, table } from "../../support/runs.ts";

// Goal: several replicas, a router and impatient clients come to what a naive program comes to, which counts each request of each
// replica step by step, looks through all replicas at each request, and has no clock of tokens, no heap and no queue of events.

interface Asked {
  readonly timeS: number;
  readonly prompt: number;
  readonly output: number;
}
interface Case {
  readonly replicas: number;
  readonly batchMax: number;
  readonly promptTokensMax: number;
  readonly client: { readonly timeoutS: number; readonly retries: number; readonly backoffS: number };
  readonly asked: readonly Asked[];
}

const model = { parameters: 5e9, bytesPerParameter: 2, layers: 8, heads: 8, kvHeads: 8, headDim: 64 };
const gpu = { count: 1, bandwidthGBPerS: 200, fp16Tflops: 10 };
const efficiency = { bandwidthShare: 1, flopsShare: 1, overheadMs: 2 };
const CACHE_TOKENS = 700;
const memoryShare = (1e10 + CACHE_TOKENS * 2 * 8 * 8 * 64 * 2 + 1) / (24_000 * 2 ** 20);

/** A try of a request on its way. */
interface Try extends SteppedTry {
  readonly i: number;
  readonly sentS: number;
  readonly retries: number;
}

function naive({ replicas, batchMax, promptTokensMax, client, asked }: Case) {
  const times = rooflineTimes(model, gpu, efficiency, batchMax);
  const limits = { cacheTokens: CACHE_TOKENS, batchMax, promptTokensMax };
  const all = Array.from({ length: replicas }, () => new ReplicaBySteps<Try>(times, limits));
  const sum = { completed: 0, timedOut: 0, broken: 0, ttftS: 0, latencyS: 0, wasted: 0, returned: 0, preempted: 0 };
  const inFlight = new Set<Try>();
  const toSend = asked.map(({ timeS }, i) => ({ timeS, i, retries: 0 }));
  for (;;) {
    const sending = toSend.reduce((least, { timeS }) => Math.min(least, timeS), Infinity);
    const stepping = Math.min(...all.map(({ stepEndS }) => stepEndS));
    const giving = [...inFlight].reduce((least, { sentS }) => Math.min(least, sentS + client.timeoutS), Infinity);
    const nowS = Math.min(sending, stepping, giving);
    if (nowS === Infinity) return { ...sum, preempted: all.reduce((total, { preemptions }) => total + preemptions, 0) };
    if (nowS === stepping) {
      const { finished, gone } = all.find(({ stepEndS }) => stepEndS === nowS)!.step();
      for (const { done } of gone) sum.wasted += done;
      for (const each of finished) {
        inFlight.delete(each);
        sum.completed++;
        sum.returned += each.output;
        sum.ttftS += each.firstTokenS - asked[each.i]!.timeS;
        sum.latencyS += nowS - asked[each.i]!.timeS;
      }
    } else if (nowS === giving) {
      const each = [...inFlight].find(({ sentS }) => sentS + client.timeoutS === nowS)!;
      inFlight.delete(each);
      const on = all.find(({ waiting, running }) => waiting.includes(each) || running.includes(each))!;
      if (on.cancel(each)) sum.wasted += each.done;
      sum.broken++;
      if (each.retries === client.retries) sum.timedOut++;
      else toSend.push({ timeS: nowS + client.backoffS, i: each.i, retries: each.retries + 1 });
    } else {
      const [next] = toSend.splice(
        toSend.findIndex(({ timeS }) => timeS === nowS),
        1,
      );
      const { i, retries } = next!;
      const each: Try = { ...steppedTry(asked[i]!.prompt, asked[i]!.output), i, sentS: nowS, retries };
      inFlight.add(each);
      const loads = all.map(({ waiting, running }) => waiting.length + running.length);
      all[loads.indexOf(Math.min(...loads))]!.enqueue(each, nowS);
    }
  }
}

function engine({ replicas, batchMax, promptTokensMax, client, asked }: Case) {
  const endS = 2000;
  const { metrics } = simulate(
    serviceInput({
      table: table([{}], endS),
      cloud: {
        ...handCloud,
        visibility: "tried",
        instanceTypes: { "g.x": { gpuMemoryMiB: 24_000, networkMiBPerS: 100, gpu } },
      },
      cadence: { onChange: true, everyS: 600 },
      requests: {
        arrivalS: Float64Array.from(asked, ({ timeS }) => timeS),
        inputTokens: Uint32Array.from(asked, ({ prompt }) => prompt),
        outputTokens: Uint32Array.from(asked, ({ output }) => output),
      },
      service: {
        replicas,
        requests: { from: { file: "dealt" }, model, efficiency, memoryShare, batchMax, promptTokensMax, client },
      },
    }),
    scenario("even-spread"),
  );
  const { requestsCompleted: completed = 0 } = metrics;
  return {
    completed,
    timedOut: metrics.requestsTimedOut,
    broken: metrics.triesTimedOut,
    ttftS: (metrics.ttftMeanS ?? 0) * completed,
    latencyS: (metrics.latencyMeanS ?? 0) * completed,
    wasted: metrics.tokensWasted,
    returned: metrics.tokensReturned,
    preempted: metrics.preemptions,
  };
}

it("replicas, router and clients come to what a naive program comes to, on 300 dealt cases", () => {
  let [impatient, several, preempted] = [0, 0, 0];
  for (let seed = 0; seed < 300; seed++) {
    const random = createRandom(`flow/${seed}`);
    const stream = random.stream("case");
    let k = 0;
    const u = () => random.at(stream, k++);
    const whole = (least: number, most: number) => least + Math.floor(u() * (most - least + 1));
    const count = whole(1, 60);
    const spanS = 1 + u() * 20;
    const case_: Case = {
      replicas: whole(1, 4),
      batchMax: whole(1, 8),
      promptTokensMax: whole(50, 400),
      client: { timeoutS: 0.5 + u() * 20, retries: whole(0, 3), backoffS: u() < 0.3 ? 0 : u() * 3 },
      // Both are ready at 60 s.
      asked: Array.from({ length: count }, () => ({
        timeS: 100 + u() * spanS,
        prompt: whole(1, 250),
        output: whole(1, 60),
      })).sort((a, b) => a.timeS - b.timeS),
    };
    const [ours, theirs] = [engine(case_), naive(case_)];
    const { ttftS, latencyS, ...counts } = theirs;
    expect({ seed, ...ours }).toMatchObject({ seed, ...counts });
    expect(ours.ttftS).toBeCloseTo(ttftS, 6);
    expect(ours.latencyS).toBeCloseTo(latencyS, 6);
    if (theirs.broken > 0 && theirs.completed > 0) impatient++;
    if (case_.replicas > 1) several++;
    if (theirs.preempted > 0) preempted++;
  }
  expect(impatient).toBeGreaterThan(50);
  expect(several).toBeGreaterThan(150);
  expect(preempted).toBeGreaterThan(50);
});
