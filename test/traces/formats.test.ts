import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { traceSchema } from "../../experiments/trace-schema.ts";
import { seriesOf } from "../../traces/columns.ts";
import { type ImportOptions, openStudyTrace } from "../../traces/open.ts";
import { describeReal, sharedData } from "./real-data.ts";
import { type Sample, samples } from "./samples.ts";

const folder = mkdtempSync(join(tmpdir(), "formats-"));
const cache = join(folder, "cache");
let written = 0;
const open = (text: string, options: ImportOptions = {}, name = `f${written++}.txt`) => {
  const path = join(mkdtempSync(join(folder, "s-")), name);
  writeFileSync(path, text);
  return openStudyTrace({ files: [path], ...options }, cache);
};
const sample = (name: string): Sample => samples.find((each) => each.name === name)!;
const opened = async (name: string, changes: ImportOptions = {}) => {
  const { text, options } = sample(name);
  return open(text, { ...options, ...changes }, name);
};
/** Market by market: [time, price] and [time, count] of each step. */
const steps = (trace: Awaited<ReturnType<typeof open>>) =>
  seriesOf(trace.window(0, trace.endS)).map(({ market, price, capacity }) => ({
    zone: market.zone,
    price: Array.from(price.timesS, (timeS, i) => [timeS, price.usdPerHour[i]]),
    ...(capacity && { counts: Array.from(capacity.timesS, (timeS, i) => [timeS, capacity.counts[i]]) }),
  }));

describe("every invented sample is recognised by what it holds", () => {
  it.each(samples.map((each) => [each.format, each.name, each] as const))(
    "%s: %s",
    async (format, _, { text, options, name }) => {
      // One round of launch probes has a beginning and, by its cadence, an end.
      expect((await open(text, options, name)).report.format).toBe(format);
    },
  );
});

describe("AWS as text", () => {
  it.each(["old.txt", "new.txt", "table.txt"])(
    "%s: the zone id shifts the columns, fields are known by their form",
    async (name) => {
      const trace = await opened(name);
      expect(steps(trace)).toEqual([{ zone: "us-east-1b", price: [[0, 0.44]] }]);
      expect(trace.endS).toBe(6 * 3600);
      expect(trace.report).toMatchObject({ rowsRead: 2, kept: 2, startsAt: "2026-01-05T00:00:00.000Z" });
      const { zoneId, product, region } = trace.markets()[0]!;
      expect([zoneId, product, region]).toEqual([
        name === "new.txt" ? "use1-az6" : undefined,
        "Linux/UNIX",
        "us-east-1",
      ]);
    },
  );

  it("refuses a row whose fields it cannot tell apart, with its line", async () => {
    const { text } = sample("old.txt");
    await expect(open(text.replace("0.440000", "n/a"))).rejects.toThrow(/txt:2: .* is no row of a spot price history/);
    await expect(open(text.replace("us-east-1b\t", ""))).rejects.toThrow(
      /txt:1: .* expected zone, type, product, price/,
    );
    await expect(open(`${text}SOMETHING\telse\n`)).rejects.toThrow(/txt:3: /);
  });

  it("refuses a row of a drawn table that is cut off, and sees its NextToken", async () => {
    const { text } = sample("table.txt");
    await expect(open(text.replace("|  0.440000 ", ""))).rejects.toThrow(/txt:9: .* is no row of a spot price history/);
    const { report } = await open(text.replace("+----", "|| NextToken | abc ||\n+----"));
    expect(report.warnings[0]).toContain("NextToken is set");
  });

  it("says so when it is one page of more", async () => {
    const { report } = await open(sample("new.txt").text.replace("None", "abc"));
    expect(report.warnings[0]).toContain("NextToken is set");
  });
});

