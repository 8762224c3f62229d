import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { seriesOf, withOnDemand } from "../../traces/columns.ts";
import { type ImportOptions, importAny, openStudyTrace } from "../../traces/open.ts";
import { correlationsOf } from "../../traces/statistics.ts";
import { convertedRoot, describeReal, sharedData, skynomadRoot, skypilotRoot } from "./real-data.ts";

/** What is wrong with traces that people hold, fact by fact; each test is named after the fact. */
const folder = mkdtempSync(join(tmpdir(), "traps-"));
const cache = join(folder, "cache");
const fileOf = (text: string, name: string) => {
  const path = join(mkdtempSync(join(folder, "f-")), name);
  writeFileSync(path, text);
  return path;
};
const open = (text: string, options: ImportOptions = {}, name = "file.txt") =>
  openStudyTrace({ files: [fileOf(text, name)], ...options }, cache);
const aws = (
  rows: readonly (readonly [zone: string, usd: string, stamp: string, product?: string])[],
  more: object = {},
) =>
  JSON.stringify({
    ...more,
    SpotPriceHistory: rows.map(([AvailabilityZone, SpotPrice, Timestamp, ProductDescription = "Linux/UNIX"]) => ({
      AvailabilityZone,
      InstanceType: "g4dn.xlarge",
      ProductDescription,
      SpotPrice,
      Timestamp,
    })),
  });
const probes = { instanceType: "p3.2xlarge", zone: "us-east-1a", usdPerHour: 1 } as const;

