import type { Sample } from "./samples.ts";

/** What a table should hold: steps by market. */
export type Rows = Record<
  string,
  {
    readonly price: readonly (readonly [number, number])[];
    readonly capacity: readonly (readonly [number, number])[] | undefined;
  }
>;

/** One value of one market, as a file states it. */
interface Fact {
  readonly market: string;
  readonly kind: "price" | "capacity";
  readonly timeS: number;
  readonly value: number;
}
interface Reading {
  readonly facts: readonly Fact[];
  /** Declared; the stamps' own counts where there are three instants. */
  readonly gapS: number;
  readonly stamped: boolean;
  /** Each market begins by itself. */
  readonly apart?: boolean;
}
type Read = (text: string, options: NonNullable<Sample["options"]>, name: string) => Reading;

/** The table that a file of this format should come to, read as slowly and plainly as can be. */
export const slowReader =
  (format: string) =>
  (text: string, { options = {}, name }: Sample): Rows =>
    tabulated(readers[format]!(text, options, name), options.usdPerHour);

function tabulated({ facts, gapS, stamped, apart }: Reading, usdPerHour: number | undefined): Rows {
  const series = new Map<string, Fact[]>();
  for (const fact of facts) {
    const key = `${fact.market}|${fact.kind}`;
    series.set(key, [...(series.get(key) ?? []), fact]);
  }
  const ordered = new Map(
    [...series].map(([key, list]) => {
      const rows = list[0]!.timeS > list.at(-1)!.timeS ? [...list].reverse() : list;
      const last = new Map<number, number>();
      for (const { timeS, value } of rows) last.set(timeS, value);
      return [key, [...last].sort((a, b) => a[0] - b[0])] as const;
    }),
  );
  const firsts = [...ordered.values()].map((rows) => rows[0]![0]);
  const startS = apart ? Math.min(...firsts) : Math.max(...firsts);
  const ends = [...ordered.values()].map((rows) => {
    const gaps = rows
      .slice(1)
      .map(([timeS], i) => timeS - rows[i]![0])
      .sort((a, b) => a - b);
    const cadence = gapS > 0 && stamped && gaps.length > 1 ? gaps[(gaps.length - 1) >> 1]! : gapS;
    return rows.at(-1)![0] + cadence;
  });
  const endS = gapS > 0 ? Math.min(...ends) : Math.max(...ends);
  const viewS = apart ? startS + (endS - startS) / 2 : startS;
  // Products are looked at one by one; one of which a market begins later cannot be.
  const productOf = (key: string) => key.split("|")[0]!.split(" ").slice(2).join(" ");
  const late = [...ordered].filter(([, rows]) => rows[0]![0] > viewS).map(([key]) => productOf(key));
  const steps = (key: string) => {
    const rows = ordered.get(key);
    if (rows === undefined) return undefined;
    const kept: [number, number][] = [];
    for (const [timeS, value] of rows) {
      if (timeS >= endS) continue;
      const atS = Math.max(timeS, viewS) - startS;
      if (kept.at(-1)?.[0] === atS) kept.pop();
      if (kept.at(-1)?.[1] !== value) kept.push([atS, value]);
    }
    return kept;
  };
  const markets = [...new Set(facts.map(({ market }) => market))].filter((market) => !late.includes(productOf(market)));
  return Object.fromEntries(
    markets.map((market) => [
      market,
      { price: steps(`${market}|price`) ?? [[0, usdPerHour!]], capacity: steps(`${market}|capacity`) },
    ]),
  );
}

/** Comma by comma and quote by quote. */
function csv(text: string, delimiter = ","): string[][] {
  const rows: string[][] = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows.at(-1)!;
    const cell = row.at(-1)!;
    const char = text[i]!;
    if (quoted && char === '"' && text[i + 1] === '"') row[row.length - 1] = cell + text[i++];
    else if (quoted && char === '"') quoted = false;
    else if (!quoted && char === '"' && cell.trim() === "") {
      quoted = true;
      row[row.length - 1] = "";
    } else if (!quoted && char === delimiter) row.push("");
    else if (!quoted && (char === "\n" || char === "\r")) {
      if (char === "\r" && text[i + 1] === "\n") i++;
      rows.push([""]);
    } else row[row.length - 1] = cell + char;
  }
  return rows
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter((cells) => cells.some((cell) => cell !== "") && !cells[0]!.startsWith("#"));
}

function stamp(text: string, tz = "UTC"): number {
  const [, date, time, fraction = "", zone = tz] =
    /^\s*(\S{10})[T ](\d\d:\d\d:\d\d)(\.\d+)?\s*(\S*[^\s])?\s*$/.exec(text) ?? [];
  const offset = zone === "UTC" ? "Z" : zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  return Date.parse(`${date}T${time}${offset}`) / 1000 + Number(fraction);
}

const aws = (list: readonly Record<string, string>[]): Fact[] =>
  list.map((each) => ({
    market: `${each.InstanceType} ${each.AvailabilityZone ?? each.AvailabilityZoneId} ${each.ProductDescription ?? ""}`,
    kind: "price",
    timeS: stamp(each.Timestamp!),
    value: Number(each.SpotPrice),
  }));
