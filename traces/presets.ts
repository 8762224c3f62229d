import type { Shape } from "./fit.ts";
import type { MarketModel } from "./generate.ts";

/** What ships instead of data: parameters, and where they come from. */
export interface Preset {
  readonly name: string;
  readonly summary: string;
  /** Data set, span and zones it was fitted to, and when; or the system whose parameters these are. */
  readonly source: string;
  readonly model: MarketModel;
  /**
   * What the data showed, by the same statistics that the generator is judged by (`traces inspect --preset`): a test holds the
   * generator against it, and it against the data.
   */
  readonly observed?: Shape;
}

const ou = (mean: number, sd: number, reversionPerHour: number, min: number, max: number, stepH: number) => ({
  kind: "ornstein-uhlenbeck" as const,
  meanUsdPerHour: mean,
  reversionPerHour,
  volatility: sd * Math.sqrt(2 * reversionPerHour),
  dailyShare: 0,
  minUsdPerHour: min,
  maxUsdPerHour: max,
  stepH,
  start: "stationary" as const,
});
const spells = (meanUpH: number, meanDownH: number, shape: number) => ({ meanUpH, meanDownH, shape });
const zone = (name: string, price: ReturnType<typeof ou>, capacity: ReturnType<typeof spells>) => ({
  region: name.slice(0, -1),
  zone: name,
  price,
  capacity,
});

/**
 * Fitted by `traces fit`: capacity by availability, spells, and correlation of zones within regions and between them; prices by
 * mean, deviation, autocorrelation over a day, range, and changes a day.
 *
 * Most of what us-east-1 has of outages it shares with some zones of the others (`common`). Where all zones of a region must go
 * together, an outage common to regions takes all nine at once for 5 % of the time; one that takes zones one by one gives the
 * correlations of the data (0.06 to 0.20) and no zone up for 0.5 % of the time, where the data has 0.8 %.
 */
const p3: Preset = {
  name: "p3-2023",
  summary:
    "p3.2xlarge (one V100) in nine zones of three US regions: price, capacity and regional outages as in early 2023.",
  source:
    "fitted on 2026-11-24 to skynomad (andylizf/skynomad-artifact 62b9aaa): AWS p3.2xlarge, 9 zones, 20,158 probes of one instance every 195 s, 2023-02-15 to 2023-04-02",
  model: {
    instanceType: "p3.2xlarge",
    count: 1,
    regions: {
      "us-east-1": spells(11.36, 1.008, 0.5412),
      "us-east-2": spells(9.74, 1.926, 0.5412),
      "us-west-2": spells(18.03, 0.7565, 0.5412),
    },
    common: { ...spells(4.493, 1.926, 0.5412), share: { "us-east-1": 1, "us-east-2": 0.3981, "us-west-2": 0.16 } },
    zones: [
      zone("us-east-1a", ou(1.654, 0.0899, 0.0049, 1.4429, 1.8464, 6), spells(0.877, 2.551, 0.5505)),
      zone("us-east-1c", ou(1.278, 0.0755, 0.0021, 1.168, 1.4053, 6), spells(3.204, 1.21, 0.5738)),
      zone("us-east-1d", ou(1.235, 0.0749, 0.0021, 1.1142, 1.3661, 6), spells(4.131, 1.93, 0.591)),
      zone("us-east-1f", ou(1.265, 0.0787, 0.0013, 1.1487, 1.4003, 6), spells(11.84, 0.322, 0.5359)),
      zone("us-east-2a", ou(0.93, 0.029, 0.0173, 0.918, 1.0741, 17), spells(40.41, 0.2031, 0.4547)),
      zone("us-east-2b", ou(0.928, 0.0239, 0.0173, 0.918, 1.0331, 24), spells(13.16, 1.372, 0.5572)),
      zone("us-west-2a", ou(0.945, 0.0372, 0.0039, 0.918, 1.0461, 12), spells(10.83, 0.423, 0.5684)),
      zone("us-west-2b", ou(0.947, 0.0378, 0.0026, 0.918, 1.0339, 12), spells(66.99, 0.9238, 0.4962)),
      zone("us-west-2c", ou(0.942, 0.0363, 0.0083, 0.918, 1.0855, 12), spells(16.01, 0.3471, 0.5467)),
    ],
  },
  observed: {
    zones: [
      "us-east-1a",
      "us-east-1c",
      "us-east-1d",
      "us-east-1f",
      "us-east-2a",
      "us-east-2b",
      "us-west-2a",
      "us-west-2b",
      "us-west-2c",
    ],
    availability: [0.167, 0.467, 0.447, 0.591, 0.759, 0.682, 0.883, 0.905, 0.891],
    meanUpH: [0.72, 1.49, 1.67, 2.18, 5.52, 4.28, 5.77, 9.76, 6.49],
    meanDownH: [3.55, 1.64, 1.87, 1.52, 1.81, 1.92, 0.81, 1.11, 0.84],
    medianUpH: [0.33, 0.49, 0.54, 0.54, 0.88, 1.08, 1.03, 1.25, 0.92],
    medianDownH: [0.54, 0.54, 0.7, 0.49, 0.38, 0.7, 0.38, 0.38, 0.38],
    p90UpH: [1.57, 3.7, 4.61, 5.65, 14.7, 14, 14.41, 17.55, 15.81],
    p90DownH: [11.05, 4.23, 4.6, 4.72, 4.72, 4.76, 1.79, 2.98, 2.11],
    meanUsdPerHour: [1.654, 1.278, 1.235, 1.265, 0.93, 0.928, 0.945, 0.947, 0.942],
    sdUsdPerHour: [0.0899, 0.0755, 0.0749, 0.0787, 0.029, 0.0239, 0.0372, 0.0379, 0.0364],
    priceChangesPerDay: [3.91, 4.04, 3.97, 4.19, 1.43, 0.88, 2.04, 1.95, 1.95],
    priceDayAutocorrelation: [0.924, 0.959, 0.957, 0.964, 0.917, 0.837, 0.982, 0.985, 0.974],
    correlations: {
      "us-east-1": 0.397,
      "us-east-2": 0.588,
      "us-west-2": 0.45,
      "us-east-1, us-east-2": 0.195,
      "us-east-1, us-west-2": 0.135,
      "us-east-2, us-west-2": 0.058,
    },
    noneUpShare: 0.0079,
  },
};

const seed: Preset = {
  name: "synkti-seed",
  summary: "The seed's own market: one zone, mean spot price 0.30 of on-demand, capacity without bound.",
  source: "Synkti, crates/synkti-simulation/src/spot_data.rs and main.rs: the price process of its benchmark",
  model: {
    instanceType: "seed.24gb",
    count: 1,
    regions: {},
    zones: [
      {
        region: "seed-1",
        zone: "seed-1a",
        price: {
          kind: "ornstein-uhlenbeck",
          meanUsdPerHour: 0.3,
          reversionPerHour: 0.5,
          volatility: 0.2,
          dailyShare: 0.1,
          minUsdPerHour: 0.1,
          maxUsdPerHour: 0.95,
          stepH: 0.1,
          start: "mean",
        },
      },
    ],
  },
};

// A preset is one entry here.
export const presets: readonly Preset[] = [p3, seed];
