import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { billOf, splitSaving } from "../../experiments/statistics/saving-split.ts";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import { decidesFor } from "../../policies/contract/policy.ts";
import type { CloudSpec } from "../../policies/contract/scenario.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { simulate } from "../../sim/simulate.ts";
import { handCloud, input, scenario, table } from "../support/runs.ts";

// Goal: whatever the market, the tasks and the policy, a run closes its accounts. Method: worlds drawn by fast-check; the
// standing checks of the engine throw by themselves, the rest is asserted here.

const HOUR = 3600;
const END = 30 * HOUR;

const steps = (valueMax: number, whole: boolean) =>
  fc
    .array(
      fc.tuple(
        fc.integer({ min: 1, max: END - 1 }),
        whole ? fc.integer({ min: 0, max: valueMax }) : fc.double({ min: 0.01, max: valueMax, noNaN: true }),
      ),
      { maxLength: 40 },
    )
    .map((pairs) => [...new Map(pairs)].sort((a, b) => a[0] - b[0]));
const zone = fc
  .record({ price: steps(5, false), capacity: steps(3, true), first: fc.integer({ min: 0, max: 3 }) })
  .map(({ price, capacity, first }) => ({
    price: [[0, 1.8] as [number, number], ...price],
    capacity: [[0, first] as [number, number], ...capacity],
  }));

const worlds = fc.record({
  zones: fc.array(zone, { minLength: 1, maxLength: 3 }),
  scheduling: fc.constantFrom(
    ...schedulingPolicies.filter((spec) => decidesFor(spec, "tasks")).map(({ name }) => name),
  ),
  assignment: fc.constantFrom(...assignmentStrategies.map(({ name }) => name)),
  memory: fc.boolean(),
  caps: fc.option(
    fc.record({ instances: fc.integer({ min: 1, max: 5 }), launchesPerHour: fc.integer({ min: 1, max: 20 }) }),
    { nil: undefined },
  ),
  cloud: fc.record({
    visibility: fc.constantFrom("told" as const, "tried" as const),
    depth: fc.constantFrom("observed" as const, "unlimited" as const),
    slotsPerInstance: fc.integer({ min: 1, max: 3 }),
    noticeLeadS: fc.constantFrom(0, 30, 120).map((value) => ({ kind: "constant" as const, value })),
    answerS: fc.constantFrom(0, 4).map((value) => ({ kind: "constant" as const, value })),
    interruptions: fc.constantFrom(
      { model: "capacity" as const },
      { model: "hazard" as const, perHour: 0.8, zoneShockPerHour: 0.1 },
    ),
  }),
  cadence: fc.constantFrom({ onChange: true }, { onChange: true, everyS: 120 }, { onChange: false, everyS: 60 }),
  onReclaim: fc.constantFrom(
    "restart" as const,
    "checkpointEvery" as const,
    "checkpointInGrace" as const,
    "migrate" as const,
  ),
  tasks: fc.integer({ min: 1, max: 40 }),
  models: fc.boolean(),
  seed: fc.string(),
});

const runOf = (world: typeof worlds extends fc.Arbitrary<infer T> ? T : never) => {
  const cloud: CloudSpec = { ...handCloud, ...world.cloud };
  const decisions = scenario(world.scheduling, {
    assignment: world.assignment,
    ...(world.memory && { wrappers: [{ name: "with-capacity-memory" }] }),
    ...(world.caps && { caps: world.caps }),
  });
  const spec = input({
    table: table(world.zones, END),
    horizonS: END - 6 * HOUR,
    drainS: 6 * HOUR,
    cloud,
    cadence: world.cadence,
    seed: world.seed,
    traced: true,
    tasks: {
      tasks: world.tasks,
      arrivals: { kind: "uniform", spanH: 20 },
      workH: { kind: "uniform", min: 0.05, max: 5 },
      memoryMiB: "state",
      state: { baseMiB: 500, perHourMiB: 2_000, maxMiB: 12_000, grows: true },
      onReclaim: world.onReclaim,
      ...(world.onReclaim === "checkpointEvery" && { checkpoint: { everyS: 700, writeMiBPerS: 40 } }),
      ...(world.models && {
        models: [
          { name: "m", weightsMiB: 4_000, share: 1 },
          { name: "n", weightsMiB: 900, share: 2 },
        ],
      }),
    },
  });
  return { spec, decisions, result: simulate(spec, decisions) };
};