describe("CSV by the names of its columns", () => {
  it("knows the usual names, sorts newest first, takes a zone that is called region", async () => {
    expect(steps(await opened("home.csv"))).toEqual([{ zone: "us-east-1c", price: [[0, 0.44]] }]);
    const kaggle = await opened("kaggle.csv");
    expect(kaggle.markets()).toEqual([
      {
        instanceType: "c3.8xlarge",
        region: "us-east-1",
        zone: "us-east-1b",
        capacityType: "spot",
        product: "Linux/UNIX",
      },
    ]);
  });

  it("any names and any order by --map; numbers where there is no header", async () => {
    const when = "Preis;Wann;Wo\n0.5;2026-01-05 02:00:00;us-east-1a\n0.4;2026-01-05 01:00:00;us-east-1a\n";
    const trace = await open(when, {
      map: { price: "Preis", time: "Wann", zone: "Wo" },
      instanceType: "g5.xlarge",
      tz: "+01:00",
    });
    expect(trace.report.startsAt).toBe("2026-01-05T00:00:00.000Z");
    expect((await opened("headerless.csv")).report.startsAt).toBe("2026-01-05T00:00:00.000Z");
  });

  it.each<[string, string, ImportOptions, RegExp]>([
    [
      "a time without its zone",
      "time,price\n2026-01-01 00:00:00,1",
      {},
      /txt:2: .* does not say its time zone; add tz: UTC/,
    ],
    [
      "two time zones, one of them unsaid",
      "time,price\n2026-01-01 00:00:00Z,1\n2026-01-01 00:10:00,1",
      {},
      /txt:3: .*time zone/,
    ],
    ["a day that no calendar has", "time,price\n2026-02-30 00:00:00Z,1", {}, /txt:2: .* is no time stamp/],
    ["a US date", "time,price\n2/24/2020,$0.12", {}, /txt:2: "2\/24\/2020" is no time stamp/],
    ["a price that is none", "time,price\n2026-01-01 00:00:00Z,n/a", {}, /txt:2: price "n\/a" is not a number/],
    ["a price below 0", "time,price\n2026-01-01 00:00:00Z,-1", {}, /txt:2: price -1 is below 0/],
    ["a missing price", "time,price\n2026-01-01 00:00:00Z,", {}, /txt:2: the price is missing; mend the row/],
    [
      "a role that is none",
      "a,b\n",
      { map: { cost: "a" } },
      /map: there is no "cost"; did you mean "zone"|did you mean/,
    ],
    [
      "a column that is not there",
      "time,price\n",
      { map: { time: "When" } },
      /txt:1: there is no column "When" for time/,
    ],
    ["a header alone", "time,price\n", {}, /no rows under the header/],
  ])("refuses %s", async (_, text, options, message) => {
    await expect(open(text, { instanceType: "g5.xlarge", zone: "us-east-1a", ...options })).rejects.toThrow(message);
  });

  it("a study says the same: the columns it needs, no others", () => {
    const trace = {
      name: "own",
      files: ["a.csv"],
      map: { time: "Wann", price: "Preis" },
      tz: "+01:00",
      windows: { lengthH: 1 },
    };
    expect(traceSchema.safeParse(trace).error).toBeUndefined();
    expect(traceSchema.safeParse({ ...trace, map: { cost: "Preis" } }).success).toBe(false);
  });

  it("tabs and five columns are not the archive where columns are mapped", async () => {
    const text = [0, 1]
      .map((hour) => `us-east-1a\tg5.xlarge\tLinux/UNIX\t0.${4 + hour}\t2026-01-01T0${hour}:00:00Z\n`)
      .join("");
    const map = { zone: "1", instanceType: "2", product: "3", price: "4", time: "5" };
    expect((await open(text, { map })).report.format).toBe("csv");
    expect((await open(text)).report.format).toBe("price-archive");
  });

  it("refuses to guess zone and type", async () => {
    const text = "time,price\n2026-01-01 00:00:00Z,1\n";
    await expect(open(text, { instanceType: "g5.xlarge" })).rejects.toThrow(
      /no column holds the zone; name it, map zone=COLUMN/,
    );
    await expect(open(text, { zone: "us-east-1a" })).rejects.toThrow(/no column holds the instance type/);
  });

  it("prices before November 2017 are labelled: they are of the bid era", async () => {
    expect((await opened("kaggle.csv")).report.warnings).toEqual([expect.stringContaining("bid era")]);
  });
});

