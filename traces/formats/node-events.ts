import { TraceError } from "../columns.ts";
import type { CsvRow } from "./csv.ts";
import { csvRows } from "./csv.ts";
import type { FormatRead, ReadOptions, TraceFormat } from "./index.ts";
import { identityOf } from "./probe-series.ts";
import type { SourceFile } from "./source-file.ts";
import { stated } from "./stated.ts";
import { stampOf } from "./values.ts";

/**
 * Nodes that come and go, ms from the start: `480000,add,node1`. What it shows is what the collectors held, at most what they
 * asked for. The first minutes are the ramp-up of their cluster, not a market.
 */
export const nodeEvents: TraceFormat = {
  name: "node-events",
  holds: "capacity (nodes held)",
  source: "Bamboo, SpotServe (trace_full) and Parcae artifacts, CSV: ms,add|remove,node",
  get: "the repositories uclasystem/bamboo (traces), Hsword/SpotServe (branch artifact) and JF-D/Parcae",
  command: "npm run traces -- import g4dn-trace.csv --instance-type g4dn.xlarge --zone us-east-1c --usd-per-hour 0.16",
  matches: ({ head }) => /^\s*\d+(\.\d+)?\s*,\s*(add|remove)\s*,/.test(head),
  read: async (file, options): Promise<FormatRead> => {
    const nodes = new NodeCount(file, options);
    for await (const { cells, line } of csvRows(file, ",")) {
      const [ms, op, node] = cells;
      if (cells.length !== 3 || (op !== "add" && op !== "remove") || node === "") {
        throw new TraceError(
          `${file.path}:${line}: ${JSON.stringify(cells.join(",").slice(0, 60))} is no event; expected ms,add|remove,node`,
        );
      }
      nodes.at(ms, line);
      nodes.change(op, [node!], line);
    }
    return nodes.read();
  },
};

/**
 * The same as JSON lines with several nodes each: `[120000, "remove", {"nodes": ["node-4"]}]`. Other operations (a rate change,
 * a migration, no-op) say that nothing happened to the nodes; the last line's time is the end.
 */