describe("traps of trace formats", () => {
  it("1: polarity differs between files of the same probe, so a format that does not fix it asks for it, and availability is told", async () => {
    const text = '{"metadata":{"gap_seconds":600},"data":[1,1,1,0]}';
    await expect(open(text, probes)).rejects.toThrow(/does not say whether 1 means available or preempted/);
    const share = async (polarity: "available" | "preempted") =>
      (await open(text, { ...probes, polarity })).report.markets[0]!.availability;
    expect([await share("available"), await share("preempted")]).toEqual([0.75, 0.25]);
  });

  it("2: a declared cadence can be wrong, so wall-clock stamps count where there are any, and a lone declaration is named as one", async () => {
    const declared = await open('{"metadata":{"gap_seconds":300},"data":[1,0,1]}', {
      ...probes,
      polarity: "available",
    });
    expect(declared.report.warnings.join()).toContain(
      "samples are 300 s apart, as the files declare; no stamps to check that by",
    );
    const stamped = await open(
      "date,availability\n2026-01-01 00:00:00,1\n2026-01-01 00:03:15,0\n2026-01-01 00:06:30,1\n",
      probes,
    );
    expect(stamped.window(0, 60).gapS(0)).toBe(195);
  });

  it("3: rows are not price changes: 93 daily repeats of one price are one step", async () => {
    const day = (d: number) =>
      ["us-east-1a", "0.157800", new Date(Date.UTC(2021, 2, 1) + d * 86_400_000).toISOString()] as const;
    const { report } = await open(aws(Array.from({ length: 93 }, (_, d) => day(d))));
    expect(report).toMatchObject({ rowsRead: 93, kept: 1, collapsed: 92 });
    expect(report.markets[0]).toMatchObject({ priceChanges: 0, meanUsdPerHour: 0.1578 });
  });

  it("4: price and capacity are two series, whatever one of them does", async () => {
    const trace = await open('{"metadata":{"gap_seconds":100},"data":[1,0,1,0],"prices":[1,1,2,2]}', {
      polarity: "available",
      instanceType: "x",
      zone: "z",
    });
    const [{ price, capacity }] = seriesOf(trace.window(0, 400)) as [ReturnType<typeof seriesOf>[number]];
    expect([Array.from(price.timesS), Array.from(capacity!.timesS)]).toEqual([
      [0, 200],
      [0, 100, 200, 300],
    ]);
  });

  it("5: pulls overlap and truncate: merged on type, zone, product and time; 1,000 rows and a NextToken are named", async () => {
    const hour = (h: number) =>
      ["us-east-1a", (0.1 + h / 1e4).toFixed(6), new Date(Date.UTC(2026, 0, 1) + h * 3_600_000).toISOString()] as const;
    const hours = (from: number, count: number) => Array.from({ length: count }, (_, i) => hour(from + i));
    const files = [fileOf(aws(hours(0, 1000)), "a.json"), fileOf(aws(hours(900, 200), { NextToken: "x" }), "b.json")];
    const { report } = await openStudyTrace({ files }, cache);
    expect(report).toMatchObject({ rowsRead: 1200, kept: 1100, merged: 100 });
    expect(report.warnings).toEqual([
      expect.stringContaining("a.json: exactly 1,000 rows"),
      expect.stringContaining("b.json: NextToken is set"),
    ]);
  });

  it("6: zone names are per account, zone ids are not: both are kept, neither is made of the other", async () => {
    const row = { InstanceType: "g", SpotPrice: "1", ProductDescription: "L" };
    const rows = (more: object) =>
      JSON.stringify([10, 20].map((m) => ({ ...row, ...more, Timestamp: `2026-01-01T00:${m}:00Z` })));
    const market = async (more: object) => (await open(rows(more))).markets()[0]!;
    expect(await market({ AvailabilityZone: "us-east-1b", AvailabilityZoneId: "use1-az6" })).toMatchObject({
      zone: "us-east-1b",
      zoneId: "use1-az6",
    });
    expect(await market({ AvailabilityZone: "us-east-1b" })).not.toHaveProperty("zoneId");
    expect(await market({ AvailabilityZoneId: "use1-az6" })).toMatchObject({
      zone: "use1-az6",
      zoneId: "use1-az6",
      region: "us-east-1",
    });
  });

  it("7: counts matter, not only 0 and 1, and what each probe asked for is named", async () => {
    const round =
      '{"started_at":"2026-01-04T00:00:00Z","status":"success","zone_results":{"us-east5-a":{"instances_requested":16,"instances_created":9}}}';
    const trace = await open(round, { instanceType: "a3", usdPerHour: 1 });
    expect(trace.window(0, 60).capacityAt(0, 0)).toBe(9);
    expect(trace.report.warnings.join()).toContain("asked for 16 instances a zone");
  });

  it("8: CRLF, no final newline and a leading byte order mark read as their plain forms", async () => {
    const rows = ["time,price,zone,type", "2026-01-01T00:00:00Z,1,us-east-1a,g", "2026-01-01T01:00:00Z,2,us-east-1a,g"];
    const plain = (await open(`${rows.join("\n")}\n`)).report;
    for (const text of [rows.join("\r\n"), `${rows.join("\r\n")}\r\n`, `\uFEFF${rows.join("\n")}`]) {
      expect({ ...(await open(text)).report, files: [] }).toEqual({ ...plain, files: [] });
    }
  });

  it("9: Azure stamps have seven fractional digits, of which none is lost", async () => {
    const got = await importAny({
      files: [
        fileOf(
          "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00.0000000,1,1\n2026-01-01 00:00:00.0000004,1,1",
          "a.csv",
        ),
      ],
    });
    expect("kind" in got && got.kind === "requests" && got.trace.arrivalS[1]).toBeCloseTo(4e-7, 6);
    expect("kind" in got && got.kind === "requests" && got.trace.arrivalS[1]).toBeGreaterThan(0);
  });

  it("10: zone and type may exist only in the path: read there, overridden by the user, never guessed", async () => {
    const text = "date,availability\n2026-01-01 00:00:00,1\n2026-01-01 00:10:00,1\n";
    const about = { instanceType: "p3.2xlarge", usdPerHour: 1 };
    const zone = async (name: string, options: ImportOptions) => (await open(text, options, name)).markets()[0]!.zone;
    expect(await zone("us-west-2a_v100_1.csv", about)).toBe("us-west-2a");
    expect(await zone("us-west-2a_v100_1.csv", { ...about, zone: "b" })).toBe("b");
    await expect(open(text, about, "data.csv")).rejects.toThrow(
      /the zone is neither in the file nor in its name; add zone: NAME/,
    );
    await expect(open(text, { usdPerHour: 1 }, "us-west-2a_v100_1.csv")).rejects.toThrow(
      /the instance type is not in the file/,
    );
  });

  it("11: newest first, prices as strings, and empty pools, which are reported and no error", async () => {
    const files = [
      fileOf(
        aws([
          ["us-east-1a", "0.3", "2026-01-02T00:00:00Z"],
          ["us-east-1a", "0.2", "2026-01-01T00:00:00Z"],
        ]),
        "a.json",
      ),
      fileOf(aws([]), "none.json"),
    ];
    const trace = await openStudyTrace({ files }, cache);
    expect(trace.window(0, 86_400).priceUsdPerHourAt(0, 0)).toBe(0.2);
    expect(trace.report.warnings).toEqual(["none.json: an empty list"]);
  });

  it("12: Z, +00:00 and a local time with its offset are one instant; a time without any is asked for", async () => {
    const start = async (stamp: string, tz?: string) =>
      (
        await open(
          `time,price,zone,type\n${stamp},1,us-east-1a,g\n2026-01-02T00:00:00Z,1,us-east-1a,g\n`,
          tz === undefined ? {} : { tz },
        )
      ).report.startsAt;
    for (const stamp of [
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00+00:00",
      "2025-12-31T17:00:00-07:00",
      "2025-12-31 17:00:00-0700",
    ]) {
      expect(await start(stamp)).toBe("2026-01-01T00:00:00.000Z");
    }
    expect(await start("2026-01-01 01:00:00", "+01:00")).toBe("2026-01-01T00:00:00.000Z");
    await expect(start("2026-01-01 01:00:00")).rejects.toThrow(
      /does not say its time zone; add tz: UTC to the study, or --tz UTC to npm run traces -- import \(or an offset, "\+01:00"\)/,
    );
    await expect(start("2026-01-01 01:00:00", "Mars")).rejects.toThrow(/time zone "Mars" is not known/);
  });

  it("13: prices before November 2017 are of the bid era, and labelled", async () => {
    const at = (year: number) =>
      open(
        aws([
          ["us-east-1a", "26.0", `${year}-03-02T00:00:00Z`],
          ["us-east-1a", "0.2", `${year}-03-01T00:00:00Z`],
        ]),
      );
    expect((await at(2016)).report.warnings.join()).toContain("bid era");
    expect((await at(2026)).report.warnings).toEqual([]);
  });

  it("14: the scale of placement scores changed on 2025-09-25 for the P family: a file across it says so, scores are no capacity", async () => {
    const row = (day: string) => `${day} 00:00:00,p5.48xlarge,us-east-1,use1-az6,3,10,25,1.5,98.32,41.07,58\n`;
    const head = "Time,InstanceType,Region,AZ,SPS,T3,T2,IF,OndemandPrice,SpotPrice,Savings\n";
    const trace = await open(head + row("2025-09-24") + row("2025-09-25"));
    expect(trace.report.warnings.join()).toContain("before and after 2025-09-25 are on two scales");
    expect(trace.window(0, 60).capacityAt(0, 0)).toBe(Infinity);
  });

  it("15: most capacity traces watched one instance: the depth that was observed goes with the trace", async () => {
    const depth = async (data: readonly number[]) =>
      (await open(JSON.stringify({ metadata: { gap_seconds: 60 }, data }), { ...probes, polarity: "available" }))
        .window(0, 60)
        .depth(0);
    expect(await depth([1, 0, 1])).toEqual({ kind: "observed", instances: 1 });
    expect(await depth([4, 0, 2])).toEqual({ kind: "observed", instances: 4 });
    const prices = await open(
      aws([
        ["us-east-1a", "0.3", "2026-01-02T00:00:00Z"],
        ["us-east-1a", "0.2", "2026-01-01T00:00:00Z"],
      ]),
    );
    expect(prices.window(0, 60).depth(0)).toEqual({ kind: "unlimited", instances: 0 });
  });

  it("16: a change lies anywhere in the gap between two probes: the gap goes with the trace", async () => {
    const trace = await open('{"metadata":{"gap_seconds":600},"data":[1,0]}', { ...probes, polarity: "available" });
    expect(trace.window(0, 60).gapS(0)).toBe(600);
    const exact = await open("0,add,a\n1000,add,b\n", probes);
    expect(exact.window(0, 1).gapS(0)).toBe(0);
  });

  it("17: no public set observes on-demand capacity: it has no bound, and its depth says that nobody looked", async () => {
    const trace = await open('{"metadata":{"gap_seconds":600},"data":[1,0]}', { ...probes, polarity: "available" });
    const both = withOnDemand(trace.window(0, 600), () => 3);
    expect([both.capacityAt(1, 0), both.depth(1)]).toEqual([Infinity, { kind: "unlimited", instances: 0 }]);
  });
});

