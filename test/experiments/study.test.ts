import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadStudy } from "../../experiments/study.ts";
import { policyIds } from "../../experiments/study-checks.ts";
import { type Study, studyJsonSchema } from "../../experiments/study-schema.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { root } from "../rules/project-files.ts";
import { SMALL_STUDY, studyFile } from "./support/studies.ts";

/** The faults of a study, with its path cut to the file's name. */
function faults(changes: Parameters<typeof studyFile>[0], sets: readonly string[] = []): string[] {
  const path = studyFile(changes);
  try {
    loadStudy(path, sets);
  } catch (error) {
    expect((error as Error).name).toBe("StudyError");
    return (error as Error).message.split("\n").map((line) => line.replaceAll(path, basename(path)));
  }
  return [];
}

describe("a study that is as it should be", () => {
  test("is read with its defaults, and named after its file", () => {
    const loaded = loadStudy(studyFile());
    expect(loaded.name).toBe("study");
    expect(loaded.study).toMatchObject({ replicates: 1, sweep: {}, cadence: { onChange: true }, drainH: 12 });
    expect(loaded.points).toEqual([{ axes: {}, study: loaded.study }]);
  });

  test("policies without an id are called by their parts", () => {
    const { study } = loadStudy(
      studyFile([
        ["id: greedy, scheduling: greedy,", "scheduling: greedy, wrappers: [{ name: with-capacity-memory }],"],
        ["[[greedy, on-demand]]", '[["with-capacity-memory(greedy) + earliest-node", on-demand]]'],
      ]),
    );
    expect(policyIds(study)).toEqual(["on-demand", "with-capacity-memory(greedy) + earliest-node"]);
  });

  test.each(readdirSync(join(root, "experiments", "configs")).filter((file) => file.endsWith(".yaml")))(
    "%s ships: it has no faults, and its first line names the schema",
    (file) => {
      const path = join(root, "experiments", "configs", file);
      expect(loadStudy(path).points.length).toBeGreaterThan(0);
      expect(readFileSync(path, "utf8")).toMatch(/^# yaml-language-server: \$schema=\.\/study\.schema\.json\n/);
    },
  );

  test("the schema that ships is the one that studies are checked with", () => {
    const shipped = readFileSync(join(root, "experiments", "configs", "study.schema.json"), "utf8");
    expect(JSON.parse(shipped)).toEqual(studyJsonSchema());
  });
});

describe("a fault is told with line, column, what was expected, what was found and what was likely meant", () => {
  test("a mistyped key, once: it is not missing as well", () => {
    expect(faults([["  visibility: tried", "  visibilty: tried"]])).toEqual([
      'study.yaml:20:3: cloud.visibilty: no such key; did you mean "visibility"? There are profile, answerS, noticeLeadS, noticeMissingShare, rebalance, launchS, interruptions, visibility, depth, slotsPerInstance, instanceTypes, bill',
    ]);
  });

  test.each([
    [
      "a value out of a list",
      "visibility: tried",
      "visibility: tryed",
      'study.yaml:20:15: cloud.visibility: expected "told" or "tried", found "tryed"; did you mean "tried"?',
    ],
    [
      "a number that is none",
      "tasks: 20",
      "tasks: many",
      'study.yaml:11:12: workload.params.tasks: expected a number, found "many"',
    ],
    [
      "a number out of range",
      "lengthH: 24",
      "lengthH: 0",
      "study.yaml:5:25: traces.0.windows.lengthH: expected a number above 0, found 0",
    ],
    [
      "no number of a union",
      "onDemandUsdPerHour: 1",
      "onDemandUsdPerHour: yes",
      'study.yaml:7:21: onDemandUsdPerHour: expected a number or a mapping, found "yes"',
    ],
    [
      "nothing where a price must be",
      "onDemandUsdPerHour: 1\n",
      "onDemandUsdPerHour:\n",
      "study.yaml:7:20: onDemandUsdPerHour: expected a number or a mapping, found null",
    ],
    [
      "an unknown preset",
      "synkti-seed",
      "synkti-sed",
      'study.yaml:4:25: traces.0.generate.preset: expected "p3-2023" or "synkti-seed", found "synkti-sed"; did you mean "synkti-seed"?',
    ],
    [
      "an unknown policy",
      "scheduling: greedy",
      "scheduling: gredy",
      `study.yaml:27:31: policies.1.scheduling: expected ${schedulingPolicies.map(({ name }) => `"${name}"`).join(", ")} or ./a-file.ts or .py of your own, found "gredy"; did you mean "greedy"?`,
    ],
    [
      "an unknown parameter of a policy",
      "scheduling: greedy",
      "scheduling: { name: greedy, params: { retry: 1 } }",
      'study.yaml:27:57: policies.1.scheduling.params.retry: no such key; did you mean "retryS"? There are retryS',
    ],
    [
      "a policy for other work",
      "scheduling: greedy",
      "scheduling: uniform-progress",
      expect.stringMatching(
        /^study\.yaml:27:31: policies\.1\.scheduling: uniform-progress does not decide for the workload tasks; those that do are /,
      ),
    ],
    [
      "a file of one's own that is not there",
      "scheduling: greedy",
      "scheduling: ./mine.ts",
      expect.stringMatching(
        /^study\.yaml:27:31: policies\.1\.scheduling: there is no file .*mine\.ts; correct the path$/,
      ),
    ],
    [
      "two policies of one name",
      "id: greedy",
      "id: on-demand",
      'study.yaml:27:5: policies.1: is called "on-demand", as policies.0 is; give one of them an id',
    ],
    [
      "an unknown baseline",
      "baseline: on-demand",
      "baseline: on-demnd",
      'study.yaml:28:11: baseline: expected "on-demand" or "greedy", found "on-demnd"; did you mean "on-demand"?',
    ],
    [
      "a comparison with an unknown policy",
      "[greedy, on-demand]",
      "[gredy, on-demand]",
      'study.yaml:29:51: primary.comparisons.0.0: expected "on-demand" or "greedy", found "gredy"; did you mean "greedy"?',
    ],
    [
      "an unknown metric",
      "usdPerWorkHour",
      "usdPerWorkhour",
      expect.stringMatching(
        /^study\.yaml:29:20: primary\.metric: no metric "usdPerWorkhour" .* did you mean "usdPerWorkHour"\?/,
      ),
    ],
    [
      "a name that would drive a terminal",
      "id: greedy",
      'id: "\\e[2Jgreedy"',
      "study.yaml:27:11: policies.1.id: expected one line, without control characters",
    ],
    [
      "YAML that is none",
      "question: Which is cheaper?",
      "question: [",
      expect.stringMatching(/^study\.yaml:\d+:\d+: not YAML: /),
    ],
    [
      "a key that is there twice",
      "drainH: 12",
      "drainH: 12\ndrainH: 13",
      expect.stringMatching(/^study\.yaml:7:1: not YAML: map keys must be unique/),
    ],
    [
      "an alias without its anchor",
      "drainH: 12",
      "drainH: *twelve",
      expect.stringMatching(/^study\.yaml:1:1: not YAML: unresolved alias .*: twelve; write the values out$/),
    ],
    [
      "aliases of aliases that would fill the memory",
      "question: Which is cheaper?",
      `question: x\na0: &a0 [1]\n${[1, 2, 3, 4].map((i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(20)}]`).join("\n")}`,
      expect.stringMatching(/^study\.yaml:1:1: not YAML: excessive alias count/),
    ],
    [
      "a key of another kind of trace",
      "lengthH: 24, seeds: 2",
      "lengthH: 24, seeds: 2, random: { perUnit: 2 }",
      "study.yaml:5:39: traces.0.windows.random: does not go with what else stands here; remove it",
    ],
  ])("%s", (_, from, to, line) => {
    const found = faults([[from, to]]);
    expect(found).toContainEqual(line);
  });

  test("all faults of a file at once, in the order of the file", () => {
    const found = faults([
      ["baseline: on-demand", "baseline: nobody"],
      ["tasks: 20", "tasks: -1"],
      ["profile: aws", "profile: gcp"],
    ]);
    expect(found.map((line) => line.split(": ", 2).join(": "))).toEqual([
      "study.yaml:11:12: workload.params.tasks",
      "study.yaml:18:12: cloud.profile",
      "study.yaml:28:11: baseline",
    ]);
  });

  test("windows that share time, drain included, are no units of inference", () => {
    const trace = "generate: { preset: synkti-seed }\n    windows: { lengthH: 24, seeds: 2 }";
    expect(faults([[trace, "dataset: skynomad-p3\n    windows: { lengthH: 24, everyH: 30 }"]])).toEqual([
      "study.yaml:5:37: traces.0.windows.everyH: expected at least 36 (lengthH and drainH), found 30: windows must not share time",
    ]);
    const list = "dataset: skynomad-p3\n    windows: [{ fromH: 0, lengthH: 24 }, { fromH: 35, lengthH: 24 }]";
    expect(faults([[trace, list]])).toEqual([
      "study.yaml:5:42: traces.0.windows.1: shares time with windows.0, which lasts from 0 h to 36 h, drainH included; move it apart",
    ]);
  });

  test("an empty file, and one that is not there", () => {
    const path = studyFile();
    writeFileSync(path, "");
    expect(() => loadStudy(path)).toThrow(/study\.yaml:1:1: expected a study .*found nothing/);
    expect(() => loadStudy(join(dirname(path), "other.yaml"))).toThrow(/other\.yaml: cannot be read \(ENOENT\)/);
  });
});

describe("--set", () => {
  test("replaces a value, read as YAML; entries of lists go by id, name or position", () => {
    const { study, sets } = loadStudy(studyFile(), [
      "workload.params.tasks=7",
      "policies.greedy.caps={ instances: 3 }",
      "traces.one-zone.windows.seeds=5",
      "policies.0.assignment=kuhn-munkres",
      "cloud.instanceTypes.seed.24gb.gpuMemoryMiB=30000",
    ]);
    expect(study.workload.params).toMatchObject({ tasks: 7 });
    expect(study.policies).toMatchObject([{ assignment: "kuhn-munkres" }, { caps: { instances: 3 } }]);
    expect(study.traces[0]!.windows).toEqual({ lengthH: 24, seeds: 5 });
    expect(study.cloud.instanceTypes["seed.24gb"]).toEqual({ gpuMemoryMiB: 30000, networkMiBPerS: 1000 });
    expect(sets).toHaveLength(5);
  });

  test("traces.root says where all data sets lie, from where it was typed", () => {
    const path = studyFile([
      ["generate: { preset: synkti-seed }", "dataset: skynomad-p3"],
      ["windows: { lengthH: 24, seeds: 2 }", "windows: { lengthH: 24 }"],
    ]);
    expect(loadStudy(path, ["traces.root=some/where"]).study.traces[0]).toMatchObject({
      root: join(process.cwd(), "some/where"),
    });
  });

  test("faults are told at the option, with the nearest name", () => {
    expect(faults([], ["workload.params.task=3"])).toEqual([
      '--set workload.params.task=3: workload.params.task: no such key; did you mean "tasks"? There are tasks, arrivals, workH, memoryMiB, state, onReclaim, checkpoint, models',
    ]);
    expect(faults([], ["policies.gredy.id=x"])).toEqual([
      '--set policies.gredy.id=x: policies has no entry "gredy.id"; did you mean "greedy"?',
    ]);
    expect(faults([], ["question.x=1"])).toEqual([
      '--set question.x=1: question is "Which is cheaper?" and has no "x" in it',
    ]);
    expect(faults([], ["tasks"])).toEqual(["--set tasks: expected path.of.key=value"]);
  });
});

test("the seed's accounting is of tasks, and refused for another workload", () => {
  const tasks = /workload:\n[\s\S]*?(?=cloud:)/.exec(SMALL_STUDY)![0];
  const job = `accounting: synkti-seed
workload:
  model: deadline-job
  params: { workH: 10, deadlineH: 20, restartOverheadS: 300, nodes: 1 }
`;
  expect(faults([[tasks, job]])).toContainEqual(
    expect.stringMatching(/accounting: is an account of tasks, not of a deadline-job; remove it$/),
  );
  expect(faults([[tasks, `accounting: synkti-seed\n${tasks}`]])).toEqual([]);
});

describe("a sweep", () => {
  const swept = (sweep: string): Parameters<typeof studyFile>[0] => [["baseline:", `sweep: ${sweep}\nbaseline:`]];

  test("is the product of its axes, the last one fastest, each point a study of its own", () => {
    const { points } = loadStudy(
      studyFile(swept("{ cloud.slotsPerInstance: [1, 2], workload.params.tasks: [5, 6, 7] }")),
    );
    expect(points.map(({ axes }) => Object.values(axes))).toEqual([
      [1, 5],
      [1, 6],
      [1, 7],
      [2, 5],
      [2, 6],
      [2, 7],
    ]);
    const tasksOf = ({ workload }: Study) => ("tasks" in workload.params ? workload.params.tasks : undefined);
    expect(points.map(({ study }) => [study.cloud.slotsPerInstance, tasksOf(study)])).toEqual(
      points.map(({ axes }) => Object.values(axes)),
    );
  });

  test("a mapping gives each value of an axis a name, by which records and legends call it", () => {
    const instant = "{ kind: constant, value: 0 }";
    const { points } = loadStudy(
      studyFile(swept(`{ cloud.answerS: { none: ${instant}, one: { kind: constant, value: 1 } } }`)),
    );
    expect(points.map(({ axes, study }) => [axes, study.cloud.answerS])).toEqual([
      [{ "cloud.answerS": "none" }, { kind: "constant", value: 0 }],
      [{ "cloud.answerS": "one" }, { kind: "constant", value: 1 }],
    ]);
    expect(faults(swept(`{ cloud.answerS: { none: ${instant}, one: { kind: constnt, value: 1 } } }`))[0]).toMatch(
      /^study\.yaml:28:68: cloud\.answerS\.kind: /,
    );
    expect(faults(swept("{ cloud.answerS: {} }"))).toEqual([
      "study.yaml:28:25: sweep.cloud.answerS: expected at least one value",
    ]);
  });

  test("an axis with a name of its own says several settings anew, together", () => {
    const sizes = (second: string) =>
      swept(
        `{ size: { small: { workload.params.tasks: 5, drainH: 1 }, large: { workload.params.tasks: 50, ${second} } } }`,
      );
    const { points } = loadStudy(studyFile(sizes("drainH: 9")));
    expect(points.map(({ axes, study }) => [axes, study.workload.params, study.drainH])).toEqual([
      [{ size: "small" }, expect.objectContaining({ tasks: 5 }), 1],
      [{ size: "large" }, expect.objectContaining({ tasks: 50 }), 9],
    ]);
    expect(faults(sizes("drainH: soon"))[0]).toMatch(/^study\.yaml:28:\d+: drainH: expected a number/);
    expect(faults(sizes("question: why"))[0]).toMatch(
      /^study\.yaml:28:\d+: sweep\.size\.large\.question: question cannot be swept/,
    );
  });

  test("a value that is there twice is refused, as it would count its runs twice", () => {
    expect(faults(swept("{ cloud.slotsPerInstance: [1, 2, 1] }"))).toEqual([
      "study.yaml:28:41: sweep.cloud.slotsPerInstance.2: 1 is there twice; remove one",
    ]);
  });

  test("faults of a value are told where the value stands", () => {
    expect(faults(swept("{ cloud.visibility: [told, tryed] }"))).toEqual([
      'study.yaml:28:35: cloud.visibility: expected "told" or "tried", found "tryed"; did you mean "tried"?',
    ]);
    expect(faults(swept("{ cloud.visibilty: [told] }"))[0]).toMatch(
      /^study\.yaml:28:28: cloud\.visibilty: no such key; did you mean "visibility"/,
    );
    expect(faults(swept("{ question: [a, b] }"))).toEqual([
      "study.yaml:28:10: sweep.question: question cannot be swept; a path begins with workload, cloud, cadence, drainH, onDemandUsdPerHour, policies, traces",
    ]);
  });
});
