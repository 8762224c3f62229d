import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatsPage } from "../../traces/formats-page.ts";
import { importAny, openStudyTrace } from "../../traces/open.ts";
import { openRequestFile, requestStatistics, writeRequestFile } from "../../traces/request-file.ts";
import { readProjectFile } from "../rules/project-files.ts";
import { describeReal, sharedData } from "./real-data.ts";

const folder = mkdtempSync(join(tmpdir(), "other-"));
let written = 0;
const file = (text: string) => {
  const path = join(folder, `f${written++}`);
  writeFileSync(path, text);
  return path;
};
const requestsOf = async (path: string) => {
  const got = await importAny({ files: [path] }, join(folder, "cache"));
  if (!("kind" in got) || got.kind !== "requests") throw new Error("no requests");
  const { arrivalS, inputTokens, outputTokens, report } = got.trace;
  return {
    rows: Array.from(arrivalS, (timeS, i) => [timeS, inputTokens[i], outputTokens[i]]),
    report,
    trace: got.trace,
  };
};
const refused = (text: string, message: RegExp) => expect(importAny({ files: [file(text)] })).rejects.toThrow(message);

describe("request arrivals", () => {
  it("Azure: seven digits of the second are kept, CRLF and no final newline are accepted, time 0 is the first request", async () => {
    const { rows, report } = await requestsOf(
      file(
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2026-11-16 18:17:03.9799600,4808,10\r\n2026-11-16 18:17:04.0319605,3180,8",
      ),
    );
    expect(rows).toEqual([
      [0, 4808, 10],
      [expect.closeTo(0.0520005, 6), 3180, 8],
    ]);
    expect(rows[1]![0]).not.toBe(0.052); // what a Date would make of it
    expect(report).toMatchObject({ format: "azure-llm", rowsRead: 2, startsAt: "2026-11-16T18:17:03.979Z" });
    expect(report.warnings[0]).toContain("taken as UTC");
  });

  it("BurstGPT: by the names of its columns in any version; a response of no tokens is a failed request, counted", async () => {
    const first = await requestsOf(
      file(
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,0,1087,API log\n",
      ),
    );
    const third = await requestsOf(
      file(
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,a,1.2,ChatGPT,472,18,490,x\n",
      ),
    );
    expect(first.rows).toEqual([[5, 472, 18]]);
    expect(third.rows).toEqual(first.rows);
    expect(first.report).toMatchObject({
      rowsRead: 2,
      kept: 1,
      dropped: [{ why: "failed, without a response", rows: 1 }],
    });
  });

  it("Vidur and Splitwise; rows out of order are sorted and counted", async () => {
    const { rows, report } = await requestsOf(
      file("arrived_at,num_prefill_tokens,num_decode_tokens\n2.5,100,7\n0.5,90,3\n"),
    );
    expect(rows).toEqual([
      [0.5, 90, 3],
      [2.5, 100, 7],
    ]);
    expect(report.warnings[0]).toContain("1 requests arrived before the row above them: sorted");
  });

  it("SpotServe: 128 tokens out, as the paper has it, and said so", async () => {
    const { rows, report } = await requestsOf(file("0,2.531250,512,0\n1,5.05,512,2966\n"));
    expect(rows).toEqual([
      [2.53125, 512, 128],
      [5.05, 512, 128],
    ]);
    expect(report.warnings[0]).toContain("128 tokens, as the paper has it");
  });

  it("refuses what is no request, with its line", async () => {
    const head = "arrived_at,num_prefill_tokens,num_decode_tokens\n";
    await refused(`${head}n/a,1,1\n`, /:2: "n\/a" is no time of arrival/);
    await refused(`${head}1,1\n`, /:2: "" is no number of tokens/);
    await refused(`${head}1,-1,2\n`, /:2: "-1" is no number of tokens; drop the row or mend it/);
    await refused(`${head}1,1,4294967296\n`, /is no number of tokens/);
    await refused(head, /no requests; the download failed/);
  });

  it("are no trace: a study that names them is told so", async () => {
    await expect(openStudyTrace({ files: [file("0,2.531250,512,0\n")] })).rejects.toThrow(
      /holds requests; a trace needs prices/,
    );
    const both = [file("0,2.531250,512,0\n"), file("a")];
    await expect(importAny({ files: both })).rejects.toThrow(/holds request arrivals; name it alone/);
  });

  it("come back from their file as they went in; a file that is cut, damaged or none is refused", async () => {
    const { trace } = await requestsOf(file("0,2.531250,512,0\n1,5.05,510,2966\n"));
    const path = join(folder, "x.requests");
    writeRequestFile(path, trace);
    const again = openRequestFile(path);
    expect(again).toEqual(trace);
    expect(again.arrivalS.buffer).toBeInstanceOf(SharedArrayBuffer);
    const bytes = readFileSync(path);
    const at = (content: Uint8Array) => {
      const to = file("");
      writeFileSync(to, content);
      return to;
    };
    expect(() => openRequestFile(at(bytes.subarray(0, bytes.length - 1)))).toThrow(/cut short/);
    const damaged = Buffer.from(bytes);
    damaged[40]! ^= 1;
    expect(() => openRequestFile(at(damaged))).toThrow(/damaged/);
    expect(() => openRequestFile(at(Buffer.from("hello")))).toThrow(/not a file of requests/);
    expect(() => openRequestFile(join(folder, "absent"))).toThrow(/ENOENT/);
    expect(() => writeRequestFile(join(folder, "no", "x"), trace)).toThrow(/cannot be written \(ENOENT\)/);
  });

  it("statistics by hand: 0, 1, 3 s are 2 in 3 s, gaps of 1 and 2 s deviate by a third of their mean", () => {
    const statistics = requestStatistics({
      arrivalS: Float64Array.of(0, 1, 3),
      inputTokens: Uint32Array.of(1, 2, 6),
      outputTokens: Uint32Array.of(1, 1, 1),
    });
    expect(statistics).toMatchObject({ requests: 3, meanInputTokens: 3, meanOutputTokens: 1 });
    expect(statistics.perSecond).toBeCloseTo(2 / 3, 12);
    expect(statistics.interarrivalCv).toBeCloseTo(1 / 3, 12);
  });
});