export const nodeSegments: TraceFormat = {
  name: "node-segments",
  holds: "capacity (nodes held)",
  source: 'SpotServe (trace_seg) and Parcae artifacts, JSON lines: [ms, "add|remove|...", {nodes}]',
  get: "the repositories Hsword/SpotServe (branch artifact, elastic-switch/trace) and JF-D/Parcae (aws/traces)",
  command:
    "npm run traces -- import trace_0203_real.txt --instance-type g4dn.12xlarge --zone us-east-1c --usd-per-hour 1.9",
  matches: ({ head }) => {
    const first = head.split("\n").find((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
    return /^\s*\[\s*\d+(\.\d+)?\s*,\s*"[\w-]+"\s*,\s*\{/.test(first ?? "");
  },
  read: (file, options): FormatRead => {
    const nodes = new NodeCount(file, options);
    for (const [i, text] of file.text.split(/\r?\n/).entries()) {
      if (text.trim() === "" || text.trimStart().startsWith("#")) continue;
      const event = eventOf(text);
      if (event === undefined) {
        throw new TraceError(
          `${file.path}:${i + 1}: ${JSON.stringify(text.slice(0, 60))} is no event; expected [ms, "add", {"nodes": ["node-0"]}]`,
        );
      }
      nodes.at(event.ms, i + 1);
      if (event.op === "add" || event.op === "remove") nodes.change(event.op, event.nodes, i + 1);
    }
    return nodes.read();
  },
};

function eventOf(
  text: string,
): { readonly ms: unknown; readonly op: string; readonly nodes: readonly string[] } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const [ms, op, about] = parsed as unknown[];
  const { nodes } = (about ?? {}) as { nodes?: unknown };
  if (typeof op !== "string" || !Array.isArray(nodes) || !nodes.every((node) => typeof node === "string"))
    return undefined;
  return { ms, op, nodes };
}

/** How many nodes there are, event by event. */
class NodeCount {
  readonly #file: SourceFile;
  readonly #options: ReadOptions;
  readonly #nodes = new Set<string>();
  readonly #timesS: number[] = [];
  readonly #counts: number[] = [];
  readonly #joined: number[] = [];

  constructor(file: SourceFile, options: ReadOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Several events may share one instant: the last of them counts. @throws TraceError for a clock that runs backwards. */
  at(ms: unknown, line: number): void {
    const timeS = typeof ms === "number" || /^\d+(\.\d+)?$/.test(String(ms)) ? Number(ms) / 1000 : Number.NaN;
    const where = `${this.#file.path}:${line}`;
    if (!(timeS >= 0)) throw new TraceError(`${where}: ${JSON.stringify(ms)} is no time; expected ms from the start`);
    const lastS = this.#timesS.at(-1) ?? 0;
    if (timeS < lastS)
      throw new TraceError(
        `${where}: the clock runs backwards, ${timeS} s after ${lastS} s; is this two traces in one file?`,
      );
    if (timeS !== this.#timesS.at(-1)) {
      this.#timesS.push(timeS);
      this.#counts.push(this.#nodes.size);
      this.#joined.push(this.#joined.at(-1) ?? 0);
    }
  }

  change(op: "add" | "remove", nodes: readonly string[], line: number): void {
    for (const node of nodes) {
      const there = this.#nodes.has(node);
      if (there === (op === "add")) {
        throw new TraceError(
          `${this.#file.path}:${line}: ${op} of ${node}, which is ${there ? "there already" : "not there"}; a line is missing, or doubled`,
        );
      }
      if (op === "add") this.#nodes.add(node);
      else this.#nodes.delete(node);
    }
    const row = this.#counts.length - 1;
    this.#counts[row] = this.#nodes.size;
    if (op === "add") this.#joined[row]! += nodes.length;
  }

  read(): FormatRead {
    const most = this.#counts.reduce((a, b) => Math.max(a, b), 0);
    const fullS = this.#timesS[this.#counts.indexOf(most)];
    return countRead(this.#file, this.#options, this.#timesS, this.#counts, this.#joined, false, [
      `${this.#file.name}: what the collectors held, not what could be had; the ramp-up to ${most} nodes lasts ${fullS} s`,
    ]);
  }
}

/** Seconds in a unit of time that a file does not name. */
const unitS = { ms: 0.001, s: 1, min: 60, h: 3600 } as const;
export type TimeUnit = keyof typeof unitS;
export const timeUnits = Object.keys(unitS) as readonly TimeUnit[];

/**
 * How many nodes there are: `2040000,31`, in a unit of time that the user names, or `2021-12-11, 11:13:10, 55` in a zone that the
 * user names.
 */
export const nodeCounts: TraceFormat = {
  name: "node-counts",
  holds: "capacity (nodes held)",
  source: "Parcae (p3.csv: ms) and Bamboo (doc/data, traces/gcloud) artifacts: time,count",
  get: "the repositories JF-D/Parcae (aws/traces/p3.csv) and uclasystem/bamboo (traces/gcloud, doc/data)",
  command:
    "npm run traces -- import p3.csv --time-unit ms --instance-type p3.2xlarge --zone us-east-1a --usd-per-hour 0.95",
  matches: ({ head }) => /^\s*(\d+(\.\d+)?|\d{4}-\d\d-\d\d\s*,\s*\d\d:\d\d:\d\d)\s*,\s*\d+\s*(\r?\n|$)/.test(head),
  read: async (file, options): Promise<FormatRead> => {
    const timesS: number[] = [];
    const counts: number[] = [];
    let dated: boolean | undefined;
    for await (const row of csvRows(file, ",")) {
      dated ??= row.cells.length === 3;
      const where = `${file.path}:${row.line}`;
      const count = row.cells.at(-1)!;
      if (row.cells.length !== (dated ? 3 : 2) || !/^\d+$/.test(count)) {
        throw new TraceError(
          `${where}: ${JSON.stringify(row.cells.join(","))} is no row; expected ${dated ? "date,time" : "time"},count`,
        );
      }
      const timeS = dated ? dateOf(row, where, options) : elapsedOf(row, where, options);
      if (timeS < (timesS.at(-1) ?? -Infinity)) {
        throw new TraceError(
          `${where}: the clock runs backwards; is this two traces in one file, or a change of summer time?`,
        );
      }
      timesS.push(timeS);
      counts.push(Number(count));
    }
    let last = 0;
    let sum = 0;
    const joined = counts.map((count) => {
      sum += Math.max(0, count - last);
      last = count;
      return sum;
    });
    return countRead(file, options, timesS, counts, joined, dated === true, [
      `${file.name}: what the collectors held, not what could be had`,
    ]);
  },
};

function dateOf({ cells }: CsvRow, where: string, { tz }: ReadOptions): number {
  return stampOf(`${cells[0]} ${cells[1]}`, where, tz);
}

function elapsedOf({ cells }: CsvRow, where: string, { timeUnit }: ReadOptions): number {
  if (timeUnit === undefined) {
    throw new TraceError(
      `${where}: the file does not say its unit of time; ${stated("timeUnit", "ms")} (or ${timeUnits.slice(1).join(", ")})`,
    );
  }
  if (!/^\d+(\.\d+)?$/.test(cells[0]!)) throw new TraceError(`${where}: ${JSON.stringify(cells[0])} is no time`);
  // A quotient is the nearest double to what is written, a product with 0.001 is not.
  return timeUnit === "ms" ? Number(cells[0]) / 1000 : Number(cells[0]) * unitS[timeUnit];
}

/** Of one instant the last count stands: the rows before it are steps on the way there. */
function countRead(
  file: SourceFile,
  options: ReadOptions,
  timesS: readonly number[],
  values: readonly number[],
  joined: readonly number[],
  stamped: boolean,
  warnings: readonly string[],
): FormatRead {
  const last = (_: unknown, i: number) => timesS[i] !== timesS[i + 1];
  const kept = timesS.filter(last);
  if (kept.length === 0) throw new TraceError(`${file.path}: no rows; the download failed`);
  const market = identityOf(file, undefined, options);
  return {
    pulls: [
      {
        market,
        kind: "capacity",
        timesS: kept,
        values: values.filter(last),
        joined: joined.filter(last),
        stamped,
        gapS: 0,
      },
    ],
    dropped: [{ why: "followed by another row of the same instant", rows: timesS.length - kept.length }].filter(
      ({ rows }) => rows > 0,
    ),
    warnings,
  };
}
