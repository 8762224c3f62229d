import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchFolder } from "../support/studies.ts";
import { computed } from "../support/targets.ts";

/** An invented file, in a folder that is gone after the test. */
function written(text: string, name = "invented"): string {
  const path = join(scratchFolder(), name);
  writeFileSync(path, text);
  return path;
}

describe("kind price-history", () => {
  const row = (zone: string, time: string, price: string, product = "Linux/UNIX") => ({
    AvailabilityZone: zone,
    InstanceType: "g5.xlarge",
    ProductDescription: product,
    SpotPrice: price,
    Timestamp: `2026-01-01T${time}Z`,
  });
  const answer = (rows: readonly object[], token = "") =>
    written(JSON.stringify({ NextToken: token, SpotPriceHistory: rows }));
  const pool = (from: string, to: string, parts: object = {}) => ({
    instanceType: "g5.xlarge",
    zone: "us-east-1a",
    product: "Linux/UNIX",
    from: `2026-01-01T${from}Z`,
    to: `2026-01-01T${to}Z`,
    ...parts,
  });
  const of = (files: readonly string[], pools: readonly object[] = []) =>
    computed("price-history", { files, format: "aws-spot-price-history" }, { pools });

  // 1.0 from 01:00, 1.5 from 02:00, 1.0 from 04:00; newest first, repeated, and in two pulls.
  const older = [row("us-east-1a", "02:00:00", "1.500000"), row("us-east-1a", "01:00:00", "1.0")];
  const newer = [
    row("us-east-1a", "05:00:00", "1"),
    row("us-east-1a", "04:00:00", "1.000000"),
    row("us-east-1b", "03:30:00", "0.2"),
    row("us-east-1a", "03:00:00", "1.5"),
    row("us-east-1a", "02:00:00", "1.5"),
    row("us-east-1a", "03:00:00", "9", "Windows"),
  ];

  it("merges pulls, keeps products apart and compares prices as numbers", async () => {
    expect(await of([answer(older), answer(newer, "more")])).toEqual({
      rows: 8,
      distinctRows: 7,
      pools: 3,
      changePoints: 3 + 1 + 1,
      minPrice: 0.2,
      maxPrice: 9,
      firstRow: "2026-01-01T01:00:00Z",
      lastRow: "2026-01-01T05:00:00Z",
      truncated: true,
      empty: false,
      series: [],
    });
  });

  it("the price over an interval, open at its end: means over time, change points in it, what lies before the first row", async () => {
    const { series } = await of(
      [answer(older), answer(newer)],
      [
        pool("01:00:00", "05:00:00"),
        pool("00:00:00", "02:00:00"),
        pool("02:30:00", "04:00:00"),
        pool("04:30:00", "23:00:00"),
        pool("00:00:00", "01:00:00"),
        pool("02:00:00", "02:00:00"),
        pool("03:00:00", "04:00:00", { zone: "us-east-1b" }),
        pool("03:00:00", "04:00:00", { product: "Windows" }),
        pool("03:00:00", "04:00:00", { zone: "us-east-1c" }),
      ],
    );
    const one = (
      changePoints: number,
      mean: unknown,
      min: unknown,
      max: unknown,
      inside: number,
      missingS: number,
    ) => ({
      changePoints,
      mean,
      min,
      max,
      changePointsInside: inside,
      missingS,
    });
    expect(series).toEqual([
      one(3, (1 + 1.5 * 2 + 1) / 4, 1, 1.5, 3, 0),
      one(3, 1, 1, 1, 1, 3600),
      one(3, 1.5, 1.5, 1.5, 0, 0),
      one(3, 1, 1, 1, 0, 0),
      one(3, null, null, null, 0, 3600),
      one(3, null, null, null, 0, 0),
      one(1, 0.2, 0.2, 0.2, 1, 1800),
      one(1, 9, 9, 9, 1, 0),
      one(0, null, null, null, 0, 3600),
    ]);
  });

  it("an empty list is empty, not an error, and a page of 1,000 rows without a token is not truncated", async () => {
    expect(await of([answer([])])).toMatchObject({
      rows: 0,
      pools: 0,
      changePoints: 0,
      minPrice: null,
      maxPrice: null,
      firstRow: null,
      lastRow: null,
      truncated: false,
      empty: true,
    });
    const minutes = Array.from({ length: 1000 }, (_, i) => {
      const [h, m] = [Math.floor(i / 60), i % 60].map((each) => String(each).padStart(2, "0"));
      return row("us-east-1a", `${h}:${m}:00`, "1");
    });
    expect(await of([answer(minutes)])).toMatchObject({ rows: 1000, changePoints: 1, truncated: false });
  });

  it("refuses a file of another format, and an interval that ends before it begins", async () => {
    await expect(of([written("date,availability\n2026-01-01 00:00:00,1\n")])).rejects.toThrow(
      "this is no aws-spot-price-history",
    );
    await expect(of([answer(older)], [pool("02:00:00", "01:00:00")])).rejects.toThrow(/is after/);
    expect(() => computed("price-history", { files: [] }, { pools: [] })).toThrow("inputs.format: is missing");
    await expect(
      computed("price-history", { files: [answer([])], format: "constructor" }, { pools: [] }),
    ).rejects.toThrow('no format "constructor"; there are aws-spot-price-history, ');
  });
});