describe("SpotLake", () => {
  it("is snapshots every ten minutes; a missing price is counted, AZ is the zone id, scores are no capacity", async () => {
    const trace = await opened("2025-06-01.csv");
    expect(steps(trace)).toEqual([
      {
        zone: "use1-az6",
        price: [
          [0, 41.07],
          [1800, 42],
        ],
      },
    ]);
    expect(trace.markets()[0]).toMatchObject({ zoneId: "use1-az6", region: "us-east-1" });
    expect(trace.report).toMatchObject({ rowsRead: 4, kept: 2, collapsed: 1 });
    expect(trace.report.dropped).toEqual([{ why: "without a price (empty or -1)", rows: 1 }]);
    expect(trace.report.warnings[0]).toContain("stamps are taken as UTC; SPS, T2, T3 and IF are scores");
    expect(trace.window(0, 60).gapS(0)).toBe(600);
  });

  it("says when placement scores of the P family lie on both sides of their change of scale", async () => {
    const { text } = sample("2025-06-01.csv");
    const later = text.trimEnd().split("\n").at(-1)!.replace("2025-06-01 00:30", "2025-09-26 00:00");
    const { report } = await open(`${text}${later}\n`);
    expect(report.warnings.join()).toContain("before and after 2025-09-25 are on two scales");
  });

  it("refuses a row that is cut off", async () => {
    await expect(open(sample("2025-06-01.csv").text.slice(0, 180))).rejects.toThrow(/txt:3: \d+ cells under 11 names/);
  });
});

describe("the account's own usage", () => {
  it("prices by the hour, and what was charged: 0.441 + 0.2205 + 0.45 USD for three instance-hours of two instances", async () => {
    const trace = await opened("111122223333.2026-01-05-03.001.abc");
    expect(steps(trace)).toEqual([
      {
        zone: "us-east-1a",
        price: [
          [0, 0.441],
          [3600, 0.45],
        ],
      },
    ]);
    expect(trace.report).toMatchObject({ rowsRead: 3, kept: 2, merged: 1 });
    expect(trace.report.warnings[0]).toContain("3 instance-hours of 2 instances, charged 1.1115 USD");
  });

  it("does not guess the zone", async () => {
    await expect(open(sample("111122223333.2026-01-05-03.001.abc").text)).rejects.toThrow(
      /say where the fleet ran: add zone: NAME to the study, or --zone NAME/,
    );
  });
});

describe("nodes that come and go", () => {
  it("count up and down; the ramp-up is named; CRLF and no final newline", async () => {
    const trace = await opened("g4dn.csv");
    expect(steps(trace)).toEqual([
      {
        zone: "us-east-1a",
        price: [[0, 0.4]],
        counts: [
          [0, 2],
          [60, 3],
          [120, 2],
        ],
      },
    ]);
    expect(trace.endS).toBe(180);
    expect(trace.window(0, 180).depth(0)).toEqual({ kind: "observed", instances: 3 });
    expect(trace.report.warnings.join()).toContain("the ramp-up to 3 nodes lasts 60 s");
  });

  it("as segments: comments are comments, a rate change changes no node, DONE is the end", async () => {
    const trace = await opened("trace_0203.txt");
    expect(steps(trace)[0]!.counts).toEqual([
      [0, 2],
      [60, 1],
    ]);
    expect(trace.endS).toBe(120);
  });

  it("as counts: of one instant the last stands; the unit of time and the time zone are said by the user", async () => {
    const trace = await opened("p3.csv");
    expect(steps(trace)[0]!.counts).toEqual([
      [0, 2],
      [60, 3],
    ]);
    expect(trace.report.dropped).toEqual([{ why: "followed by another row of the same instant", rows: 1 }]);
    const { timeUnit: _, ...unsaid } = sample("p3.csv").options!;
    await expect(open(sample("p3.csv").text, unsaid)).rejects.toThrow(
      /does not say its unit of time; add timeUnit: ms/,
    );
    expect((await opened("a100x1-east1b.txt")).report.startsAt).toBe("2021-12-11T16:11:30.000Z");
    const { tz: __, ...local } = sample("a100x1-east1b.txt").options!;
    await expect(open(sample("a100x1-east1b.txt").text, local)).rejects.toThrow(/does not say its time zone/);
  });

  it.each<[string, string, RegExp]>([
    ["a node that was there already", "0,add,a\n1,add,a", /txt:2: add of a, which is there already; a line is missing/],
    ["a node that was not there", "0,add,a\n1,remove,b", /txt:2: remove of b, which is not there/],
    ["a clock that runs backwards", "5000,add,a\n1000,add,b", /txt:2: the clock runs backwards, 1 s after 5 s/],
    ["half a line", "0,add,a\n1000,rem", /txt:2: "1000,rem" is no event/],
    ["half a JSON line", '[0, "add", {"nodes": ["a"]}]\n[5, "add", {"no', /txt:2: .* is no event; expected/],
  ])("refuses %s", async (_, text, message) => {
    await expect(open(text, sample("g4dn.csv").options)).rejects.toThrow(message);
  });
});

