import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seriesOf, TraceError } from "../../traces/columns.ts";
import { importAny, openStudyTrace } from "../../traces/open.ts";
import { otherSamples, type Sample, samples } from "./samples.ts";
import { type Rows, slowOther, slowReader } from "./slow-readers.ts";

/*
 * Goal: whatever the bytes, an importer either refuses them with a TraceError or gives the table that a slow reading of the
 * same bytes gives; it never hangs and never throws anything else.
 * Method: bytes of every sample are changed, cut, doubled, moved and packed; a slow reader (slow-readers.ts), written from the
 * format's description and not from its importer, reads what was accepted.
 */
const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
const cache = join(folder, "cache");
const RUNS = Number(process.env.FUZZ_RUNS ?? 120);
/** Far beyond what a file of a kilobyte takes on a busy machine. */
const HANG_MS = 5000;

type Mutation = (bytes: Buffer) => Buffer;
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const digits = fc.constantFrom(...'0123456789.-+e,\t\n"[]{}:TZ #ax\r ');
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, digits).map(
      ([at, text]): Mutation =>
        (bytes) =>
          spliced(bytes, at, 1, Buffer.from(text)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.nat(255)).map(
      ([at, byte]): Mutation =>
        (bytes) =>
          spliced(bytes, at, 1, Buffer.from([byte])),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, digits).map(
      ([at, text]): Mutation =>
        (bytes) =>
          spliced(bytes, at, 0, Buffer.from(text)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 20 })).map(
      ([at, count]): Mutation =>
        (bytes) =>
          spliced(bytes, at, count, Buffer.alloc(0)),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Mutation =>
        (bytes) =>
          bytes.subarray(0, Math.floor(at * bytes.length)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, place).map(
      ([at, to]): Mutation =>
        (bytes) =>
          moved(bytes, at, to),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Mutation>(
      (bytes) => Buffer.concat([bytes, bytes]),
      (bytes) => Buffer.concat([Buffer.from("\uFEFF"), bytes]),
      (bytes) => Buffer.from(bytes.toString().replaceAll("\n", "\r\n")),
    ),
  },
);
const packing = fc.constantFrom<Mutation>(
  (bytes) => bytes,
  (bytes) => bytes,
  (bytes) => gzipSync(bytes),
  (bytes) => zstdCompressSync(bytes),
);

function spliced(bytes: Buffer, at: number, count: number, by: Buffer): Buffer {
  const from = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + count)]);
}

/** One line to another place. */
function moved(bytes: Buffer, at: number, to: number): Buffer {
  const lines = bytes.toString("latin1").split("\n");
  const [line] = lines.splice(Math.floor(at * lines.length), 1);
  lines.splice(Math.floor(to * lines.length), 0, line ?? "");
  return Buffer.from(lines.join("\n"), "latin1");
}