describe("the Spot Instance Advisor", () => {
  const feed = (r: number, label = "<5%") =>
    JSON.stringify({
      ranges: [{ index: 0, label, dots: 0, max: 5 }],
      instance_types: { "g5.xlarge": { cores: 4 } },
      spot_advisor: { "us-east-1": { Linux: { "g5.xlarge": { s: 55, r } } } },
    });
  const hazardOf = async (r: number) => {
    const got = await importAny({ files: [file(feed(r))] });
    return "kind" in got && got.kind === "hazards" ? got.hazards[0]! : undefined;
  };

  it("bands are shares of a month: the middle of 5 to 10 % is -ln(0.925) / 720 h; above 20 % is open", async () => {
    const middle = await hazardOf(1);
    expect(middle).toMatchObject({
      region: "us-east-1",
      os: "Linux",
      instanceType: "g5.xlarge",
      band: "5-10%",
      savingsPercent: 55,
    });
    expect(middle!.perHour).toBeCloseTo(-Math.log(0.925) / 720, 12);
    expect([middle!.perHourMin, middle!.perHourMax]).toEqual([
      expect.closeTo(7.124e-5, 7),
      expect.closeTo(1.4633e-4, 7),
    ]);
    const open = await hazardOf(4);
    expect(open).toMatchObject({ band: ">20%", perHourMax: null });
    expect(open!.perHour).toBe(open!.perHourMin);
  });

  it("refuses a band that is none, and bands under other names", async () => {
    await refused(feed(5), /us-east-1.Linux.g5.xlarge: there is no band 5/);
    await refused(feed(0, "<3%"), /band 0 is called "<3%", expected <5%; AWS has changed its bands/);
  });
});

describe("the page of formats", () => {
  it("is what the formats say of themselves: npm run --silent traces -- formats > docs/FORMATS.md", () => {
    expect(readProjectFile("docs/FORMATS.md").source).toBe(formatsPage());
  });
});

describeReal("real requests and rates", () => {
  const at = (path: string) => join(sharedData, path);

  it("Azure's two files, against a naive reading", async () => {
    for (const [name, count] of [
      ["code", 8_819],
      ["conv", 19_366],
    ] as const) {
      const path = at(`azure-llm-2023/AzureLLMInferenceTrace_${name}.csv`);
      const { trace, rows } = await requestsOf(path);
      const lines = readFileSync(path, "utf8")
        .split("\r\n")
        .slice(1)
        .filter((line) => line !== "");
      expect([rows.length, lines.length]).toEqual([count, count]);
      const stamps = lines.map((line) => {
        const [time, input, output] = line.split(",");
        const [whole, fraction] = time!.split(".");
        return [
          Date.parse(`${whole!.replace(" ", "T")}Z`) / 1000 + Number(`0.${fraction}`),
          Number(input),
          Number(output),
        ] as const;
      });
      const startS = Math.min(...stamps.map(([timeS]) => timeS));
      for (const [i, [timeS, input, output]] of [...stamps].sort((a, b) => a[0] - b[0]).entries()) {
        if (trace.arrivalS[i] !== timeS - startS || trace.inputTokens[i] !== input || trace.outputTokens[i] !== output)
          throw new Error(`${name} ${i}`);
      }
    }
  });

  it("the advisor's feed: every type of every region and system, once", async () => {
    const got = await importAny({ files: [at("spotinfo/spot-advisor-data.json")] });
    if (!("kind" in got) || got.kind !== "hazards") throw new Error("no hazards");
    const { spot_advisor } = JSON.parse(readFileSync(at("spotinfo/spot-advisor-data.json"), "utf8")) as {
      spot_advisor: Record<string, Record<string, Record<string, { r: number }>>>;
    };
    let count = 0;
    for (const systems of Object.values(spot_advisor))
      for (const types of Object.values(systems)) count += Object.keys(types).length;
    expect(got.hazards).toHaveLength(count);
    expect(Object.keys(spot_advisor)).toHaveLength(33);
  });
});
