import type { MarketId, UsdPerHour } from "../policies/contract/units.ts";
import { JournalError, type JournalRecord } from "./journal-lines.ts";
import type { StartEntry } from "./records.ts";

/** A row of `aws ec2 describe-spot-price-history`, which the importer of traces reads. */
interface PriceRow {
  readonly AvailabilityZone: string;
  readonly InstanceType: string;
  readonly ProductDescription: "Linux/UNIX";
  readonly SpotPrice: string;
  readonly Timestamp: string;
}

/**
 * The spot prices that a loop has seen, in the form of AWS's price history: what was met live can be replayed in a study. Each change
 * has the time at which the loop learnt of it, which is up to its pause between two looks late; the last price of each market is
 * said once more at the journal's end, so that the trace reaches up to there.
 * @throws JournalError for a journal whose clock knows no time of day
 */
export async function pricesSeen(
  records: AsyncIterable<JournalRecord>,
): Promise<{ readonly SpotPriceHistory: readonly PriceRow[] }> {
  const rows: PriceRow[] = [];
  const last = new Map<MarketId, UsdPerHour>();
  let start: StartEntry | undefined;
  let nowS = 0;
  const say = (id: MarketId, usdPerHour: UsdPerHour) => {
    const { instanceType, zone } = start!.fleet.markets[id]!;
    rows.push({
      AvailabilityZone: zone,
      InstanceType: instanceType,
      ProductDescription: "Linux/UNIX",
      SpotPrice: String(usdPerHour),
      Timestamp: new Date(start!.startedMs! + nowS * 1000).toISOString(),
    });
  };
  for await (const { entry } of records) {
    if (entry.kind === "start") {
      start = entry;
      if (entry.startedMs === undefined) {
        throw new JournalError("the journal does not say when it began; name one that was written under a real clock");
      }
    } else if (entry.kind === "fact" && entry.name === "advance") {
      [nowS] = entry.args;
    } else if (entry.kind === "fact" && entry.name === "price") {
      const [id, usdPerHour] = entry.args;
      if (start?.fleet.markets[id]?.capacityType !== "spot") continue;
      last.set(id, usdPerHour);
      say(id, usdPerHour);
    }
  }
  for (const [id, usdPerHour] of last) say(id, usdPerHour);
  return { SpotPriceHistory: rows };
}
