import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { CodeDigests } from "../../experiments/closure.ts";
import { gridOf } from "../../experiments/grid.ts";
import { runCell } from "../../experiments/run-cell.ts";
import { packed, unpacked } from "../../experiments/shared-buffers.ts";
import { loadStudy } from "../../experiments/study.ts";
import { requestColumns, type TableSource, tableOf } from "../../experiments/tables.ts";
import { writeRequestFile } from "../../traces/request-file.ts";
import { root } from "../rules/project-files.ts";
import { SMALL_STUDY, scratchFolder, studyFile } from "./support/studies.ts";

const versions = { engine: "1", node: "24" };
const report = { format: "by hand", files: [], rowsRead: 0, kept: 0, dropped: [], warnings: [], startsAt: "unknown" };

/** A file of one request every 10 s for so many hours, in a folder of its own. */
function requestFile(hours: number, folder = scratchFolder()): string {
  const arrivalS = Float64Array.from({ length: hours * 360 }, (_, i) => 10 * i);
  const path = join(folder, "some.requests");
  const inputTokens = new Uint32Array(arrivalS.length).fill(100);
  const outputTokens = new Uint32Array(arrivalS.length).fill(20);
  writeRequestFile(path, { digest: "by hand", report, arrivalS, inputTokens, outputTokens });
  return path;
}

const tasks = SMALL_STUDY.slice(SMALL_STUDY.indexOf("workload:"), SMALL_STUDY.indexOf("cloud:"));
const policies = SMALL_STUDY.slice(SMALL_STUDY.indexOf("policies:"));
const drain: readonly [string, string] = ["drainH: 12", "drainH: 1"];

/** The small study with a service on g5.xlarge. */
const service = (
  requests: string,
  more = "",
  instanceTypes = "{ seed.24gb: { gpuMemoryMiB: 22528, networkMiBPerS: 298, gpu: { count: 1, bandwidthGBPerS: 600, fp16Tflops: 70 } } }",
): Parameters<typeof studyFile>[0] => [
  drain,
  [tasks, `workload:\n  model: serving\n  params: { replicas: 1, requests: ${requests} }\n`],
  [
    "instanceTypes:\n    seed.24gb: { gpuMemoryMiB: 24000, networkMiBPerS: 1000 }",
    `instanceTypes: ${instanceTypes}\ncadence: { onChange: true, everyS: 60 }`,
  ],
  [
    policies,
    `policies:\n  - { id: a, scheduling: on-demand-only, assignment: first-fit${more} }\nbaseline: a\nprimary: { metric: latencyP99S, comparisons: [] }\n`,
  ],
];

async function gridFor(changes: Parameters<typeof studyFile>[0]) {
  const path = studyFile(changes);
  return gridOf(loadStudy(path), new CodeDigests(root, dirname(path)), versions, scratchFolder());
}