describeReal("traps in the real sets", () => {
  it("1: the CSV of SkyNomad and the JSON of SkyPilot are one polarity on 20,158 of 20,158 probes, the converted traces the other", async () => {
    const csv = join(skynomadRoot, "data/real/availability/2023-02-15/processed/us-west-2a_v100_1.csv");
    const json = join(skypilotRoot, "availability/1-node/aws-02-15-2023/us-west-2a_v100_1.json");
    const about = { instanceType: "p3.2xlarge", usdPerHour: 1 };
    const stamped = await openStudyTrace({ files: [csv], ...about }, cache);
    const ticks = await openStudyTrace({ files: [json], ...about, polarity: "available" }, cache);
    const lines = readFileSync(csv, "utf8").trim().split("\n").slice(1);
    expect(lines).toHaveLength(20_158);
    const [a, b] = [stamped.window(0, stamped.endS), ticks.window(0, ticks.endS)];
    const startS = Date.parse(`${lines[0]!.split(",")[0]!.replace(" ", "T")}Z`) / 1000;
    let equal = 0;
    for (const [i, line] of lines.entries()) {
      const timeS = Date.parse(`${line.split(",")[0]!.replace(" ", "T")}Z`) / 1000 - startS;
      if (a.capacityAt(0, timeS) === b.capacityAt(0, i * 195)) equal++;
    }
    expect(equal).toBe(20_158);
    expect(stamped.report.markets[0]!.availability).toBeCloseTo(0.883, 2);
    const converted = join(convertedRoot, "us-west-2c_v100_1", "full.json");
    const share = async (polarity: "available" | "preempted") =>
      (await openStudyTrace({ files: [converted], instanceType: "p3.2xlarge", polarity }, cache)).report.markets[0]!
        .availability!;
    expect((await share("available")) + (await share("preempted"))).toBeCloseTo(1, 9);
  });

  it("2: SkyServe's AWS3 says 300 s for what was sampled every 195 s: 45.5 days become 70, and only the declaration is named", async () => {
    const files = [join(sharedData, "spothedge/data/AWS3/us-west-2a_v100_1.json")];
    const declared = await openStudyTrace(
      { files, instanceType: "p3.2xlarge", usdPerHour: 1, polarity: "available" },
      cache,
    );
    expect(declared.endS / 86_400).toBeCloseTo(70, 0);
    expect(declared.report.warnings.join()).toContain("300 s apart, as the files declare; no stamps to check that by");
    const stamped = await openStudyTrace({ dataset: "skynomad-p3", root: skynomadRoot }, cache);
    expect(stamped.endS / 86_400).toBeCloseTo(45.5, 0);
  });

  it("4: the price hardly tells whether a launch is granted: |r| from 0.08 to 0.21 over nine zones", async () => {
    const trace = await openStudyTrace({ dataset: "skynomad-p3", root: skynomadRoot }, cache);
    const { priceWithAvailability } = correlationsOf(trace.window(0, trace.endS));
    const sizes = priceWithAvailability.map((r) => Math.abs(r!));
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([expect.closeTo(0.08, 1), expect.closeTo(0.21, 1)]);
  });

  it("5: five overlapping pulls a pool, one of which stops at 1,000 rows with a NextToken", async () => {
    const region = join(sharedData, "training-on-a-dime/logs/aws/cost/us-east-1");
    const files = readdirSync(region)
      .filter((name) => name.includes("p2.xlarge"))
      .map((name) => join(region, name));
    expect(files).toHaveLength(5);
    const { report } = await openStudyTrace({ files }, cache);
    expect(report.merged).toBeGreaterThan(0);
    expect(report.warnings.join()).toContain("p2.xlarge.json: NextToken is set");
  });
});
