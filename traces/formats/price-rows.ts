import type { Seconds, UsdPerHour } from "../../policies/contract/units.ts";
import { marketKey, type Pull } from "../rows.ts";
import type { FormatRead, ReadOptions } from "./index.ts";
import { isZoneId, regionOf } from "./values.ts";

/** One price of one market, as a source states it. */
export interface PriceRow {
  readonly instanceType: string;
  readonly zone: string;
  readonly zoneId?: string | undefined;
  readonly region?: string | undefined;
  readonly product?: string | undefined;
  readonly timeS: Seconds;
  readonly usdPerHour: UsdPerHour;
}

/** Sorts the rows of one file by market, and leaves out those of another product than the one that is wanted. */
export class PriceRows {
  readonly #pulls = new Map<string, Pull>();
  readonly #product: string | undefined;
  readonly #about: Pick<Pull, "gapS" | "silentS">;
  #ofOthers = 0;

  /** `gapS`: between snapshots; 0 where a row is a change at its exact time. `silentS`: as a pull has it. */
  constructor({ product }: ReadOptions, about: Pick<Pull, "gapS" | "silentS"> = { gapS: 0 }) {
    this.#product = product;
    this.#about = about;
  }

  add({ instanceType, zone, zoneId, region, product, timeS, usdPerHour }: PriceRow): void {
    if (this.#product !== undefined && product !== undefined && product !== this.#product) {
      this.#ofOthers++;
      return;
    }
    const id = zoneId ?? (isZoneId(zone) ? zone : undefined);
    const market = {
      instanceType,
      region: region ?? regionOf(zone),
      zone,
      capacityType: "spot" as const,
      ...(id !== undefined && { zoneId: id }),
      ...(product !== undefined && { product }),
    };
    const key = marketKey(market);
    let pull = this.#pulls.get(key);
    if (pull === undefined) {
      pull = { market, kind: "price", timesS: [], values: [], stamped: true, ...this.#about };
      this.#pulls.set(key, pull);
    }
    pull.timesS.push(timeS);
    pull.values.push(usdPerHour);
  }

  read(warnings: readonly string[], dropped: FormatRead["dropped"] = []): FormatRead {
    const ofOthers = { why: `of another product than ${this.#product}`, rows: this.#ofOthers };
    return {
      pulls: [...this.#pulls.values()],
      dropped: [...dropped, ofOthers].filter(({ rows }) => rows > 0),
      warnings,
    };
  }
}
