/** A trace that a study can name: files of a public set, and how they are read. `root` says where the set lies, if not in the user's cache. */
export interface DataSet {
  readonly name: string;
  readonly summary: string;
  /** Its name among the public sets: repository, licence, citation. */
  readonly set: string;
  readonly instanceType: string;
  /** One availability CSV a zone, and the prices on the same ticks; relative to root. */
  readonly availability: readonly string[];
  readonly prices: string;
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
    availability: zones.map((zone) => `data/real/availability/2023-02-15/processed/${zone}_v100_1.csv`),
    prices: "data/v100_spot_prices.json",
  },
];
