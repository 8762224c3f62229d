import type { ImportOptions } from "../../traces/open.ts";

/** An invented file of each form, small enough to be worked out by hand; options say what the bytes do not. */
export interface Sample {
  readonly format: string;
  readonly name: string;
  readonly text: string;
  readonly options?: ImportOptions;
}

const lines = (...rows: readonly string[]): string => `${rows.join("\n")}\n`;
const crlf = (...rows: readonly string[]): string => rows.join("\r\n");
const price = (zone: string, usd: string, stamp: string, id?: string) => ({
  AvailabilityZone: zone,
  ...(id && { AvailabilityZoneId: id }),
  InstanceType: "g5.xlarge",
  ProductDescription: "Linux/UNIX",
  SpotPrice: usd,
  Timestamp: stamp,
});
const own = { instanceType: "g5.xlarge", zone: "us-east-1a", usdPerHour: 0.4 } as const;

export const samples: readonly Sample[] = [
  {
    format: "aws-price-history",
    name: "v2.json",
    text: JSON.stringify({
      NextToken: "",
      SpotPriceHistory: [
        price("us-east-1b", "0.450000", "2026-01-05T06:00:00+00:00", "use1-az6"),
        price("us-east-1b", "0.440000", "2026-01-05T03:00:00+00:00", "use1-az6"),
        price("us-east-1b", "0.440000", "2026-01-05T00:00:00+00:00", "use1-az6"),
      ],
    }),
  },
  {
    format: "aws-text",
    name: "old.txt",
    text: lines(
      "SPOTPRICEHISTORY\tus-east-1b\tg5.xlarge\tLinux/UNIX\t0.450000\t2026-01-05T06:00:00.000Z",
      "SPOTPRICEHISTORY\tus-east-1b\tg5.xlarge\tLinux/UNIX\t0.440000\t2026-01-05T00:00:00.000Z",
    ),
  },
  {
    format: "aws-text",
    name: "new.txt",
    text: lines(
      "NEXTTOKEN\tNone",
      "SPOTPRICEHISTORY\tus-east-1b\tuse1-az6\tg5.xlarge\tLinux/UNIX\t0.450000\t2026-01-05T06:00:00+00:00",
      "SPOTPRICEHISTORY\tus-east-1b\tuse1-az6\tg5.xlarge\tLinux/UNIX\t0.440000\t2026-01-05T00:00:00+00:00",
    ),
  },
  {
    format: "aws-text",
    name: "table.txt",
    text: lines(
      "---------------------------------------------------------------------------------------------------",
      "|                                    DescribeSpotPriceHistory                                      |",
      "+--------------------------------------------------------------------------------------------------+",
      "||                                        SpotPriceHistory                                        ||",
      "|+------------------+---------------+---------------------+------------+---------------------------+|",
      "|| AvailabilityZone | InstanceType  | ProductDescription  | SpotPrice  |         Timestamp         ||",
      "|+------------------+---------------+---------------------+------------+---------------------------+|",
      "||  us-east-1b      |  g5.xlarge    |  Linux/UNIX         |  0.450000  |  2026-01-05T06:00:00+00:00||",
      "||  us-east-1b      |  g5.xlarge    |  Linux/UNIX         |  0.440000  |  2026-01-05T00:00:00+00:00||",
      "|+------------------+---------------+---------------------+------------+---------------------------+|",
    ),
  },
  {
    format: "price-archive",
    name: "2026-01.tsv",
    text: lines(
      "use1-az1\tg5.xlarge\tLinux/UNIX\t0.440000\t2026-01-01T00:00:00+00:00",
      "use1-az2\tg5.xlarge\tLinux/UNIX\t0.500000\t2026-01-01T00:00:00+00:00",
      "use1-az1\tg5.xlarge\tLinux/UNIX\t0.440000\t2026-01-03T12:30:00+00:00",
      "use1-az1\tg5.xlarge\tLinux/UNIX\t0.450000\t2026-01-05T00:00:00+00:00",
      "use1-az2\tg5.xlarge\tLinux/UNIX\t0.510000\t2026-01-11T23:59:57+00:00",
    ),
  },
  {
    format: "data-feed",
    name: "111122223333.2026-01-05-03.001.abc",
    text: lines(
      "#Version: 1.0",
      "#Fields: Timestamp UsageType Operation InstanceID MyBidID MyMaxPrice MarketPrice Charge Version",
      "2026-01-05 03:00:00 UTC\tUSE1-SpotUsage:g5.xlarge\tRunInstances:SV001\ti-0a\tsir-1\t1.006 USD\t0.441 USD\t0.441 USD\t1",
      "2026-01-05 03:00:00 UTC\tUSE1-SpotUsage:g5.xlarge\tRunInstances:SV001\ti-0b\tsir-2\t1.006 USD\t0.441 USD\t0.2205 USD\t1",
      "2026-01-05 04:00:00 UTC\tUSE1-SpotUsage:g5.xlarge\tRunInstances:SV001\ti-0a\tsir-1\t1.006 USD\t0.45 USD\t0.45 USD\t1",
    ),
    options: { zone: "us-east-1a" },
  },
  {
    format: "spotlake",
    name: "2025-06-01.csv",
    text: lines(
      "Time,InstanceType,Region,AZ,SPS,T3,T2,IF,OndemandPrice,SpotPrice,Savings",
      "2025-06-01 00:00:00,p5.48xlarge,us-east-1,use1-az6,3,10,25,1.5,98.32,41.07,58",
      "2025-06-01 00:10:00,p5.48xlarge,us-east-1,use1-az6,3,10,25,1.5,98.32,41.07,58",
      "2025-06-01 00:20:00,p5.48xlarge,us-east-1,use1-az6,3,10,25,1.5,98.32,,",
      "2025-06-01 00:30:00,p5.48xlarge,us-east-1,use1-az6,3,10,25,1.5,98.32,42,57",
    ),
  },
  {
    format: "csv",
    name: "home.csv",
    text: lines(
      "Timestamp,InstanceType,ProductDescription,SpotPrice,AvailabilityZone",
      "2026-01-05T03:00:00Z,g5.xlarge,Linux/UNIX,0.4411,us-east-1c",
      "2026-01-05T00:00:00Z,g5.xlarge,Linux/UNIX,0.44,us-east-1c",
    ),
  },
  {
    format: "csv",
    name: "kaggle.csv",
    text: crlf(
      "datetime, instance_type, os, region, price",
      "2017-05-08 14:00:00+00:00, c3.8xlarge, Linux/UNIX, us-east-1b, 0.5",
      "2017-05-08 13:00:00+00:00, c3.8xlarge, Linux/UNIX, us-east-1b, 0.4",
    ),
  },
  {
    format: "csv",
    name: "headerless.csv",
    text: lines("0.41,1767571200", "0.42,1767574800"),
    options: { map: { price: "1", time: "2" }, instanceType: "g5.xlarge", zone: "us-east-1a" },
  },
  {
    format: "probe-series",
    name: "us-west-2a_v100_1.json",
    text: '{"metadata":{"gap_seconds":195},"data":[1,1,0,0,2],"prices":[0.918,0.918,0.921,0.921,0.921]}',
    options: { polarity: "available", instanceType: "p3.2xlarge" },
  },
  {
    format: "probe-text",
    name: "us-west-2a_k80_1.txt",
    text: lines("0,2022-10-26T22:05:04.000Z,1", "1,2022-10-26T22:15:04.000Z,0", "2,2022-10-26T22:25:04.000Z,0"),
    options: { instanceType: "p2.xlarge", usdPerHour: 0.27 },
  },
  {
    format: "launch-probes",
    name: "20260104-000000-aa.json",
    text: JSON.stringify({
      started_at: "2026-01-04T00:00:00.005-07:00",
      status: "success",
      zone_results: {
        "us-east5-a": { instances_requested: 16, instances_created: 9 },
        "us-west1-a": { instances_requested: 16, instances_created: 0 },
      },
    }),
    options: { instanceType: "a3-highgpu-8g", usdPerHour: 14.85 },
  },
  {
    format: "node-events",
    name: "g4dn.csv",
    text: crlf("0,add,node1", "0,add,node2", "60000,add,node3", "120000,remove,node1", "180000,add,node4"),
    options: own,
  },
  {
    format: "node-segments",
    name: "trace_0203.txt",
    text: lines(
      '#[0, "add", {"nodes": ["node-9"]}]',
      '[0, "add", {"nodes": ["node-0", "node-1"]}]',
      '[60000, "remove", {"nodes": ["node-0"], "required_tpt": 0.6}]',
      '[90000, "other", {"nodes": [], "required_tpt": 0.7}]',
      '[120000, "DONE", {"nodes": []}]',
    ),
    options: own,
  },
  {
    format: "node-counts",
    name: "p3.csv",
    text: lines("0,1", "0,2", "60000,3", "120000,1"),
    options: { ...own, timeUnit: "ms" },
  },
  {
    format: "node-counts",
    name: "a100x1-east1b.txt",
    text: lines("2021-12-11, 11:11:30, 55", "2021-12-11, 11:13:10, 55", "2021-12-11, 11:14:50, 54"),
    options: { ...own, tz: "-05:00" },
  },
  {
    format: "availability-csv",
    name: "us-east-1a_v100_1.csv",
    text: lines(
      "date,availability",
      "2026-01-01 00:00:00,0",
      "2026-01-01 00:03:15,1",
      "2026-01-01 00:06:30,1",
      "2026-01-01 00:10:00,0",
    ),
    options: { instanceType: "p3.2xlarge", usdPerHour: 1.65 },
  },
];

