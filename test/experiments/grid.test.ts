import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { CodeDigests } from "../../experiments/closure.ts";
import { digestOf } from "../../experiments/digest.ts";
import { type Cell, gridOf } from "../../experiments/grid.ts";
import { chosen } from "../../experiments/only.ts";
import { planOf } from "../../experiments/plan.ts";
import type { StoredCell } from "../../experiments/store.ts";
import { loadStudy } from "../../experiments/study.ts";
import { tableOf } from "../../experiments/tables.ts";
import { root } from "../rules/project-files.ts";
import { scratchFolder, studyFile } from "./support/studies.ts";

const versions = { engine: "1", node: "24" };
const code = (folder = root) => new CodeDigests(root, folder);

async function cellsOf(changes: Parameters<typeof studyFile>[0] = [], sets: readonly string[] = []) {
  const path = studyFile(changes);
  return gridOf(loadStudy(path, sets), code(dirname(path)), versions, scratchFolder());
}

/** AWS price history of one zone, hourly for 100 h. */
function priceHistory(folder: string): string {
  const stamp = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString().replace(/\.\d+Z/, ".000Z");
  const rows = Array.from({ length: 101 }, (_, hour) => ({
    AvailabilityZone: "us-east-1b",
    InstanceType: "seed.24gb",
    ProductDescription: "Linux/UNIX",
    SpotPrice: (0.3 + (hour % 7) / 100).toFixed(6),
    Timestamp: stamp(hour),
  }));
  const path = join(folder, "prices.json");
  writeFileSync(path, JSON.stringify({ SpotPriceHistory: rows.reverse() }));
  return path;
}

const files = (windows: string): readonly (readonly [string, string])[] => [
  [
    "generate: { preset: synkti-seed }\n    windows: { lengthH: 24, seeds: 2 }",
    `files: [${priceHistory(scratchFolder())}]\n    windows: ${windows}`,
  ],
];

