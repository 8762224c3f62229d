import type { MarketId, UsdPerHour } from "../../../policies/contract/units.ts";
import { Meter } from "../../../sim/meter.ts";
import { tableFromSeries } from "../../../traces/columns.ts";

const [spot, onDemand] = [0 as MarketId, 1 as MarketId];

/** The meter over one spot and one on-demand market of constant prices, with no rule but seconds times price. */
export function plainMeter(spotUsdPerHour: UsdPerHour, onDemandUsdPerHour: UsdPerHour) {
  const market = (capacityType: "spot" | "onDemand", usdPerHour: UsdPerHour) => ({
    market: { instanceType: "any", region: "any", zone: "any", capacityType },
    price: { timesS: [0], usdPerHour: [usdPerHour] },
    depth: { kind: "unlimited", instances: 0 } as const,
    gapS: 0,
  });
  const markets = [market("spot", spotUsdPerHour), market("onDemand", onDemandUsdPerHour)];
  const billing = { minimumS: 0, freeWhenReclaimedWithinS: 0 };
  const meter = new Meter(tableFromSeries(markets, { digest: "", endS: 1 }), billing, { ledger: false });
  return { meter, spot, onDemand };
}
