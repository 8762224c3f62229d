import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { livesOf } from "../../experiments/backtest/lives.ts";
import type { FeedRow } from "../../traces/formats/data-feed.ts";
import { start } from "../support/command.ts";
import { scratchFolder } from "./support/studies.ts";

const HOUR = 3600;
const row = (instance: string, hour: number, marketUsdPerHour: number, paidUsd: number): FeedRow => ({
  ...{ where: "feed:1", instance, instanceType: "g5.xlarge", timeS: hour * HOUR },
  ...{ marketUsdPerHour, paidUsd },
});

describe("uses of instances, from the hours of a data feed", () => {
  test("are hours without a break; the last ends where what was charged runs out", () => {
    const rows = [row("a", 1, 0.5, 0.25), row("a", 0, 0.4, 0.4), row("b", 0, 0.4, 0.4), row("a", 9, 0.4, 0.1)];
    expect(livesOf(rows).lives).toEqual([
      { instance: "a", instanceType: "g5.xlarge", fromS: 0, toS: 1.5 * HOUR, paidUsd: 0.65 },
      { instance: "a", instanceType: "g5.xlarge", fromS: 9 * HOUR, toS: 9.25 * HOUR, paidUsd: 0.1 },
      { instance: "b", instanceType: "g5.xlarge", fromS: 0, toS: HOUR, paidUsd: 0.4 },
    ]);
  });

  test("an hour that was used in part ends its use, though another hour follows; one that was free is only counted", () => {
    const { lives, free } = livesOf([row("a", 0, 0.4, 0.2), row("a", 1, 0.4, 0.4), row("c", 5, 0.4, 0)]);
    expect(lives.map(({ fromS, toS }) => [fromS / HOUR, toS / HOUR])).toEqual([
      [0, 0.5],
      [1, 2],
    ]);
    expect(free).toBe(1);
  });
});

describe("backtest", () => {
  const feed = [
    "#Version: 1.0",
    "#Fields: Timestamp UsageType Operation InstanceID MyBidID MyMaxPrice MarketPrice Charge Version",
    "2026-01-05 03:00:00 UTC\tUSE1-SpotUsage:g5.xlarge\tRunInstances:SV001\ti-0a\tsir-1\t1.006 USD\t0.4 USD\t0.4 USD\t1",
    "2026-01-05 04:00:00 UTC\tUSE1-SpotUsage:g5.xlarge\tRunInstances:SV001\ti-0a\tsir-1\t1.006 USD\t0.5 USD\t0.25 USD\t1",
    "2027-01-05 04:00:00 UTC\tUSE1-SpotUsage:g5.xlarge\tRunInstances:SV001\ti-0z\tsir-9\t1.006 USD\t0.5 USD\t0.5 USD\t1",
  ];
  const price = (Timestamp: string, SpotPrice: string) => ({
    ...{ AvailabilityZone: "us-east-1a", InstanceType: "g5.xlarge", ProductDescription: "Linux/UNIX" },
    ...{ SpotPrice, Timestamp },
  });
  const prices = [
    price("2026-01-05T00:00:00Z", "0.4"),
    price("2026-01-05T03:30:00Z", "0.5"),
    price("2026-01-06T00:00:00Z", "0.6"),
  ];
  const files = (): readonly [feed: string, history: string] => {
    const folder = scratchFolder();
    writeFileSync(join(folder, "feed.tsv"), `${feed.join("\n")}\n`);
    writeFileSync(join(folder, "aws.json"), JSON.stringify({ SpotPriceHistory: prices }));
    return [join(folder, "feed.tsv"), join(folder, "aws.json")];
  };
  const backtest = (args: readonly string[]) => start("experiments/backtest/main.ts", args).ended;

  test("bills the same hours along the price path: half an hour at 0.4 and an hour at 0.5 where 0.4 and half of 0.5 were paid", async () => {
    const [feed, history] = files();
    const { code, out } = await backtest(["--feed", feed, "--history", history, "--zone", "us-east-1a"]);
    expect(code).toBe(0);
    expect(out.split("\n")[0]).toBe(
      "For 1.5 instance-hours of 1 instance you paid 0.65 USD; simulated, they cost 0.70 USD: 7.7 % more.",
    );
    expect(out).toContain("0 of 1 uses of an instance come within 1 % of what was paid.");
    expect(out).toContain("what 1 of 2 uses would have cost: the history does not cover their time or type");
  });

  test("is refused where the files are others than they should be", async () => {
    const [feed, history] = files();
    const wrong = await backtest(["--feed", history, "--history", history, "--zone", "us-east-1a"]);
    expect(wrong).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/^TraceError: .*is no spot data feed/),
    });
    const elsewhere = await backtest(["--feed", feed, "--history", history, "--zone", "us-east-1b"]);
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.err).not.toMatch(/^\s+at /m);
    expect(await backtest(["--feed", feed])).toMatchObject({ code: 2, err: expect.stringContaining("history") });
  });
});
