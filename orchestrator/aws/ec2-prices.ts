import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Seconds, UsdPerHour } from "../../policies/contract/units.ts";
import type { MarketName, Prices, WallClock } from "../ports.ts";
import { CallFailure, type Calls } from "./calls.ts";

export interface Ec2PricesOptions {
  readonly client: EC2Client;
  readonly calls: Calls;
  readonly clock: WallClock;
  readonly markets: readonly MarketName[];
  /** By instance type: EC2 has no call for them. */
  readonly onDemandUsdPerHour: Readonly<Record<string, UsdPerHour>>;
  /** A newer price is asked for after so long. */
  readonly everyS: Seconds;
  readonly alarm: (what: string) => void;
}

const READ_S = 60;
/** One asks for this product: Linux of the account's own network. */
const PRODUCT = "Linux/UNIX";

/**
 * Spot prices from the price history of EC2, on-demand prices as configured. Asking waits only for the first of them: afterwards the
 * newest known is given at once, and a newer one fetched when it has become old.
 */
export class Ec2Prices implements Prices {
  readonly #options: Ec2PricesOptions;
  #known: Awaited<ReturnType<Prices["latest"]>> | undefined;
  #fetching: Promise<void> | undefined;
  #fetchedS = -Infinity;

  constructor(options: Ec2PricesOptions) {
    this.#options = options;
  }

  async latest(signal: AbortSignal): ReturnType<Prices["latest"]> {
    const { clock, everyS, alarm } = this.#options;
    if (this.#fetching === undefined && clock.nowS() - this.#fetchedS >= everyS) {
      this.#fetchedS = clock.nowS();
      this.#fetching = this.#fetch(signal)
        .catch((error: unknown) => {
          // An old price is better than none: what a policy does with it is bounded by the caps.
          if (!signal.aborted) alarm(`prices are not known anew: ${error instanceof Error ? error.message : error}`);
        })
        .finally(() => {
          this.#fetching = undefined;
        });
    }
    if (this.#known === undefined) await this.#fetching;
    return this.#known ?? [];
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { client, calls, clock, markets, onDemandUsdPerHour } = this.#options;
    const { DescribeSpotPriceHistoryCommand } = await import("@aws-sdk/client-ec2");
    const spot = markets.filter(({ capacityType }) => capacityType === "spot");
    // With a start of now, EC2 gives the price in force of each type and zone.
    const now = new Date(clock.wallMs());
    const newest = new Map<string, { readonly atMs: number; readonly usdPerHour: UsdPerHour }>();
    let NextToken: string | undefined;
    do {
      const input = {
        InstanceTypes: [...new Set(spot.map(({ instanceType }) => instanceType))] as never[],
        ProductDescriptions: [PRODUCT],
        StartTime: now,
        EndTime: now,
        ...(NextToken === undefined ? {} : { NextToken }),
      };
      const page = await calls.call(
        { name: "DescribeSpotPriceHistory", kind: "read", withinS: READ_S },
        signal,
        (abortSignal) => client.send(new DescribeSpotPriceHistoryCommand(input), { abortSignal }),
      );
      for (const { InstanceType, AvailabilityZone, SpotPrice, Timestamp } of page.SpotPriceHistory ?? []) {
        const usdPerHour = Number(SpotPrice);
        const atMs = Timestamp?.getTime() ?? Number.NaN;
        if (!(usdPerHour > 0) || Number.isNaN(atMs)) {
          throw new CallFailure("DescribeSpotPriceHistory", "UnreadableRow", { is: "unknown" });
        }
        const key = keyOf(InstanceType ?? "", AvailabilityZone ?? "");
        if (atMs >= (newest.get(key)?.atMs ?? -Infinity)) newest.set(key, { atMs, usdPerHour });
      }
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
    this.#known = markets.flatMap((market) => {
      const { instanceType, zone, capacityType } = market;
      const priceUsdPerHour =
        capacityType === "spot" ? newest.get(keyOf(instanceType, zone))?.usdPerHour : onDemandUsdPerHour[instanceType];
      return priceUsdPerHour === undefined ? [] : [{ market, priceUsdPerHour }];
    });
  }
}

const keyOf = (instanceType: string, zone: string): string => `${instanceType} ${zone}`;