describe("launch probes", () => {
  it("keep counts, name what was asked for, and take local time with its offset", async () => {
    const trace = await opened("20260104-000000-aa.json");
    expect(steps(trace).map(({ zone, counts }) => [zone, counts])).toEqual([
      ["us-east5-a", [[0, 9]]],
      ["us-west1-a", [[0, 0]]],
    ]);
    expect(trace.report.startsAt).toBe("2026-01-04T07:00:00.005Z");
    expect(trace.endS).toBe(600);
    expect(trace.report.warnings.join()).toContain("asked for 16 instances a zone");
  });

  it("a round that failed is left out and counted; more created than requested is refused", async () => {
    const { text, options } = sample("20260104-000000-aa.json");
    await expect(open(text.replace("success", "timeout"), options)).rejects.toThrow(/no rows at all/);
    await expect(open(text.replace('"instances_created":9', '"instances_created":17'), options)).rejects.toThrow(
      /zone_results.us-east5-a: 17 created of 16 requested/,
    );
  });

  it("raw text of one zone: 1 is a launch that failed, by the format", async () => {
    const trace = await opened("us-west-2a_k80_1.txt");
    expect(steps(trace)[0]!.counts).toEqual([
      [0, 0],
      [600, 1],
    ]);
    expect(
      (await opened("us-west-2a_k80_1.txt", { polarity: "available" })).report.markets[0]!.availability,
    ).toBeCloseTo(1 / 3, 9);
  });

  it("a clock that runs backwards is refused, newest first throughout is not", async () => {
    const { options } = sample("us-west-2a_k80_1.txt");
    const probe = (minute: number) => `0,2022-10-26T22:${minute}:04.000Z,0\n`;
    const named = { ...options, zone: "us-west-2a" };
    await expect(open(probe(10) + probe(20) + probe(15), named)).rejects.toThrow(
      /txt:3: the clock runs backwards, by 300 s/,
    );
    expect((await open(probe(30) + probe(20) + probe(10), named)).endS).toBe(1800);
  });
});

describe("gaps and cadence", () => {
  const csv = (...minutes: readonly number[]) =>
    `date,availability\n${minutes.map((m) => `2026-01-01 00:${String(m).padStart(2, "0")}:00,1\n`).join("")}`;
  const about = { instanceType: "p3.2xlarge", zone: "us-east-1a", usdPerHour: 1 };

  it("a gap is held, filled with nothing, or refused, as the user says; it is counted and named in any case", async () => {
    const text = csv(0, 3, 6, 21, 24);
    const held = await open(text, about);
    expect(steps(held)[0]!.counts).toEqual([[0, 1]]);
    expect(held.report).toMatchObject({ gaps: { count: 1, rule: "hold" } });
    expect(held.report.warnings.join()).toContain("no row for 900 s from 2026-01-01T00:06:00.000Z");
    const empty = await open(text, { ...about, gap: "unavailable" });
    expect(steps(empty)[0]!.counts).toEqual([
      [0, 1],
      [540, 0],
      [1260, 1],
    ]);
    await expect(open(text, { ...about, gap: "fail" })).rejects.toThrow(
      /no row for 900 s .*; complete it, or say what stands there/,
    );
  });

  it("stamps count where a declared cadence disagrees with them", async () => {
    const round = (minute: number) =>
      JSON.stringify({
        started_at: `2026-01-04T00:${minute}:00Z`,
        status: "success",
        zone_results: { "us-east5-a": { instances_requested: 1, instances_created: 1 } },
      });
    const rounds = mkdtempSync(join(folder, "rounds-"));
    for (const minute of [10, 13, 16, 19]) writeFileSync(join(rounds, `${minute}.json`), round(minute));
    const trace = await openStudyTrace({ files: [rounds], instanceType: "a3", usdPerHour: 1 }, cache);
    expect(trace.report.warnings.join()).toContain("declared to be 600 s apart, the stamps are 180 s apart");
    expect([trace.endS, trace.window(0, 60).gapS(0)]).toEqual([720, 180]);
  });
});

