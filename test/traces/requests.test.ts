import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importAny } from "../../traces/open.ts";
import { requestStatistics } from "../../traces/request-file.ts";
import { requestPresets } from "../../traces/request-presets.ts";
import { generateRequests, type OpenRequestModel, replayRequests, requestModel } from "../../traces/requests.ts";
import { describeReal, sharedData } from "./real-data.ts";

const columnsOf = (requests: ReturnType<typeof generateRequests>) => {
  const rows: [number, number, number][] = [];
  while (requests.next()) rows.push([requests.arrivalS, requests.inputTokens, requests.outputTokens]);
  return rows;
};
const model: OpenRequestModel = {
  arrivals: { kind: "poisson", perS: 10 },
  tokens: {
    input: { kind: "lognormal", median: 500, p95: 3000 },
    output: { kind: "lognormal", median: 100, p95: 400 },
    outputMax: 1000,
  },
};

describe("generated requests", () => {
  it("are as long as their distributions say, independently in and out, and cut where that was said", () => {
    const rows = columnsOf(generateRequests(model, "1", 5000));
    const n = rows.length;
    const shareAbove = (column: 1 | 2, tokens: number) => rows.filter((row) => row[column] > tokens).length / n;
    const near = (share: number, expected: number) =>
      expect(Math.abs(share - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / n) + 0.002); // rounding
    near(shareAbove(1, 500), 0.5);
    near(shareAbove(1, 3000), 0.05);
    near(shareAbove(2, 100), 0.5);
    near(shareAbove(2, 400), 0.05);
    near(rows.filter(([, input, output]) => input > 500 && output > 100).length / n, 0.25);
    expect(Math.max(...rows.map((row) => row[2]))).toBe(1000);
    expect(Math.min(...rows.map((row) => row[1]))).toBeGreaterThanOrEqual(1);
  });

  it("have lengths of their own number: at another rate, the same requests come at other times", () => {
    const fast = columnsOf(generateRequests({ ...model, arrivals: { kind: "gamma", perS: 30, cv: 3 } }, "1", 100));
    const slow = columnsOf(generateRequests(model, "1", 100));
    const both = Math.min(fast.length, slow.length);
    const lengths = (rows: typeof fast) => rows.slice(0, both).map(([, input, output]) => [input, output]);
    expect(lengths(fast)).toEqual(lengths(slow));
    expect(both).toBeGreaterThan(500);
  });

  it("take input and output of one row together where a file has the lengths, each row alike often", () => {
    const tokens = { inputTokens: Uint32Array.of(7, 900, 0), outputTokens: Uint32Array.of(3, 40, 5) };
    const rows = columnsOf(generateRequests({ arrivals: model.arrivals, tokens }, "1", 1000));
    const pairs = new Map<string, number>();
    for (const [, input, output] of rows)
      pairs.set(`${input} ${output}`, (pairs.get(`${input} ${output}`) ?? 0) + 1 / rows.length);
    expect([...pairs.keys()].sort()).toEqual(["1 5", "7 3", "900 40"]); // a request puts in at least one token
    for (const share of pairs.values())
      expect(Math.abs(share - 1 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / rows.length));
  });

  it("end before the end that they are given, and a file's requests after its last row", () => {
    const rows = columnsOf(generateRequests(model, "1", 3));
    expect(Math.max(...rows.map(([arrivalS]) => arrivalS))).toBeLessThan(3);
    const columns = {
      arrivalS: Float64Array.from(rows, ([arrivalS]) => arrivalS),
      inputTokens: Uint32Array.from(rows, (row) => row[1]),
      outputTokens: Uint32Array.from(rows, (row) => row[2]),
    };
    expect(columnsOf(replayRequests(columns))).toEqual(rows);
  });

  it("are refused with the place of what makes no sense", () => {
    const faultOf = (change: object) =>
      requestModel.safeParse({ ...model, ...change }).error?.issues[0]?.path.join(".");
    expect(faultOf({})).toBeUndefined();
    expect(faultOf({ arrivals: { kind: "poisson", perS: 0 } })).toBe("arrivals.perS");
    expect(faultOf({ arrivals: { kind: "gamma", perS: 1 } })).toBe("arrivals.cv");
    expect(faultOf({ arrivals: { kind: "poisson", perS: 1, daily: { share: 2 } } })).toBe("arrivals.daily.share");
    expect(
      faultOf({ tokens: { input: { kind: "constant", value: -1 }, output: { kind: "constant", value: 1 } } }),
    ).toBe("tokens.input.value");
  });
});

describe.each(requestPresets)("preset $name", ({ model }) => {
  it("is a valid model", () => expect(requestModel.parse(model)).toEqual(model));
});

describeReal("presets of requests", () => {
  it.each([
    ["azure-chat-2023", "conv"],
    ["azure-code-2023", "code"],
  ])("%s has the rate, the variation and the mean lengths of its data", async (name, file) => {
    const got = await importAny(
      { files: [join(sharedData, `azure-llm-2023/AzureLLMInferenceTrace_${file}.csv`)] },
      mkdtempSync(join(tmpdir(), "requests-")),
    );
    if (!("kind" in got) || got.kind !== "requests") throw new Error("no requests");
    const data = requestStatistics(got.trace);
    const { model } = requestPresets.find((each) => each.name === name)!;
    expect(model.arrivals).toMatchObject({
      perS: expect.closeTo(data.perSecond, 2),
      cv: expect.closeTo(data.interarrivalCv!, 2),
    });
    const { input, output } = model.tokens as unknown as Record<string, { values: number[] }>;
    const meanOf = ({ values }: { values: number[] }) => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(Math.abs(meanOf(input!) / data.meanInputTokens - 1)).toBeLessThan(0.002); // 20 roundings, parts of unequal size
    expect(Math.abs(meanOf(output!) / data.meanOutputTokens - 1)).toBeLessThan(0.02);
  });
});
