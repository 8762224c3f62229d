import { TraceError } from "../columns.ts";
import type { Pull } from "../rows.ts";
import type { FormatRead, TraceFormat } from "./index.ts";
import { parseJson, priceOf } from "./values.ts";

/** SkyNomad's prices beside its probes: `{ "<zone>_<gpu>_<count>": [price a tick] }`, on the ticks of the availability files. */
export const tickPrices: TraceFormat = {
  name: "tick-prices",
  source: "SkyNomad artifact, JSON {zone_...: [price, ...]} beside availability files",
  holds: "prices, on the ticks of availability files",
  get: "the artifact's repository, data/v100_spot_prices.json",
  command: "npm run traces -- import us-east-1a_v100_1.csv v100_spot_prices.json --instance-type p3.2xlarge",
  besides: ["availability-csv"],
  matches: ({ text }) => /^\s*\{\s*"[^"]+_[^"]*"\s*:\s*\[/.test(text),
  read: (file, _, ticks): FormatRead => {
    if (ticks.length === 0) {
      throw new TraceError(`${file.path}: prices without ticks; name the availability files they belong to as well`);
    }
    const parsed = parseJson(file) as Record<string, unknown>;
    const used = new Set<string>();
    const pulls = ticks.map((tick): Pull => {
      const { zone } = tick.market;
      const key = Object.hasOwn(parsed, zone) ? zone : Object.keys(parsed).find((each) => each.startsWith(`${zone}_`));
      const prices = key === undefined ? undefined : parsed[key];
      if (key === undefined || !Array.isArray(prices)) {
        throw new TraceError(`${file.path}: no prices for zone ${zone}; it has ${Object.keys(parsed).join(", ")}`);
      }
      if (prices.length !== tick.timesS.length) {
        throw new TraceError(
          `${file.path}: ${key}: ${prices.length} prices for ${tick.timesS.length} ticks of availability; the files do not belong together`,
        );
      }
      used.add(key);
      return { ...tick, kind: "price", values: prices.map((usd, i) => priceOf(usd, `${file.path}: ${key}[${i}]`)) };
    });
    const others = Object.entries(parsed).filter(([key]) => !used.has(key));
    const rows = others.reduce((sum, [, list]) => sum + (Array.isArray(list) ? list.length : 0), 0);
    const dropped =
      rows === 0
        ? []
        : [{ why: `prices of zones without availability: ${others.map(([key]) => key).join(", ")}`, rows }];
    return { pulls, dropped, warnings: [] };
  },
};