describe("the grid", () => {
  test("runs through axes, traces, units, replicates and policies, in this order", async () => {
    const { cells } = await cellsOf([
      ["baseline:", "sweep: { cloud.slotsPerInstance: [1, 2] }\nreplicates: 2\nbaseline:"],
    ]);
    const places = cells.map(
      ({ spec }) => `${spec.cloud.slotsPerInstance} ${spec.unit} ${spec.replicate} ${spec.policyId}`,
    );
    const expected = [1, 2].flatMap((slots) =>
      ["seed 1", "seed 2"].flatMap((unit) =>
        [0, 1].flatMap((replicate) =>
          ["on-demand", "greedy"].map((policy) => `${slots} ${unit} ${replicate} ${policy}`),
        ),
      ),
    );
    expect(places).toEqual(expected);
    expect(new Set(cells.map(({ key }) => key)).size).toBe(cells.length);
  });

  test("all policies, at all points of a sweep, meet the same luck; other units and replicates meet another", async () => {
    const { cells } = await cellsOf([
      ["baseline:", "sweep: { cloud.slotsPerInstance: [1, 2] }\nreplicates: 2\nbaseline:"],
    ]);
    const seeds = new Map<string, Set<string>>();
    for (const { spec } of cells) {
      const unit = `${spec.unit}, ${spec.replicate}`;
      seeds.set(unit, (seeds.get(unit) ?? new Set()).add(spec.seed));
    }
    expect([...seeds.values()].map((each) => each.size)).toEqual([1, 1, 1, 1]);
    expect(new Set(cells.map(({ spec }) => spec.seed)).size).toBe(4);
  });

  test("replicates and policies of a unit share its table; another unit has another", async () => {
    const { cells, tables } = await cellsOf([["baseline:", "replicates: 2\nbaseline:"]]);
    const byUnit = Map.groupBy(cells, ({ spec }) => spec.unit);
    expect([...byUnit.values()].map((each) => new Set(each.map(({ table }) => table)).size)).toEqual([1, 1]);
    const [first, second] = [...tables.values()].map(tableOf);
    expect(first!.endS).toBe(36 * 3600);
    expect(first!.priceUsdPerHourAt(0, 3600)).not.toBe(second!.priceUsdPerHourAt(0, 3600));
    expect(first!.markets.map(({ capacityType }) => capacityType)).toEqual(["spot", "onDemand"]);
  });

  test("a real trace is cut into as many disjoint windows, drain included, as it holds", async () => {
    // 100 h hold two stretches of 24 h and 12 h of drain: 0 to 36 and 36 to 72; a third would need 108.
    const { cells } = await cellsOf(files("{ lengthH: 24 }"));
    expect(cells.map(({ spec }) => [spec.unit, spec.fromS / 3600])).toEqual([
      ["0 h to 24 h", 0],
      ["0 h to 24 h", 0],
      ["36 h to 60 h", 36],
      ["36 h to 60 h", 36],
    ]);
    const chosenByHand = await cellsOf(files("[{ fromH: 60, lengthH: 24 }]"));
    expect(chosenByHand.cells.map(({ spec }) => spec.unit)).toEqual(["60 h to 84 h", "60 h to 84 h"]);
  });

  test("a trace shorter than the horizon is refused with the numbers and the remedy", async () => {
    await expect(cellsOf(files("{ lengthH: 89 }"))).rejects.toThrow(
      /study\.yaml:5:25: traces\.0\.windows\.lengthH: a window of 89 h and 12 h of drain does not fit: trace one-zone is 100 h long; shorten it to 88 h or less, or use a longer trace/,
    );
    await expect(cellsOf(files("[{ fromH: 70, lengthH: 24 }]"))).rejects.toThrow(
      /traces\.0\.windows\.0: ends at 94 h and 12 h of drain, but trace one-zone is 100 h long; move or shorten it, or let it go on at the trace's start with wrap: true/,
    );
  });

  test("random windows start anywhere in their unit, the same in every study of the trace, and count as its replicates", async () => {
    const windows = "{ lengthH: 10, random: { perUnit: 3, unitH: 30 } }";
    const { cells } = await cellsOf(files(windows));
    const byUnit = Map.groupBy(cells, ({ spec }) => spec.unit);
    // 100 h hold three units of 30 h; two policies, three windows.
    expect([...byUnit.keys()]).toEqual(["0 h to 30 h", "30 h to 60 h", "60 h to 90 h"]);
    for (const [i, unit] of [...byUnit.values()].entries()) {
      expect(unit.map(({ spec }) => spec.replicate)).toEqual([0, 0, 1, 1, 2, 2]);
      const starts = unit.map(({ spec }) => spec.fromS - i * 30 * 3600);
      expect(new Set(starts).size).toBe(3);
      // The window and 12 h of drain lie in the unit.
      for (const startS of starts) expect(startS >= 0 && startS <= 8 * 3600).toBe(true);
    }
    const again = await cellsOf(files(windows), ["cloud.visibility=told"]);
    expect(again.cells.map(({ spec }) => spec.fromS)).toEqual(cells.map(({ spec }) => spec.fromS));
    await expect(cellsOf(files("{ lengthH: 10, random: { perUnit: 3, unitH: 20 } }"))).rejects.toThrow(
      /windows\.random\.unitH: expected at least 22 \(lengthH and drainH\), found 20/,
    );
  });

  test("a window passes the trace's end only when it may, and goes on at its start", async () => {
    const { cells, tables } = await cellsOf(files("[{ fromH: 80, lengthH: 24, wrap: true }]"));
    const table = tableOf(tables.get(cells[0]!.table)!);
    expect(table.endS).toBe(36 * 3600);
    // Hour h of the file costs 0.3 + (h mod 7) / 100: hours 80 and 99, then 0 and 15.
    const priceAt = (hour: number) => Number(table.priceUsdPerHourAt(0, hour * 3600).toFixed(2));
    expect([0, 19, 20, 35].map(priceAt)).toEqual([0.33, 0.31, 0.3, 0.31]);
    await expect(cellsOf(files("[{ fromH: 0, lengthH: 4 }, { fromH: 80, lengthH: 24, wrap: true }]"))).rejects.toThrow(
      /windows\.1: goes on at the trace's start until 16 h, where windows\.0 is/,
    );
  });

  test("what the study does not say of an instance type, the catalog says, and a file of the study's own over it", async () => {
    const bare = [
      ["generate: { preset: synkti-seed }", "generate: { preset: synkti-seed, instanceType: g5.xlarge }"],
      ["  instanceTypes:\n    seed.24gb: { gpuMemoryMiB: 24000, networkMiBPerS: 1000 }\n", ""],
    ] as const;
    const own = scratchFolder();
    const catalog = (text: string) => {
      writeFileSync(join(own, "types.yaml"), text);
      return `catalog: ${join(own, "types.yaml")}\nquestion:`;
    };
    // A10G: 22 GiB usable; 2.5 Gbit/s are 298 MiB/s.
    expect((await cellsOf(bare)).cells[0]!.spec.cloud.instanceTypes).toEqual({
      "g5.xlarge": {
        gpuMemoryMiB: 22528,
        networkMiBPerS: 298,
        gpu: { count: 1, bandwidthGBPerS: 600, fp16Tflops: 70, link: { bandwidthGBPerS: 32, latencyUs: 90 } },
      },
    });
    const row = "gpu: A10G, gpus: 2, vcpus: 4, ramGiB: 16, networkGbps: 10, usdPerHour: { seed-1: 2 }";
    const withOwn = [
      ...bare,
      ["question:", catalog(`source: us\nasOf: 2026-01-01\ninstanceTypes:\n  g5.xlarge: { ${row} }\n`)],
      ["onDemandUsdPerHour: 1\n", ""],
    ] as const;
    const { cells, tables } = await cellsOf(withOwn);
    expect(cells[0]!.spec.cloud.instanceTypes).toEqual({
      "g5.xlarge": {
        gpuMemoryMiB: 45056,
        networkMiBPerS: 1192,
        gpu: { count: 2, bandwidthGBPerS: 600, fp16Tflops: 70, link: { bandwidthGBPerS: 32, latencyUs: 90 } },
      },
    });
    expect(tableOf(tables.get(cells[0]!.table)!).priceUsdPerHourAt(1, 0)).toBe(2);

    await expect(cellsOf([...bare, ["onDemandUsdPerHour: 1\n", ""]])).rejects.toThrow(
      /traces\.0: the catalog has no on-demand price of g5\.xlarge in seed-1; it has us-east-1/,
    );
    await expect(cellsOf([["question:", catalog("source: us\nasOf: 2026-01-01\ninstanceType: {}\n")]])).rejects.toThrow(
      /types\.yaml:3:1: instanceType: no such key; did you mean "instanceTypes"/,
    );
    await expect(cellsOf([["question:", "catalog: nowhere.yaml\nquestion:"]])).rejects.toThrow(
      /nowhere\.yaml: cannot be read \(ENOENT\)/,
    );
  });

  test("storage lies in a region of the trace, of its price list or of the catalog; any other name is a slip", async () => {
    const storedIn = (region: string, prices = "0.02") =>
      cellsOf([
        [
          "  profile: aws\n",
          `  profile: aws\n  bill: { transfer: { betweenZonesUsdPerGib: 0.01, betweenRegionsUsdPerGib: ${prices}, storageRegion: ${region} } }\n`,
        ],
      ]);
    await expect(storedIn("seed-11")).rejects.toThrow(
      /study\.yaml:\d+:\d+: cloud\.bill\.transfer\.storageRegion: no region is called "seed-11"; did you mean "seed-1"\?/,
    );
    for (const region of ["seed-1", "us-east-1"]) expect((await storedIn(region)).cells).not.toEqual([]);
    expect((await storedIn("on-prem", "{ seed-1: 0.02, on-prem: 0 }")).cells).not.toEqual([]);
  });

  test("a study that nobody could wait for is refused before its grid is built", async () => {
    await expect(cellsOf([["seeds: 2", "seeds: 100000000"]])).rejects.toThrow(
      /study\.yaml:5:36: traces\.0\.windows\.seeds: expected a number at most 100000, found 100000000/,
    );
    await expect(
      cellsOf([
        ["seeds: 2", "seeds: 10"],
        ["baseline:", "replicates: 100000\nbaseline:"],
      ]),
    ).rejects.toThrow(/study\.yaml: more than 1000000 runs; take fewer units/);
    const many = `[${Array.from({ length: 101 }, (_, i) => i + 1).join(", ")}]`;
    const axes = `sweep: { cloud.slotsPerInstance: ${many}, workload.params.tasks: ${many} }`;
    await expect(cellsOf([["baseline:", `${axes}\nbaseline:`]])).rejects.toThrow(
      /study\.yaml:\d+:1: sweep: 10201 points, expected at most 10000/,
    );
  });

  test("names that the trace does not have, and worlds that cannot be simulated, are refused before anything runs", async () => {
    await expect(cellsOf([["generate:", "markets: { zones: [seed-1a, seed-1b] }\n    generate:"]])).rejects.toThrow(
      /study\.yaml:4:33: traces\.0\.markets\.zones\.1: the trace has no "seed-1b"; it has seed-1a/,
    );
    await expect(cellsOf([["seed.24gb", "g5.xlarge"]])).rejects.toThrow(
      /study\.yaml:3:5: traces\.0: the catalog has no instance type seed\.24gb; did you mean .*cloud\.instanceTypes/,
    );
    await expect(cellsOf([["memoryMiB: 1000", "memoryMiB: 99000"]])).rejects.toThrow(/a task needs up to 99000 MiB/);
    await expect(cellsOf([["onDemandUsdPerHour: 1", "onDemandUsdPerHour: { g5.xlarge: 1 }"]])).rejects.toThrow(
      /the catalog has no instance type seed\.24gb/,
    );
  });
});