describeReal("real files of each form", () => {
  const at = (path: string) => join(sharedData, path);
  const about = { zone: "us-east-1c", instanceType: "x", usdPerHour: 1 } as const;

  it("Bamboo, Parcae and SpotServe tell of the same nodes: adds less removes, event by event", async () => {
    for (const path of [
      "bamboo/traces/p3-trace.csv",
      "bamboo/traces/g4dn-trace.csv",
      "spotserve/elastic-switch/trace/trace_full/g4dn.csv",
    ]) {
      const trace = await openStudyTrace({ files: [at(path)], ...about }, cache);
      const table = trace.window(0, trace.endS);
      let count = 0;
      const rows = readFileSync(at(path), "utf8")
        .trim()
        .split(/\r?\n/)
        .map((line) => line.split(","));
      const startS = Number(rows[0]![0]) / 1000;
      for (const [i, [ms, op]] of rows.entries()) {
        count += op === "add" ? 1 : -1;
        if (i + 1 < rows.length && rows[i + 1]![0] !== ms)
          expect(table.capacityAt(0, Number(ms) / 1000 - startS), `${path}:${i + 1}`).toBe(count);
      }
      expect(trace.endS).toBe(Number(rows.at(-1)![0]) / 1000 - startS);
    }
    const parcae = await openStudyTrace({ files: [at("parcae/aws/traces/p3.csv")], timeUnit: "ms", ...about }, cache);
    const events = await openStudyTrace({ files: [at("parcae/liveput/traces/p3trace.csv")], ...about }, cache);
    expect(steps(parcae)[0]!.counts).toEqual(steps(events)[0]!.counts);
  });

  it("every segment of SpotServe and Parcae, in the number of nodes that a naive reading counts", async () => {
    const segments = at("spotserve/elastic-switch/trace/trace_seg");
    const models = readdirSync(at("parcae/aws/traces"), { withFileTypes: true }).filter((each) => each.isDirectory());
    const files = [
      ...readdirSync(segments).map((name) => join(segments, name)),
      ...models.flatMap(({ name }) =>
        readdirSync(at(`parcae/aws/traces/${name}`)).map((each) => at(`parcae/aws/traces/${name}/${each}`)),
      ),
    ];
    expect(files).toHaveLength(41);
    for (const path of files) {
      const trace = await openStudyTrace({ files: [path], ...about }, cache);
      const events = readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as [number, string, { nodes: string[] }]);
      const nodes = new Set<string>();
      for (const [ms, op, about] of events) {
        for (const node of about.nodes) op === "remove" ? nodes.delete(node) : nodes.add(node);
        if (op !== "DONE")
          expect(trace.window(0, trace.endS).capacityAt(0, ms / 1000), `${path} ${ms}`).toBe(nodes.size);
      }
    }
  });

  it("Bamboo's counts by date are refused where their clock runs backwards", async () => {
    const counts = (name: string) =>
      openStudyTrace({ files: [at(`bamboo/traces/gcloud/${name}.txt`)], tz: "-05:00", ...about }, cache);
    await expect(counts("v100x1-east1c")).rejects.toThrow(/v100x1-east1c.txt:4: the clock runs backwards/);
    expect((await counts("a100x1-east1b")).report.startsAt).toBe("2021-12-11T16:11:30.000Z");
  });

  it("432 rounds of H100 probes in 13 zones: mean of 16 as a naive reading has it", async () => {
    const folderOfRounds = at("skynomad/data/h100_16_runs");
    const trace = await openStudyTrace(
      { files: [folderOfRounds], instanceType: "a3-highgpu-8g", usdPerHour: 14.85 },
      cache,
    );
    expect(trace.markets()).toHaveLength(13);
    expect(trace.report.rowsRead).toBe(432 * 13);
    const table = trace.window(0, trace.endS);
    const rounds = readdirSync(folderOfRounds).map(
      (name) =>
        JSON.parse(readFileSync(join(folderOfRounds, name), "utf8")) as {
          started_at: string;
          zone_results: Record<string, { instances_created: number }>;
        },
    );
    const startS = Math.min(...rounds.map(({ started_at }) => Date.parse(started_at))) / 1000;
    for (const { started_at, zone_results } of rounds) {
      for (const [m, { zone }] of trace.markets().entries()) {
        const timeS = Date.parse(started_at) / 1000 - startS;
        if (table.capacityAt(m, timeS + 0.001) !== zone_results[zone]!.instances_created)
          throw new Error(`${zone} ${started_at}`);
      }
    }
    expect(Math.abs(table.gapS(0) - 600)).toBeLessThan(5);
  });
});
