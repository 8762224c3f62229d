import { expect, it } from "vitest";
import { createRandom } from "../../../policies/contract/random.ts";
import { simulate } from "../../../sim/simulate.ts";
import { rooflineTimes } from "../../../sim/workloads/serving/step-times.ts";
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
interface Try {
  readonly i: number;
  readonly sentS: number;
  readonly retries: number;
  done: number;
  firstTokenS: number;
  isGivenUp: boolean;
}

function naive({ replicas, batchMax, promptTokensMax, client, asked }: Case) {
  const times = rooflineTimes(model, gpu, efficiency, batchMax);
  const all = Array.from({ length: replicas }, () => ({
    waiting: [] as Try[],
    running: [] as Try[],
    fresh: 0,
    stepEndS: Infinity,
  }));
  const sum = { completed: 0, timedOut: 0, broken: 0, ttftS: 0, latencyS: 0, wasted: 0, returned: 0 };
  const inFlight = new Set<Try>();
  const toSend: { timeS: number; i: number; retries: number }[] = asked.map(({ timeS }, i) => ({
    timeS,
    i,
    retries: 0,
  }));
  const sizeOf = ({ i }: Try) => asked[i]!.prompt + asked[i]!.output;
  const start = (replica: (typeof all)[number], nowS: number) => {
    const decoding = [...replica.running];
    const fresh: Try[] = [];
    for (let read = 0; replica.waiting.length > 0; ) {
      const next = replica.waiting[0]!;
      const { prompt } = asked[next.i]!;
      const reserved = [...decoding, ...fresh].reduce((tokens, each) => tokens + sizeOf(each), 0);
      if (decoding.length + fresh.length === batchMax || reserved + sizeOf(next) > CACHE_TOKENS) break;
      if (read > 0 && read + prompt > promptTokensMax) break;
      read += prompt;
      fresh.push(replica.waiting.shift()!);
    }
    replica.running = [...decoding, ...fresh];
    replica.fresh = fresh.length;
    const context = decoding.reduce((tokens, { i, done }) => tokens + asked[i]!.prompt + done, 0);
    let ps = times.fixedPs[decoding.length]! + times.perContextTokenPs * context;
    for (const { i } of fresh) {
      const { prompt } = asked[i]!;
      ps += times.perPromptTokenPs * prompt + times.perPromptTokenSquaredPs * prompt ** 2;
    }
    replica.stepEndS = replica.running.length === 0 ? Infinity : nowS + ps * 1e-12;
  };
  const tryAgain = ({ i, retries }: Try, nowS: number) => {
    sum.broken++;
    if (retries === client.retries) sum.timedOut++;
    else toSend.push({ timeS: nowS + client.backoffS, i, retries: retries + 1 });
  };
  for (;;) {
    const sending = toSend.reduce((least, { timeS }) => Math.min(least, timeS), Infinity);
    const stepping = Math.min(...all.map(({ stepEndS }) => stepEndS));
    const giving = [...inFlight].reduce((least, { sentS }) => Math.min(least, sentS + client.timeoutS), Infinity);
    const nowS = Math.min(sending, stepping, giving);
    if (nowS === Infinity) return sum;
    if (nowS === stepping) {
      const replica = all.find(({ stepEndS }) => stepEndS === nowS)!;
      for (const [at, each] of replica.running.entries()) {
        each.done++;
        if (at >= replica.running.length - replica.fresh) each.firstTokenS = nowS;
      }
      for (const each of replica.running) {
        const { timeS, output } = asked[each.i]!;
        if (each.isGivenUp) sum.wasted += each.done;
        else if (each.done === output) {
          inFlight.delete(each);
          sum.completed++;
          sum.returned += output;
          sum.ttftS += each.firstTokenS - timeS;
          sum.latencyS += nowS - timeS;
        }
      }
      replica.running = replica.running.filter((each) => !each.isGivenUp && each.done < asked[each.i]!.output);
      start(replica, nowS);
    } else if (nowS === giving) {
      const each = [...inFlight].find(({ sentS }) => sentS + client.timeoutS === nowS)!;
      inFlight.delete(each);
      const replica = all.find(({ waiting }) => waiting.includes(each));
      if (replica === undefined) each.isGivenUp = true;
      else replica.waiting = replica.waiting.filter((other) => other !== each);
      tryAgain(each, nowS);
    } else {
      const [next] = toSend.splice(
        toSend.findIndex(({ timeS }) => timeS === nowS),
        1,
      );
      const each: Try = { i: next!.i, sentS: nowS, retries: next!.retries, done: 0, firstTokenS: -1, isGivenUp: false };
      inFlight.add(each);
      const loads = all.map(({ waiting, running }) => waiting.length + running.length);
      const replica = all[loads.indexOf(Math.min(...loads))]!;
      replica.waiting.push(each);
      if (replica.running.length === 0) start(replica, nowS);
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
  };
}

it("replicas, router and clients come to what a naive program comes to, on 300 dealt cases", () => {
  let [impatient, several] = [0, 0];
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
  }
  expect(impatient).toBeGreaterThan(50);
  expect(several).toBeGreaterThan(150);
});