describe("the key of a cell", () => {
  const keys = async (...args: Parameters<typeof cellsOf>) => (await cellsOf(...args)).cells.map(({ key }) => key);

  test("is the digest of specification, versions and table, though what cells share is written once", async () => {
    for (const { key, spec, versions, table } of (await cellsOf()).cells) {
      expect(key).toBe(digestOf({ spec, versions, table }));
    }
  });

  test("is the same for the same study, wherever it lies", async () => {
    expect(await keys()).toEqual(await keys());
  });

  test.each([
    ["the on-demand price", "onDemandUsdPerHour=2", 4],
    ["the workload", "workload.params.tasks=21", 4],
    ["the cloud", "cloud.visibility=told", 4],
    ["the drain", "drainH=13", 4],
    ["a parameter of one policy", "policies.greedy.scheduling={ name: greedy, params: { retryS: 61 } }", 2],
    ["the assignment of one policy", "policies.greedy.assignment=kuhn-munkres", 2],
    // Words that change no run.
    ["the question", "question=What else?", 0],
    ["the baseline", "baseline=greedy", 0],
  ])("changes with %s", async (_, set, changed) => {
    const before = await keys();
    const after = await keys([], [set]);
    expect(after.filter((key) => !before.includes(key))).toHaveLength(changed);
  });

  test("changes with the versions of workbench and Node", async () => {
    const path = studyFile();
    const of = async (node: string) => (await gridOf(loadStudy(path), code(), { engine: "1", node })).cells[0]!.key;
    expect(await of("24.1")).not.toBe(await of("24.2"));
  });
});