describe("a study of requests", () => {
  test("replays those of a file that come within each window, whatever process the cell runs in", async () => {
    const { cells, tables } = await gridFor(service(`{ from: { file: "${requestFile(30)}" }, model: llama-3-8b }`));
    const source = tables.get(cells[0]!.table)!;
    const run = (each: TableSource) =>
      runCell(cells[0]!.spec, tableOf(each), { requests: requestColumns(each.requests!) });
    const { metrics, assumptions } = run(source);
    expect(metrics).toMatchObject({ requestsArrived: 24 * 360, requestsCompleted: 24 * 360 });
    expect(assumptions.filter((text) => text.includes("last request"))).toEqual([]);
    expect(run(unpacked(packed(source)) as TableSource)).toEqual({ ...run(source) });
  });

  test("says so where a file ends before the window", async () => {
    const { cells, tables } = await gridFor(service(`{ from: { file: "${requestFile(5)}" }, model: llama-3-8b }`));
    const source = tables.get(cells[0]!.table)!;
    const { assumptions } = runCell(cells[0]!.spec, tableOf(source), { requests: requestColumns(source.requests!) });
    expect(assumptions.at(-1)).toMatch(
      /the last request of .*some.requests comes 5.00 h into the window, and none after/,
    );
  });

  test("has other keys when the file's bytes are others, and the same ones wherever it lies", async () => {
    const keys = async (hours: number) => {
      const folder = scratchFolder();
      requestFile(hours, folder);
      const path = studyFile(service("{ from: { file: some.requests }, model: llama-3-8b }"), folder);
      const grid = await gridOf(loadStudy(path), new CodeDigests(root, folder), versions, scratchFolder());
      return grid.cells.map(({ key }) => key);
    };
    const once = await keys(1);
    expect(await keys(1)).toEqual(once);
    expect((await keys(2)).filter((key) => once.includes(key))).toEqual([]);
  });

  test("says when none of a file comes within the window", async () => {
    const file = join(scratchFolder(), "late.requests");
    const [arrivalS, inputTokens, outputTokens] = [Float64Array.of(1e6), Uint32Array.of(1), Uint32Array.of(1)];
    writeRequestFile(file, { digest: "by hand", report, arrivalS, inputTokens, outputTokens });
    await expect(gridFor(service(`{ from: { file: "${file}" }, model: llama-3-8b }`))).rejects.toThrow(
      /requests\.from: no request of .*late\.requests arrives within the window/,
    );
  });

  test("draws lengths from a file, and all of a preset", async () => {
    const tokens = `{ file: "${requestFile(1)}" }`;
    const drawn = await gridFor(
      service(`{ from: { arrivals: { kind: poisson, perS: 0.1 }, tokens: ${tokens} }, model: llama-3-8b }`),
    );
    const source = drawn.tables.get(drawn.cells[0]!.table)!;
    const { metrics } = runCell(drawn.cells[0]!.spec, tableOf(source), {
      requests: requestColumns(source.requests!),
    });
    expect(metrics.tokensReturned! / metrics.requestsCompleted!).toBe(20);
    const preset = await gridFor(service("{ from: { preset: azure-chat-2023, perS: 0.1 }, model: llama-3-8b }"));
    const table = tableOf(preset.tables.get(preset.cells[0]!.table)!);
    // 24 h at 0.1 a second, CV 1.09: 8,640, within four standard deviations of 1.09 x 93.
    expect(Math.abs(runCell(preset.cells[0]!.spec, table).metrics.requestsArrived! - 8640)).toBeLessThan(406);
  });
});

/** In the form of SpotServe's artifact: two GPUs share a stage; a batch of 1, 2, 4 takes 2, 3, 5 ms a layer and token. */
function profileFile(changes: object = {}): string {
  const path = join(scratchFolder(), "invented.json");
  const sizes = { "bsz-1": { init: 20, incr: 2 }, "bsz-2": { init: 40, incr: 3 }, "bsz-4": { init: 80, incr: 5 } };
  const head = { name: "invented", layer_num: 10, final_fix_factor: 1, pp_init_comm: 0, pp_incr_comm: 0, max_tp: 2 };
  writeFileSync(path, JSON.stringify({ ...head, embed: [0, 0, 0], "tp-1": sizes, "tp-2": sizes, ...changes }));
  return path;
}

const profiled = (file: string, more = "batchMax: 4", layout = "tensor: 1") =>
  service(
    `{ from: { file: "${requestFile(30)}" }, model: llama-3-8b, measured: { file: "${file}", ${layout}, promptTokens: 50 }, ${more} }`,
  );