describe("any run", () => {
  it("closes its accounts, keeps its caps, and never runs more work than there were slots", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { result } = runOf(world);
        const { metrics, timeline } = result;
        const m = metrics as Record<string, number>;
        expect(m.upHours).toBeCloseTo(m.chargedHours! + m.freeHours! - m.paddingHours!, 6);
        expect(m.upHours).toBeCloseTo(m.spotUpHours! + m.onDemandUpHours!, 6);
        expect(m.idleHours!).toBeLessThanOrEqual(m.upHours! + 1e-6);
        expect(m.costUsd!).toBeCloseTo(
          timeline!.instances.reduce((sum, each) => sum + each.usd, 0),
          6,
        );
        expect(m.tasksCompleted!).toBeLessThanOrEqual(m.tasksArrived!);
        if (world.scheduling === "on-demand-only") expect(m.spotUpHours).toBe(0);
        if (world.scheduling === "greedy") expect(m.onDemandUpHours).toBe(0);
        // Slots: at each start of a stretch, what runs on that instance.
        for (const stretch of timeline!.work) {
          const beside = timeline!.work.filter(
            (other) => other.instance === stretch.instance && other.fromS <= stretch.fromS && other.toS > stretch.fromS,
          );
          expect(beside.length).toBeLessThanOrEqual(world.cloud.slotsPerInstance);
          const on = timeline!.instances.find(({ id }) => id === stretch.instance)!;
          expect(stretch.fromS).toBeGreaterThanOrEqual(on.readyS!);
          expect(stretch.toS).toBeLessThanOrEqual(on.endS + 1e-9);
        }
        if (world.caps) {
          // Ends before starts at one instant; a launch that the guard refused never went out.
          const turns = timeline!.instances.flatMap(({ requestedS, endS }) => [
            [requestedS, 1] as const,
            [endS, -1] as const,
          ]);
          let live = 0;
          for (const [, change] of turns.sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
            live += change;
            expect(live).toBeLessThanOrEqual(world.caps.instances);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  const price = fc.double({ min: 0, max: 5, noNaN: true });
  const bills = fc.record({
    disk: fc.record({ gib: fc.integer({ min: 1, max: 500 }), usdPerGibMonth: price }),
    addressUsdPerHour: price,
    transfer: fc.record(
      { betweenZonesUsdPerGib: price, betweenRegionsUsdPerGib: price, storageRegion: fc.constantFrom("r", "far") },
      { requiredKeys: ["betweenZonesUsdPerGib", "betweenRegionsUsdPerGib"] },
    ),
    balancerUsdPerHour: price,
  });

  it("is not changed by what is billed beside instances; the lines add up, and a look at each instance finds the same disks", () => {
    fc.assert(
      fc.property(worlds, bills, (world, bill) => {
        const { spec, decisions, result: off } = runOf(world);
        const { metrics, fingerprint, timeline } = simulate({ ...spec, cloud: { ...spec.cloud, bill } }, decisions);
        expect(fingerprint).toBe(off.fingerprint);
        const m = metrics as Record<string, number>;
        const { costUsd, usdPerWorkHour, ...rest } = off.metrics;
        expect(m).toMatchObject({ ...rest, instanceUsd: costUsd });
        expect(m.otherUsd).toBeCloseTo(m.diskUsd! + m.addressUsd! + m.transferUsd! + m.balancerUsd!, 6);
        expect(m.costUsd).toBeCloseTo(costUsd! + m.otherUsd!, 6);
        expect(m.balancerUsd).toBeCloseTo(Math.ceil(timeline!.endS / HOUR) * bill.balancerUsdPerHour, 6);

        // An instance that ended in the very instant of its answer was granted, or was not: either is right.
        const answerS = world.cloud.answerS.value;
        const grants = timeline!.instances
          .filter(({ endedBy }) => endedBy !== "refused")
          .map(({ requestedS, endS }) => ({ heldS: endS - (requestedS + answerS) }));
        const sure = grants.filter(({ heldS }) => heldS > 0).reduce((sum, { heldS }) => sum + Math.max(60, heldS), 0);
        const unsure = 60 * grants.filter(({ heldS }) => heldS === 0).length;
        const [diskUsdPerS, addressUsdPerS] = [
          (bill.disk.gib * bill.disk.usdPerGibMonth) / (30 * 24 * HOUR),
          bill.addressUsdPerHour / HOUR,
        ];
        expect(m.diskUsd).toBeGreaterThanOrEqual(sure * diskUsdPerS * (1 - 1e-9));
        expect(m.diskUsd).toBeLessThanOrEqual((sure + unsure) * diskUsdPerS * (1 + 1e-9));
        expect(m.addressUsd).toBeGreaterThanOrEqual(sure * addressUsdPerS * (1 - 1e-9));
        expect(m.addressUsd).toBeLessThanOrEqual((sure + unsure) * addressUsdPerS * (1 + 1e-9));

        // No more moves than the cards of the instances can send or take in; nothing does where all is in one place.
        const cardGiB = (100 * HOUR * m.upHours!) / 1024;
        const writers = world.onReclaim === "checkpointEvery" ? (40 / 100) * world.cloud.slotsPerInstance : 0;
        expect(m.transferGiB).toBeLessThanOrEqual(cardGiB * (2 * world.cloud.slotsPerInstance + writers) + 1e-6);
        if (world.zones.length === 1 && bill.transfer.storageRegion !== "far") expect(m.transferGiB).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("against any other on the same luck saves what its parts add up to, whatever is billed", () => {
    fc.assert(
      fc.property(worlds, fc.option(bills, { nil: undefined }), (world, bill) => {
        const [ours, baseline] = [world.scheduling, "on-demand-only"].map((scheduling) => {
          const { spec, decisions } = runOf({ ...world, scheduling });
          return billOf(simulate({ ...spec, cloud: { ...spec.cloud, ...(bill && { bill }) } }, decisions).metrics)!;
        });
        const { savingUsd, ...parts } = splitSaving(ours!, baseline!);
        const values = Object.values(parts);
        const size = values.reduce((sum, part) => sum + Math.abs(part), 1);
        expect(savingUsd).toBe(baseline!.costUsd - ours!.costUsd);
        expect(Math.abs(values.reduce((sum, part) => sum + part, 0) - savingUsd)).toBeLessThan(1e-9 * size);
      }),
      { numRuns: 40 },
    );
  });

  it("is the same run again", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { spec, decisions, result } = runOf(world);
        expect(simulate(spec, decisions)).toEqual(result);
      }),
      { numRuns: 20 },
    );
  });
});