const exact = (facts: readonly Fact[]): Reading => ({ facts, gapS: 0, stamped: true });
const zoneOf = (name: string) => name.split("_")[0]!;

const nodesAt = (
  events: readonly (readonly [ms: number, op: string, nodes: readonly string[]])[],
  market: string,
): Reading => {
  const nodes = new Set<string>();
  const facts = events.map(([ms, op, names]): Fact => {
    for (const name of names) {
      if (op === "add") nodes.add(name);
      if (op === "remove") nodes.delete(name);
    }
    return { market, kind: "capacity", timeS: ms / 1000, value: nodes.size };
  });
  return { facts, gapS: 0, stamped: false };
};

const readers: Readonly<Record<string, Read>> = {
  "aws-price-history": (text) => {
    const parsed = JSON.parse(text) as { SpotPriceHistory: Record<string, string>[] } | Record<string, string>[];
    return exact(aws(Array.isArray(parsed) ? parsed : parsed.SpotPriceHistory));
  },
  "aws-text": (text) => {
    const names = ["AvailabilityZone", "InstanceType", "ProductDescription", "SpotPrice", "Timestamp"];
    const withId = [names[0]!, "AvailabilityZoneId", ...names.slice(1)];
    const rows = text.split(/\r?\n/).flatMap((line) => {
      const cells = line.includes("|")
        ? line
            .split("|")
            .map((cell) => cell.trim())
            .filter((cell) => cell !== "")
        : line.split("\t").slice(1);
      if (!/\d{4}-\d\d-\d\dT/.test(line)) return [];
      const header = cells.length === 6 ? withId : names;
      return [Object.fromEntries(header.map((name, i) => [name, cells[i]!]))];
    });
    return exact(aws(rows));
  },
  "price-archive": (text) => ({
    ...exact(
      text.split(/\r?\n/).flatMap((line) => {
        const [zone, type, product, usd, time] = line.split("\t");
        return time === undefined
          ? []
          : [{ market: `${type} ${zone} ${product}`, kind: "price" as const, timeS: stamp(time), value: Number(usd) }];
      }),
    ),
    apart: true,
  }),
  "data-feed": (text, { zone }) => ({
    facts: csv(text, "\t").map((cells) => ({
      market: `${cells[1]!.split(":")[1] ?? "m1.small"} ${zone} `,
      kind: "price",
      timeS: stamp(cells[0]!),
      value: Number(cells[6]!.replace(" USD", "")),
    })),
    gapS: 3600,
    stamped: true,
  }),
  spotlake: (text) => {
    const [names, ...rows] = csv(text);
    const at = (cells: readonly string[], name: string) => cells[names!.indexOf(name)]!;
    const priced = rows.filter((cells) => at(cells, "SpotPrice") !== "" && Number(at(cells, "SpotPrice")) !== -1);
    const facts = priced.map(
      (cells): Fact => ({
        market: `${at(cells, "InstanceType")} ${at(cells, "AZ")} `,
        kind: "price",
        timeS: stamp(at(cells, "Time")),
        value: Number(at(cells, "SpotPrice")),
      }),
    );
    return { facts, gapS: 600, stamped: true };
  },
  csv: (text, { map, instanceType, zone }) => {
    const first = text.split(/\r?\n/)[0]!;
    const most = [",", "\t", ";"].sort((a, b) => first.split(b).length - first.split(a).length)[0]!;
    const rows = csv(text, most);
    const names = map === undefined ? rows.shift()!.map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, "")) : [];
    const of = (cells: readonly string[], numbered: string | undefined, ...known: readonly string[]) =>
      numbered === undefined ? cells[names.findIndex((name) => known.includes(name))] : cells[Number(numbered) - 1];
    return exact(
      rows.map((cells) => {
        const time = of(cells, map?.time, "time", "timestamp", "datetime", "date", "pricetime")!;
        const type = instanceType ?? of(cells, undefined, "instancetype", "type", "instance", "machinetype", "vmsize");
        const where =
          zone ??
          of(cells, undefined, "availabilityzone", "zone", "az", "zonename") ??
          of(cells, undefined, "zoneid", "azid") ??
          of(cells, undefined, "region", "location");
        const product = of(cells, undefined, "product", "productdescription", "os", "operatingsystem", "platform");
        const seconds = /^\d{10}(\.\d+)?$/.test(time)
          ? Number(time)
          : /^\d{13}(\.\d+)?$/.test(time)
            ? Number(time) / 1000
            : stamp(time);
        return {
          market: `${type} ${where} ${product ?? ""}`,
          kind: "price",
          timeS: seconds,
          value: Number(
            of(
              cells,
              map?.price,
              "price",
              "spotprice",
              "usdperhour",
              "priceusdperhour",
              "spotpriceusdperhour",
            )!.replace("$", ""),
          ),
        };
      }),
    );
  },
  "probe-series": (text, { instanceType, zone, polarity }, name) => {
    const { metadata, data, prices } = JSON.parse(text) as {
      metadata: { gap_seconds: number; zone?: string };
      data: number[];
      prices?: (number | string)[];
    };
    const market = `${instanceType} ${zone ?? metadata.zone ?? zoneOf(name)} `;
    const at = (kind: Fact["kind"], value: number, i: number): Fact => ({
      market,
      kind,
      timeS: i * metadata.gap_seconds,
      value,
    });
    return {
      facts: [
        ...data.map((value, i) => at("capacity", polarity === "preempted" ? 1 - value : value, i)),
        ...(prices ?? []).map((value, i) => at("price", Number(value), i)),
      ],
      gapS: metadata.gap_seconds,
      stamped: false,
    };
  },
  "probe-text": (text, { instanceType }, name) =>
    sampled(
      csv(text).map(([, time, flag]) => ({
        market: `${instanceType} ${zoneOf(name)} `,
        kind: "capacity",
        timeS: stamp(time!),
        value: 1 - Number(flag),
      })),
    ),
  "availability-csv": (text, { instanceType }, name) =>
    sampled(
      csv(text)
        .slice(1)
        .map(([time, value]) => ({
          market: `${instanceType} ${zoneOf(name)} `,
          kind: "capacity",
          timeS: stamp(time!),
          value: Number(value),
        })),
    ),
  "launch-probes": (text, { instanceType }) => {
    const round = JSON.parse(text) as {
      started_at: string;
      interval_sec?: number;
      zone_results: Record<string, { instances_created?: number } | null>;
    };
    const facts = Object.entries(round.zone_results).flatMap(([zone, result]): Fact[] =>
      result?.instances_created === undefined
        ? []
        : [
            {
              market: `${instanceType} ${zone} `,
              kind: "capacity",
              timeS: stamp(round.started_at),
              value: result.instances_created,
            },
          ],
    );
    return { facts, gapS: round.interval_sec ?? 600, stamped: true };
  },
  "node-events": (text, { instanceType, zone }) =>
    nodesAt(
      csv(text).map(([ms, op, node]) => [Number(ms), op!, [node!]]),
      `${instanceType} ${zone} `,
    ),
  "node-segments": (text, { instanceType, zone }) =>
    nodesAt(
      text
        .split("\n")
        .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
        .map((line) => {
          const [ms, op, { nodes }] = JSON.parse(line) as [number, string, { nodes: string[] }];
          return [Number(ms), op, nodes] as const;
        }),
      `${instanceType} ${zone} `,
    ),
  "node-counts": (text, { instanceType, zone, tz }) => {
    const rows = csv(text);
    const dated = rows[0]!.length === 3;
    const facts = rows.map(
      (cells): Fact => ({
        market: `${instanceType} ${zone} `,
        kind: "capacity",
        timeS: dated ? stamp(`${cells[0]} ${cells[1]}`, tz) : Number(cells[0]) * 0.001,
        value: Number(cells.at(-1)),
      }),
    );
    return { facts, gapS: 0, stamped: dated };
  },
};