describe("kind availability", () => {
  const of = (trace: string, format: string, nodes: number) => computed("availability", { trace, format }, { nodes });
  const json = (data: readonly number[]) => written(JSON.stringify({ metadata: { gap_seconds: 30 }, data }));

  it("counts ticks with at least so many nodes, and spells, those that the ends cut included", async () => {
    const trace = json([1, 4, 4, 0, 2, 0, 0, 0, 4]);
    expect(await of(trace, "skypilot-json", 1)).toEqual({
      ticks: 9,
      availableTicks: 5,
      fraction: 5 / 9,
      upSpells: 3,
      downSpells: 2,
      meanUpSpellS: 50, // 3, 1 and 1 tick of 30 s
      longestUpSpellS: 90,
      longestDownSpellS: 90,
      maxValue: 4,
      gapS: 30,
      minGapS: 30,
      maxGapS: 30,
    });
    expect(await of(trace, "skypilot-json", 4)).toMatchObject({
      availableTicks: 3,
      upSpells: 2,
      downSpells: 2,
      meanUpSpellS: 45,
    });
    expect(await of(trace, "skypilot-json", 5)).toMatchObject({
      fraction: 0,
      upSpells: 0,
      downSpells: 1,
      meanUpSpellS: null,
      longestUpSpellS: 0,
      longestDownSpellS: 270,
    });
    expect(await of(json([2]), "skypilot-json", 1)).toMatchObject({
      fraction: 1,
      upSpells: 1,
      downSpells: 0,
      longestDownSpellS: 0,
    });
  });

  it("of stamped probes the gap is the median of the stamps', half way between two in the middle", async () => {
    const csv = (times: readonly string[]) =>
      written(`date,availability\n${times.map((time, i) => `2026-01-01 ${time},${i % 2}`).join("\n")}\n`);
    // 10, 20, 31 and 90 s apart.
    const four = csv(["00:00:00", "00:00:10", "00:00:30", "00:01:01", "00:02:31"]);
    expect(await of(four, "skynomad-csv", 1)).toMatchObject({
      ticks: 5,
      availableTicks: 2,
      gapS: 25.5,
      minGapS: 10,
      maxGapS: 90,
    });
    expect(await of(four, "skynomad-csv", 1)).toMatchObject({ meanUpSpellS: 25.5, longestDownSpellS: 25.5 });
    expect(await of(csv(["00:00:00", "00:00:10", "00:00:30", "00:01:01"]), "skynomad-csv", 1)).toMatchObject({
      gapS: 20,
    });
  });
});

describe("kind availability, of raw probes", () => {
  it("1 says that the launch failed", async () => {
    const lines = ["0,2022-11-28T22:23:37.000Z,1", "1,2022-11-28T22:24:37.000Z,0", "2,2022-11-28T22:25:39.500Z,0"];
    const trace = written(`${lines.join("\n")}\n3,2022-11-28T22:26:37.000Z,1\n`);
    expect(await computed("availability", { trace, format: "probe-csv" }, { nodes: 1 })).toMatchObject({
      ticks: 4,
      availableTicks: 2,
      upSpells: 1,
      downSpells: 2,
      gapS: 60,
      minGapS: 57.5,
      maxGapS: 62.5,
      meanUpSpellS: 120,
      longestDownSpellS: 60,
      maxValue: 1,
    });
  });
});

describe("kind price-availability", () => {
  const probes = (flags: string) =>
    written(`date,availability\n${[...flags].map((flag, i) => `2026-01-01 00:0${i}:00,${flag}`).join("\n")}\n`);
  const of = (flags: string, prices: object, key: string) =>
    computed("price-availability", { trace: probes(flags), files: [written(JSON.stringify(prices))] }, { key });

  it("means over ticks, with and without an instance to be had", async () => {
    // Prices 1 1 2 4, up in the 2nd and 3rd tick: deviations -1 -1 0 2 and -1/2 1/2 1/2 -1/2; products sum to -1.
    expect(await of("0110", { "us-east-1a_v100_1": [9, 9, 9, 9], any_other: [1, 1, 2, 4] }, "any_other")).toEqual({
      ticks: 4,
      pearson: expect.closeTo(-1 / Math.sqrt(6 * 1), 12),
      fraction: 0.5,
      meanPrice: 2,
      meanPriceWhenAvailable: 1.5,
      minPrice: 1,
      maxPrice: 4,
      priceChangePoints: 3,
    });
  });

  it("takes the prices of the key named, though another begins like it", async () => {
    const prices = { "us-east-1a_v100_10": [8, 8], "us-east-1a_v100": [1, 3] };
    expect(await of("01", prices, "us-east-1a_v100")).toMatchObject({ meanPrice: 2, pearson: expect.closeTo(1, 12) });
  });

  it("what never changes correlates with nothing, and what is never to be had has no price then", async () => {
    expect(await of("00", { a_b: [1, 2] }, "a_b")).toMatchObject({
      pearson: null,
      fraction: 0,
      meanPriceWhenAvailable: null,
    });
    expect(await of("01", { a_b: [2, 2] }, "a_b")).toMatchObject({ pearson: null, priceChangePoints: 1 });
  });

  it("refuses prices that are not on the probes' ticks, and a key that is not there", async () => {
    await expect(of("01", { a_b: [1] }, "a_b")).rejects.toThrow("1 prices for 2 ticks");
    await expect(of("01", { a_b: [1, 2] }, "c_d")).rejects.toThrow("no prices for zone c_d; it has a_b");
  });
});
