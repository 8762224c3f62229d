import { z } from "zod";
import { nameOf, type Scenario } from "../../policies/contract/scenario.ts";
import type { CellOutcome } from "../cell-task.ts";
import { canonicalJson } from "../digest.ts";
import type { RunRecord, RunSpec } from "../record.ts";
import type { TableSource } from "../tables.ts";
import { PREFIX } from "./redis.ts";

// What sweeps and workers say to one another through Redis. Code is named by its digest only, and run from the worker's own tree.

/** What a sweep runs: a worker takes part if its own tree comes to the same. */
export interface Announcement {
  readonly id: string;
  readonly study: string;
  readonly versions: RunRecord["versions"];
  /** Of what draws tables from seeds. */
  readonly generator: string;
  readonly scenarios: readonly { readonly names: ScenarioNames; readonly closureDigest: string }[];
  readonly timeoutS: number;
  readonly memoryMiB: number;
}

/** What of a scenario names code. */
export interface ScenarioNames {
  readonly scheduling: string;
  readonly wrappers: readonly { readonly name: string }[];
  readonly assignment: string;
}

export const namesOf = ({ scheduling, wrappers = [], assignment }: Scenario): ScenarioNames => ({
  // A command is no name: no worker takes one from elsewhere.
  scheduling:
    typeof scheduling === "object" && "command" in scheduling ? JSON.stringify(scheduling) : nameOf(scheduling),
  wrappers: wrappers.map(({ name }) => ({ name })),
  assignment: nameOf(assignment),
});

/** The code that a cell runs, as one text: what is announced, and what a worker has found to be its own. */
export const codeOf = (names: ScenarioNames, closureDigest: string): string => canonicalJson([names, closureDigest]);

/** A job of the queue: cells that one thread runs one after the other. */
export interface CellsJob {
  readonly cells: readonly { readonly key: string; readonly spec: RunSpec; readonly table: string }[];
}

/** What a job comes to, in its order. */
export type CellsDone = readonly { readonly key: string; readonly wallMs: number; readonly outcome: CellOutcome }[];

/** Where things are. A sweep's keys end with it, or expire. */
export const keys = {
  sweeps: `${PREFIX}:sweeps`,
  sweep: (id: string) => `${PREFIX}:sweep:${id}`,
  /** Hash: table -> its source. */
  tables: (id: string) => `${PREFIX}:tables:${id}`,
  workers: (id: string) => `${PREFIX}:workers:${id}`,
  worker: (id: string, worker: string) => `${PREFIX}:worker:${id}:${worker}`,
  refusals: (id: string) => `${PREFIX}:refusals:${id}`,
  queue: (id: string) => `cells-${id}`,
};

/** Who has not said for so long that it is there, is not. */
export const GONE_MS = 20_000;
export const SAY_MS = 2_000;
/** So many workers may be lost with a job before it is to blame. */
export const LOST_MAX = 3;

const announcement = z.strictObject({
  id: z.string().regex(/^[\da-f-]+$/),
  study: z.string(),
  versions: z.strictObject({ engine: z.string(), node: z.string() }),
  generator: z.string(),
  scenarios: z.array(
    z.strictObject({
      names: z.strictObject({
        scheduling: z.string(),
        wrappers: z.array(z.strictObject({ name: z.string() })),
        assignment: z.string(),
      }),
      closureDigest: z.string(),
    }),
  ),
  timeoutS: z.number().positive(),
  memoryMiB: z.number().positive(),
});

/** undefined for what is none: Redis is no place to trust. */
export function parsedAnnouncement(text: string): Announcement | undefined {
  try {
    return announcement.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A table's source as text: bytes in base64. */
export const tableText = (source: TableSource): string =>
  JSON.stringify(source, (_, value: unknown) =>
    value instanceof SharedArrayBuffer ? { base64: Buffer.from(new Uint8Array(value)).toString("base64") } : value,
  );

export const tableOfText = (text: string): TableSource =>
  JSON.parse(text, (_, value: unknown) => {
    const { base64 } = (value ?? {}) as { readonly base64?: unknown };
    if (typeof base64 !== "string") return value;
    const bytes = Buffer.from(base64, "base64");
    const buffer = new SharedArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  }) as TableSource;
