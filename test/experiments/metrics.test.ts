import { expect, it } from "vitest";
import { seedAccounting } from "../../experiments/audit/seed-accounting.ts";
import { metricNamed, metrics } from "../../experiments/metrics.ts";
import { simulate } from "../../sim/simulate.ts";
import {
  cutServiceInput,
  gpuCloud,
  handCloud,
  handRequests,
  jobInput,
  run,
  scenario,
  serviceInput,
  table,
} from "../support/runs.ts";

it("every metric that a run has is defined, and every one defined is had by runs that go through everything", () => {
  // One task that is reclaimed once and goes on, on markets where capacity comes and goes.
  const markets = table(
    [
      {
        capacity: [
          [0, 1],
          [1_800, 0],
          [3_600, 1],
        ],
      },
    ],
    40_000,
  );
  const bill = {
    disk: { gib: 100, usdPerGibMonth: 0.08 },
    addressUsdPerHour: 0.005,
    transfer: { betweenZonesUsdPerGib: 0.01, betweenRegionsUsdPerGib: 0.02 },
    balancerUsdPerHour: 0.0225,
  };
  const { metrics: got, timeline } = run(
    { table: markets, tasks: { onReclaim: "migrate" }, cloud: { ...handCloud, bill }, traced: true },
    scenario("greedy", { caps: { instances: 5 } }),
  );
  expect(got.reclaims).toBeGreaterThan(0);
  const accounts = seedAccounting({ timeline: timeline!, table: markets, workS: () => 3_600 });
  const { metrics: ofJob } = simulate(jobInput({ table: markets, job: { workH: 2 } }), scenario("spot-only"));
  const { instanceTypes } = gpuCloud;
  const { metrics: ofService } = simulate(
    serviceInput({
      table: markets,
      cloud: { ...handCloud, visibility: "tried", instanceTypes },
      service: { requests: handRequests },
    }),
    scenario("spot-hedge", { failover: "migrate" }),
  );
  expect(ofService.requestsMoved).toBeGreaterThan(0);
  const { metrics: ofCut } = simulate(cutServiceInput(), scenario("spotserve"));
  expect(ofCut.reparallelizations).toBeGreaterThan(0);
  expect(Object.keys({ ...got, ...accounts, ...ofJob, ...ofService, ...ofCut }).sort()).toEqual(
    metrics.map(({ name }) => name).sort(),
  );
});

it("costs, times and losses are better lower; work and completions higher", () => {
  for (const { name, better, definition, title } of metrics) {
    if (/^(cost|usd|completion|wait|lost|reclaims$)/.test(name)) expect(better, name).toBe("lower");
    if (/^(completedShare|tasksCompleted|workHoursDone)$/.test(name)) expect(better, name).toBe("higher");
    expect(title).not.toBe("");
    expect(definition, name).toMatch(/\.$/);
  }
  expect(metricNamed("costUsd")?.unit).toBe("USD");
  expect(metricNamed("nothing")).toBeUndefined();
});