describe("--only", () => {
  test("chooses by policy, trace, unit and the beginning of a key; several choices narrow it down", async () => {
    const { cells } = await cellsOf();
    const ids = (...choices: readonly string[]) =>
      chosen(cells, choices).map(({ spec }) => `${spec.policyId} ${spec.unit}`);
    expect(ids("policy=gree*")).toEqual(["greedy seed 1", "greedy seed 2"]);
    expect(ids("unit=seed ?", "policy=*demand")).toEqual(["on-demand seed 1", "on-demand seed 2"]);
    expect(ids(`cell=${cells[3]!.key.slice(0, 12)}`)).toEqual(["greedy seed 2"]);
    expect(ids()).toHaveLength(4);
  });

  test("a choice that leaves nothing, or that is none, is an error with the nearest name", async () => {
    const { cells } = await cellsOf();
    expect(() => chosen(cells, ["policy=gredy"])).toThrow(/no cell of this study answers to it; did you mean "greedy"/);
    expect(() => chosen(cells, ["polcy=greedy"])).toThrow(
      /expected policy=, trace=, unit=, cell=; did you mean "policy="/,
    );
    // Nothing in a pattern but * and ? is special.
    expect(() => chosen(cells, ["policy=gre.dy"])).toThrow(/no cell/);
  });
});

describe("the plan", () => {
  const stored = (cells: readonly Cell[], wallMs = 10) =>
    new Map(
      cells.map(({ key, place, parts }): [string, StoredCell] => [
        key,
        { key, place, parts, wallMs, result: { metrics: {}, assumptions: [], fingerprint: "" } },
      ]),
    );

  test("runs what is not stored, and says why", async () => {
    const { cells } = await cellsOf();
    expect(planOf(cells, new Map())).toMatchObject({
      stored: 0,
      estimatedMs: undefined,
      reasons: [
        { policyId: "on-demand", why: "never run", cells: 2 },
        { policyId: "greedy", why: "never run", cells: 2 },
      ],
    });
    const after = (await cellsOf([], ["policies.greedy.assignment=kuhn-munkres"])).cells;
    const plan = planOf(after, stored(cells));
    expect(plan.pending).toEqual(after.filter(({ spec }) => spec.policyId === "greedy"));
    expect(plan.reasons).toEqual([{ policyId: "greedy", why: "policy code, policy settings changed", cells: 2 }]);
    // Two cells of a policy whose cells took 10 ms.
    expect(plan.estimatedMs).toBe(20);
    const warmer = (await cellsOf([], ["cloud.visibility=told"])).cells;
    expect(planOf(warmer, stored(cells)).reasons.map(({ why }) => why)).toEqual(["cloud changed", "cloud changed"]);
  });
});