/** The same for what is neither price nor capacity. */
export const otherSamples: readonly Sample[] = [
  {
    format: "azure-llm",
    name: "code.csv",
    text: crlf(
      "TIMESTAMP,ContextTokens,GeneratedTokens",
      "2026-11-16 18:17:03.9799600,4808,10",
      "2026-11-16 18:17:04.0319600,3180,8",
      "2026-11-16 18:17:09.5000000,110,27",
    ),
  },
  {
    format: "burstgpt",
    name: "burst.csv",
    text: lines(
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type",
      "5,ChatGPT,472,18,490,Conversation log",
      "45,ChatGPT,1087,0,1087,API log",
      "118.5,GPT-4,417,276,693,Conversation log",
    ),
  },
  {
    format: "vidur",
    name: "conv.csv",
    text: lines("arrived_at,num_prefill_tokens,num_decode_tokens", "0.0,374,44", "0.52,396,109", "1.75,879,55"),
  },
  {
    format: "spotserve-query",
    name: "query.txt",
    text: lines("0,2.531250,512,0", "1,5.05,512,2966", "2,7.617316,512,5918"),
  },
  {
    format: "spot-advisor",
    name: "advisor.json",
    text: JSON.stringify({
      ranges: [
        { index: 0, label: "<5%", max: 5 },
        { index: 1, label: "5-10%", max: 11 },
      ],
      spot_advisor: { "us-east-1": { Linux: { "g5.xlarge": { s: 55, r: 1 }, "p3.2xlarge": { s: 61, r: 4 } } } },
    }),
  },
];
