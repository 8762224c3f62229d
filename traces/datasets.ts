import type { Seconds } from "../policies/contract/units.ts";

/** A trace that a study can name: files of a public set, and how they are read. `root` says where the set lies, if not in the user's cache. */
export interface DataSet {
  readonly name: string;
  readonly summary: string;
  /** Its name among the public sets: repository, licence, citation. */
  readonly set: string;
  /** Relative to root. */
  readonly files: readonly string[];
  /** What they do not say. */
  readonly instanceType: string;
  readonly zone?: string;
  readonly usdPerHour?: number;
  /** For how long after their end what they say last still holds. */
  readonly lastHoldsS?: Seconds;
}

const zones = [
  "us-east-1a",
  "us-east-1c",
  "us-east-1d",
  "us-east-1f",
  "us-east-2a",
  "us-east-2b",
  "us-west-2a",
  "us-west-2b",
  "us-west-2c",
];

// A data set is one entry here.
export const dataSets: readonly DataSet[] = [
  {
    name: "skynomad-p3",
    summary:
      "AWS p3.2xlarge, nine zones of three US regions, 2023-02-15 to 2023-04-02: launch probes and spot prices every 195 s",
    set: "skynomad",
    instanceType: "p3.2xlarge",
    files: [
      ...zones.map((zone) => `data/real/availability/2023-02-15/processed/${zone}_v100_1.csv`),
      "data/v100_spot_prices.json",
    ],
  },
  spotserve("spotserve-a", "trace_seg/trace_0304_real.txt", "22 minutes of nodes, trace A of SpotServe's evaluation"),
  spotserve("spotserve-b", "trace_seg/trace_0506_real.txt", "17 minutes of nodes, trace B of SpotServe's evaluation"),
  spotserve("spotserve-day", "trace_full/g4dn.csv", "10.77 h of nodes, up to 24, of which A and B are stretches"),
];

/** Nodes of g4dn as instances of four GPUs, at the paper's price. A run in SpotServe's time is two minutes behind its trace. */
function spotserve(name: string, file: string, summary: string): DataSet {
  return {
    name,
    summary,
    set: "spotserve",
    files: [`elastic-switch/trace/${file}`],
    instanceType: "g4dn.12xlarge",
    zone: "us-east-1c",
    usdPerHour: 1.9046,
    lastHoldsS: 120,
  };
}
