import { describe, expect, it } from "vitest";
import { resolveScenario } from "../../policies/registry.ts";
import { simulate } from "../../sim/simulate.ts";
import { gpuCloud, handCloud, handRequests, serviceInput, table } from "../support/runs.ts";

const HOUR = 3600;

// Goal: the replicas wanted follow the requests with SkyServe's delays. Method: requests at regular times, 1 a second for the first
// half hour and 4 a second from then on, on instances that are ready 60 s after they were asked for.
describe("with-autoscaler", () => {
  const perS = (timeS: number) => (timeS < 1800 ? 1 : 4);
  const arrivalS: number[] = [];
  for (let timeS = 0; timeS < 2 * HOUR; timeS += 1 / perS(timeS)) arrivalS.push(timeS);
  const requests = {
    arrivalS: Float64Array.from(arrivalS),
    inputTokens: new Uint32Array(arrivalS.length).fill(10),
    outputTokens: new Uint32Array(arrivalS.length).fill(5),
  };
  const run = (params: object, replicas = 1) =>
    simulate(
      {
        ...serviceInput({
          table: table([{}, {}], 2 * HOUR),
          cloud: { ...handCloud, visibility: "tried", instanceTypes: gpuCloud.instanceTypes },
          cadence: { onChange: true, everyS: 600 },
          service: { replicas, requests: { ...handRequests, from: { file: "by hand" } } },
          requests,
        }),
        traced: true,
      },
      resolveScenario({
        scheduling: "round-robin",
        assignment: "first-fit",
        wrappers: [{ name: "with-autoscaler", params }],
      }),
    );
  const scalings = (result: ReturnType<typeof run>) =>
    result.timeline!.asks.flatMap(({ timeS, actions }) =>
      actions.filter((each) => each.startsWith("scale")).map((each) => `${timeS}: ${each}`),
    );

  it("wants more after they were needed for 300 s, by the rate of the last minute", () => {
    // Of the minute before 1820 s, 40 s at 1 and 20 s at 4 a second are 2 a second; at 1840 s 3, from 1860 s on 4. A candidate above 1 at
    // 15 decisions in a row, from 1820 s on, is taken at the fifteenth, as it is then.
    expect(scalings(run({ targetPerReplicaPerS: 1 }))).toEqual(["2100: scale service 0 to 4 replicas"]);
  });

  it("wants fewer after 1,200 s, and no fewer or more than it may", () => {
    // 1 a second needs one of four; 60 decisions of 20 s in a row say so from the first on. More than two are needed from 1840 s on.
    const fewer = scalings(run({ targetPerReplicaPerS: 1, replicasMin: 2, replicasMax: 3 }, 4));
    expect(fewer).toEqual(["1180: scale service 0 to 2 replicas", "2120: scale service 0 to 3 replicas"]);
  });

  it("is available by what it wants itself", () => {
    const { metrics } = run({ targetPerReplicaPerS: 1 });
    // 60 s until the first is ready, 60 s until three more are.
    expect(metrics.availableShare).toBeCloseTo((2 * HOUR - 120) / (2 * HOUR), 3);
    expect(metrics.readyReplicasMean).toBeCloseTo((2040 + 4 * (2 * HOUR - 2160) + 60) / (2 * HOUR), 1);
  });
});
