import fc from "fast-check";
import { expect, it } from "vitest";
import { REQUEST_RATE_WINDOW_S } from "../../../policies/contract/facts.ts";
import { definePolicy } from "../../../policies/contract/policy.ts";
import { simulate } from "../../../sim/simulate.ts";
import { RateWindow } from "../../../sim/workloads/serving/rate-window.ts";
import { gpuCloud, handRequests, scenario, serviceInput, table } from "../../support/runs.ts";

it("the rate is what was sent in the last 60 whole seconds, whenever and however often it is asked", () => {
  const times = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(times, times, (sent, asked) => {
      const rate = new RateWindow();
      const turns = [
        ...sent.map((timeS) => ({ timeS, isSent: true })),
        ...asked.map((timeS) => ({ timeS, isSent: false })),
      ];
      for (const { timeS, isSent } of turns.sort((a, b) => a.timeS - b.timeS)) {
        if (isSent) {
          rate.count(timeS);
          continue;
        }
        const second = Math.floor(timeS);
        const within = sent.filter(
          (each) => Math.floor(each) >= second - REQUEST_RATE_WINDOW_S && Math.floor(each) < second,
        );
        expect(rate.perS(timeS)).toBe(within.length / REQUEST_RATE_WINDOW_S);
      }
    }),
    { numRuns: 300 },
  );
});

it("a policy sees the rate of the last minute at every ask, and is not asked because of it", () => {
  const seen: (number | undefined)[] = [];
  const spy = definePolicy({
    name: "spy",
    summary: "looks at the rate",
    source: "house",
    workloads: ["serving"],
    params: { parse: () => ({}) },
    memory: () => ({}),
    create: () => ({
      decide: (view) => void seen.push(view.work.services[0]?.requestsPerS),
    }),
  });
  const arrivalS = Float64Array.from([5, 30, 59.5, 61, 119, 119.9, 125]);
  const requests = { arrivalS, inputTokens: new Uint32Array(7).fill(1), outputTokens: new Uint32Array(7).fill(1) };
  const { prefixes: _, ...params } = handRequests;
  const input = serviceInput({
    table: table([{}], 600),
    cloud: gpuCloud,
    cadence: { onChange: false, everyS: 60 },
    requests,
    service: { requests: { ...params, from: { file: "by hand" }, client: { retries: 0 } } },
  });
  const { metrics } = simulate(input, { ...scenario("spot-hedge"), scheduling: spy as never, params: {} });
  expect(seen.slice(0, 5)).toEqual([0, 3 / 60, 3 / 60, 1 / 60, 0]);
  expect(metrics.asks).toBe(10);
});