let written = 0;
async function imported(bytes: Buffer, { name, options }: Sample): Promise<{ rows: Rows; format: string } | undefined> {
  const path = join(mkdtempSync(join(folder, `${written++}-`)), name);
  writeFileSync(path, bytes);
  const started = performance.now();
  try {
    const trace = await openStudyTrace({ files: [path], ...options }, cache);
    const rows: Rows = {};
    const known = new Set(trace.markets().map(({ product }) => product));
    for (const product of known) {
      // A market that begins later is looked at from there.
      const fromS = trace.report.format === "price-archive" ? trace.endS / 2 : 0;
      try {
        const window = trace.window(fromS, trace.endS - fromS, product === undefined ? {} : { product });
        for (const { market, price, capacity } of seriesOf(window)) {
          const key = `${market.instanceType} ${market.zone} ${market.product ?? ""}`;
          rows[key] = {
            price: Array.from(price.timesS, (timeS, i) => [timeS + fromS, price.usdPerHour[i]!]),
            capacity: capacity && Array.from(capacity.timesS, (timeS, i) => [timeS + fromS, capacity.counts[i]!]),
          };
        }
      } catch (error) {
        if (!(error instanceof TraceError && /its first row is at/.test(error.message))) throw error;
      }
    }
    return { rows, format: trace.report.format };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    expect(error.message).not.toMatch(/(?<!received )undefined|NaN is|\[object|\n/);
    return undefined;
  } finally {
    expect(performance.now() - started).toBeLessThan(HANG_MS);
  }
}

describe("any bytes are refused by name, or read as a slow reading reads them", () => {
  it.each(samples.map((each) => [each.format, each.name, each] as const))(
    "%s: %s",
    async (_, __, sample) => {
      const bytes: Buffer = Buffer.from(sample.text);
      let accepted = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { minLength: 0, maxLength: 3 }), packing, async (mutations, pack) => {
          const changed = mutations.reduce((each: Buffer, mutate) => mutate(each), bytes);
          const got = await imported(pack(changed), sample);
          if (got === undefined) return;
          accepted++;
          // A change may turn one form into another, whose own reader then judges.
          expect(got.rows).toEqual(slowReader(got.format)(String(changed).replace(/^\uFEFF/, ""), sample));
        }),
        { numRuns: RUNS, ...(process.env.FUZZ_SEED && { seed: Number(process.env.FUZZ_SEED) }) },
      );
      expect(accepted).toBeGreaterThan(RUNS / 50); // or it compares nothing
    },
    120_000,
  );

  it.each(otherSamples.map((each) => [each.format, each] as const))(
    "%s",
    async (_, sample) => {
      const bytes: Buffer = Buffer.from(sample.text);
      let accepted = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { maxLength: 3 }), packing, async (mutations, pack) => {
          const changed = mutations.reduce((each: Buffer, mutate) => mutate(each), bytes);
          const path = join(mkdtempSync(join(folder, `${written++}-`)), sample.name);
          writeFileSync(path, pack(changed));
          try {
            const got = await importAny({ files: [path] }, cache);
            if (!("kind" in got)) return; // a form whose own test this is
            accepted++;
            const rows =
              got.kind === "hazards"
                ? got.hazards.map((each) => [
                    each.region,
                    each.os,
                    each.instanceType,
                    each.savingsPercent,
                    each.perHour.toPrecision(9),
                  ])
                : Array.from(got.trace.arrivalS, (timeS, i) => [
                    timeS,
                    got.trace.inputTokens[i],
                    got.trace.outputTokens[i],
                  ]);
            const format = got.kind === "hazards" ? "spot-advisor" : got.trace.report.format;
            expect(rows).toEqual(slowOther(format, String(changed).replace(/^\uFEFF/, "")));
          } catch (error) {
            if (!(error instanceof TraceError)) throw error;
          }
        }),
        { numRuns: RUNS },
      );
      expect(accepted).toBeGreaterThan(RUNS / 50);
    },
    120_000,
  );

  it("tick-prices, beside the ticks they stand on", async () => {
    const { name, text, options } = samples.find(({ format }) => format === "availability-csv")!;
    const { usdPerHour: _, ...about } = options!;
    const ticks = join(folder, name);
    writeFileSync(ticks, text);
    const bytes: Buffer = Buffer.from('{"us-east-1a_v100_1":[1.5,1.5,"1.625",1.5],"us-east-1b_v100_1":[1,1,1,1]}');
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { maxLength: 3 }), packing, async (mutations, pack) => {
        const changed = mutations.reduce((each: Buffer, mutate) => mutate(each), bytes);
        const prices = join(mkdtempSync(join(folder, `${written++}-`)), "prices.json");
        writeFileSync(prices, pack(changed));
        try {
          const trace = await openStudyTrace({ files: [ticks, prices], ...about }, cache);
          accepted++;
          const parsed = JSON.parse(String(changed).replace(/^\uFEFF/, "")) as Record<string, (number | string)[]>;
          const usd = Object.entries(parsed)
            .find(([key]) => key.startsWith("us-east-1a_"))![1]
            .map(Number);
          const table = trace.window(0, trace.endS);
          expect([0, 195, 390, 600].map((timeS) => table.priceUsdPerHourAt(0, timeS))).toEqual(usd);
        } catch (error) {
          if (!(error instanceof TraceError)) throw error;
        }
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS / 50);
  }, 120_000);

  it("bytes of no sample at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await imported(Buffer.from(bytes), { format: "none", name: "junk", text: "" })).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });
});