describe("times from a latency profile", () => {
  test("are those that were measured, and what was read stands in the record", async () => {
    const { cells, tables } = await gridFor(profiled(profileFile()));
    const source = tables.get(cells[0]!.table)!;
    const { metrics, assumptions } = runCell(cells[0]!.spec, tableOf(source), {
      requests: requestColumns(source.requests!),
    });
    // 100 tokens, read in proportion to 50 in 10 layers of 20 ms: 0.4 s; then 19 steps of 10 layers of 2 ms.
    expect(metrics.ttftP50S).toBeCloseTo(0.4, 3);
    expect(metrics.tpotP50S).toBeCloseTo(0.02, 4);
    expect(metrics.latencyP50S).toBeCloseTo(0.4 + 19 * 0.02, 3);
    expect(assumptions.at(-1)).toContain("a latency profile, each prompt in proportion to the 50 tokens");
    expect(JSON.stringify(cells[0]!.spec.workload)).toContain('"name":"invented"');
  });

  test.each([
    [
      "a batch beyond the largest that was measured",
      () => profiled(profileFile(), "batchMax: 8"),
      /invented has no micro-batch of 5 at tensor degree 1; measured are 1, 2, 4; lower workload\.params\.requests\.batchMax/,
    ],
    [
      "a hole",
      () => profiled(profileFile({ "tp-2": {} })),
      /invented\.json: tp-2: bsz-1: missing; measure it anew, or mend the file/,
    ],
    [
      "more GPUs than there are",
      () => profiled(profileFile(), "batchMax: 4", "tensor: 2"),
      /a replica of 1 x 2 GPUs has no room on seed\.24gb, which has 1; lower workload/,
    ],
  ])("refuse %s", async (_name, changes, message) => {
    await expect(gridFor(changes())).rejects.toThrow(message);
  });
});

describe("a study of requests is refused", () => {
  const poisson = "arrivals: { kind: poisson, perS: 1 }";
  const tokens = "tokens: { input: { kind: constant, value: 100 }, output: { kind: constant, value: 10 } }";
  const from = `from: { ${poisson}, ${tokens} }`;

  test.each([
    [
      "a model that fits no instance here, with those of the catalog that it fits",
      service(`{ ${from}, model: llama-3-70b }`),
      /study\.yaml:10:\d+: workload\.params\.requests\.model: the model has no room on seed\.24gb: its weights need 149515 MiB of GPU memory, with memoryShare 0\.9, and there are 22528; take another type, or a smaller model\. It fits g5\.48xlarge, g6\.48xlarge/,
    ],
    [
      "an instance whose GPUs nobody describes",
      service(`{ ${from}, model: llama-3-8b }`, "", "{ seed.24gb: { gpuMemoryMiB: 22528, networkMiBPerS: 298 } }"),
      /instance type seed\.24gb has no GPUs to time requests by; add cloud\.instanceTypes\.seed\.24gb\.gpu with count, bandwidthGBPerS and fp16Tflops/,
    ],
    [
      "a file that is not there",
      service('{ from: { file: "no.requests" }, model: llama-3-8b }'),
      /no\.requests: cannot be read \(ENOENT\)/,
    ],
    [
      "a router that nobody has, with the nearest",
      service(`{ ${from}, model: llama-3-8b }`, ", routing: least-outstandin"),
      /policies\.0\.routing: .*least-outstanding/,
    ],
    ["a model that nobody has", service(`{ ${from}, model: llama-9 }`), /workload\.params\.requests\.model/],
    [
      "negative tokens",
      service(`{ from: { ${poisson}, ${tokens.replace("100", "-100")} }, model: llama-3-8b }`),
      /requests\.from/,
    ],
    [
      "no replica at any time",
      service(`{ ${from}, model: llama-3-8b }`)!.map(([a, b]) => [a, b.replace("replicas: 1", "replicas: 0")] as const),
      /workload\.params\.replicas/,
    ],
    [
      "an slo of nothing",
      service(`{ ${from}, model: llama-3-8b, slo: {} }`),
      /expected at least one of ttftS, tpotS and latencyS/,
    ],
  ])("%s", async (_name, changes, message) => {
    await expect(gridFor(changes)).rejects.toThrow(message);
  });

  test("a router where nobody asks anything", async () => {
    const changes = service("X", ", routing: random")!.map(
      ([a, b]) => [a, b.replace(", requests: X", "").replace("latencyP99S", "costUsd")] as const,
    );
    await expect(gridFor(changes)).rejects.toThrow(
      /policies\.0\.routing: routes requests, and the workload has none; remove it, or give workload\.params\.requests/,
    );
  });
});