/** Probes whose cadence is that of their stamps, repeated ones included. */
function sampled(facts: readonly Fact[]): Reading {
  const gaps = facts
    .slice(1)
    .map(({ timeS }, i) => Math.abs(timeS - facts[i]!.timeS))
    .sort((a, b) => a - b);
  return { facts, gapS: gaps[(gaps.length - 1) >> 1] ?? 0, stamped: true };
}

/** Requests as rows of arrival, tokens in and out, or rates as text, read as plainly as can be. */
export function slowOther(format: string, text: string): readonly unknown[] {
  if (format === "spot-advisor") {
    const { spot_advisor } = JSON.parse(text) as {
      spot_advisor: Record<string, Record<string, Record<string, { s: number; r: number }>>>;
    };
    const middles = [0.025, 0.075, 0.125, 0.175, 0.2];
    return Object.entries(spot_advisor).flatMap(([region, systems]) =>
      Object.entries(systems).flatMap(([os, types]) =>
        Object.entries(types).map(([type, { s, r }]) => [
          region,
          os,
          type,
          s,
          (-Math.log(1 - middles[r]!) / 720).toPrecision(9),
        ]),
      ),
    );
  }
  const rows = csv(text);
  const headers: Readonly<Record<string, readonly string[]>> = {
    "azure-llm": ["TIMESTAMP", "ContextTokens", "GeneratedTokens"],
    burstgpt: ["Timestamp", "Request tokens", "Response tokens"],
    vidur: ["arrived_at", "num_prefill_tokens", "num_decode_tokens"],
  };
  const names = headers[format];
  const header = names === undefined ? [] : rows.shift()!;
  const places = names?.map((name) => header.indexOf(name)) ?? [1, 2];
  const all = rows
    .map((cells) => places.map((at) => cells[at]!))
    .map(
      ([time, input, output]) =>
        [format === "azure-llm" ? stamp(time!) : Number(time), Number(input), Number(output ?? 128)] as const,
    )
    .filter(([, , output]) => format !== "burstgpt" || output > 0)
    .sort((a, b) => a[0] - b[0]);
  const startS = format === "azure-llm" ? all[0]![0] : 0;
  return all.map(([timeS, input, output]) => [timeS - startS, input, output]);
}
