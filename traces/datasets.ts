/** A public data set that a study can name; where it lies on this machine is said by `root`. */
export interface DataSet {
  readonly name: string;
  readonly summary: string;
  readonly repository: string;
  readonly commit: string;
  readonly licence: string;
  readonly citation: string;
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
    repository: "github.com/andylizf/skynomad-artifact",
    commit: "62b9aaa1942e30c40cb9f6f5d7d03d6823d1d1f7",
    licence: "Apache-2.0",
    citation: "SkyNomad: On Using Multi-Region Spot Instances to Minimize AI Batch Job Cost. NSDI 2027 (artifact)",
    instanceType: "p3.2xlarge",
    availability: zones.map((zone) => `data/real/availability/2023-02-15/processed/${zone}_v100_1.csv`),
    prices: "data/v100_spot_prices.json",
  },
];
