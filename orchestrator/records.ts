import { z } from "zod";
import type { Action, Note, ReparallelizeHow } from "../policies/contract/actions.ts";
import type { Facts } from "../policies/contract/facts.ts";
import type { FleetSpec } from "../policies/contract/fleet.ts";
import type { Layout } from "../policies/contract/latency-profile.ts";
import type { Cadence, Scenario } from "../policies/contract/scenario.ts";
import type { InstanceId, WorkId } from "../policies/contract/units.ts";
import type { Capped } from "../policies/decider.ts";
import type { Stage } from "../policies/manifest/stage.ts";
import type { ChangeOutcome, LaunchOutcome, LaunchRequest, Move, MoveOutcome, ReplicaLayout } from "./ports.ts";

/** Changes with the meaning of a record. A journal of another format is refused. */
export const JOURNAL_FORMAT = 3;

/** The first record: all that is needed, beside the facts, to decide again. Names, not code: a changed policy shows. */
export interface StartEntry {
  readonly kind: "start";
  readonly format: number;
  /** Names this run of the loop: part of every client token, and the seed of its luck. */
  readonly run: string;
  readonly fleet: FleetSpec;
  readonly scenario: Scenario;
  readonly cadence: Cadence;
  /** How far it is trusted; absent in a simulation. */
  readonly stage?: Stage;
  /** The time of day at which the loop's clock began, milliseconds since 1970; absent under a clock that knows none. */
  readonly startedMs?: number;
}

/** A fact as it went into the state: the name and arguments of a call of `Facts`. */
export type FactEntry = {
  [Name in keyof Facts]: {
    readonly kind: "fact";
    readonly name: Name;
    readonly args: Readonly<Parameters<Facts[Name]>>;
  };
}[keyof Facts];

/** One ask, after all facts that it saw. */
export interface AskEntry {
  readonly kind: "ask";
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
  /** What the guard held back; absent where it was nothing. */
  readonly capped?: readonly Capped[];
  /** Pending work that found no place. */
  readonly unassigned: readonly WorkId[];
}

/** A call of a port, with all that is sent. */
export type Call =
  | { readonly do: "launch"; readonly instance: InstanceId; readonly request: LaunchRequest }
  | { readonly do: "startInstance"; readonly instance: InstanceId; readonly providerId: string }
  | { readonly do: "terminate" | "stopInstance" | "register" | "deregister"; readonly providerId: string }
  | {
      readonly do: "start";
      readonly job: string;
      readonly providerIds: readonly string[];
      /** Of a replica cut over their GPUs. */
      readonly layout?: Layout;
    }
  | { readonly do: "stop"; readonly job: string; readonly providerIds: readonly string[] }
  | {
      readonly do: "reparallelize";
      readonly job: string;
      readonly replicas: readonly ReplicaLayout[];
      readonly how: ReparallelizeHow;
    }
  | { readonly do: "scale"; readonly job: string; readonly replicas: number }
  | ({ readonly do: "move" } & Move)
  | { readonly do: "checkpoint"; readonly job: string };

export type CallOutcome = LaunchOutcome | ChangeOutcome | MoveOutcome;

export type JournalEntry =
  | StartEntry
  | FactEntry
  | AskEntry
  /** Durable before the call goes out. One without a result was under way when the loop stopped. */
  | { readonly kind: "intent"; readonly call: number; readonly what: Call }
  | { readonly kind: "result"; readonly call: number; readonly outcome: CallOutcome }
  /** The job that an arrival is about; before the fact. */
  | { readonly kind: "named"; readonly work: WorkId; readonly job: string }
  /** What an instance that is adopted is called outside; before the fact. */
  | { readonly kind: "found"; readonly providerId: string }
  /** The loop goes on after a stop, with what all records before it made of it. */
  | { readonly kind: "resumed"; readonly epoch: number }
  /** Somebody spoke of an instance or job that is not ours: noted, nothing done. */
  | { readonly kind: "foreign"; readonly name: string; readonly what: string };

/** The one way in which a fact enters a state, in the loop and in a replay. */
export function applyFact(facts: Facts, { name, args }: FactEntry): void {
  (facts[name] as (...args: readonly unknown[]) => void).call(facts, ...args);
}

// ── what a file must look like ───────────────────────────────────────────────────────────

const seconds = z.number();
const id = z.int().min(0);
const text = z.string();

const layerMs = z.strictObject({ prefillMs: z.number(), decodeMs: z.number() });
const servedModel = z.strictObject({
  profile: z.strictObject({
    name: text,
    layers: z.int(),
    paddedLayers: z.int(),
    tensorMax: z.int(),
    layerMs: z.record(z.string(), z.record(z.string(), layerMs)),
    hop: layerMs,
    embedMs: z.record(z.string(), z.number()),
    factor: z.number(),
    hiddenSize: z.int(),
  }),
  layout: z.strictObject({ pipeline: z.int(), tensor: z.int(), batchMax: z.int() }),
  gpusMin: z.int(),
  promptTokens: z.int(),
  outputTokens: z.int(),
  bytesPerParameter: z.number(),
  speeds: z.strictObject({
    localBytesPerS: z.number(),
    storageBytesPerS: z.number(),
    switchS: seconds,
    restartS: seconds,
  }),
});

const factArguments = {
  advance: z.tuple([seconds]),
  price: z.tuple([id, z.number()]),
  obtainable: z.tuple([id, z.number().nullable()]),
  status: z.tuple([id, z.enum(["pending", "warming", "ready"])]),
  refused: z.tuple([
    id,
    z.enum(["capacity", "quota", "unsupported", "denied", "lost", "guard"]),
    z.enum(["market", "zone", "type", "family", "all"]),
  ]),
  reclaimNotice: z.tuple([id, seconds]),
  rebalanceRecommended: z.tuple([id]),
  drained: z.tuple([id]),
  ended: z.tuple([id, z.enum(["terminated", "reclaimed", "refused"])]),
  adopted: z.tuple([id, id, id]),
  modelWarm: z.tuple([id, text]),
  workArrived: z.tuple([
    id,
    z.strictObject({
      workS: seconds,
      memoryMiB: z.number(),
      stateMiBBase: z.number(),
      stateMiBPerHour: z.number(),
      stateMiBMax: z.number(),
      model: text.nullable(),
      weightsMiB: z.number(),
      onReclaim: z.enum(["restart", "checkpointEvery", "checkpointInGrace", "migrate"]),
    }),
  ]),
  jobArrived: z.tuple([
    id,
    z.strictObject({
      workS: seconds,
      deadlineS: seconds,
      restartOverheadS: seconds,
      nodes: z.int().min(1),
      checkpointEveryS: seconds.exactOptional(),
      moves: z.record(text, z.record(text, z.strictObject({ usd: z.number(), moveS: seconds }))).exactOptional(),
    }),
  ]),
  serviceArrived: z.tuple([id, z.strictObject({ replicasWanted: z.int().min(0), model: servedModel.exactOptional() })]),
  replicasWanted: z.tuple([id, z.int().min(0)]),
  requestRate: z.tuple([id, z.number().nonnegative()]),
  cachesHeld: z.tuple([id, z.number().nonnegative()]),
  shards: z.tuple([
    id,
    z.array(
      z.strictObject({ fromLayer: z.int(), toLayer: z.int(), fromShare: z.number(), toShare: z.number() }).nullable(),
    ),
  ]),
  batch: z.tuple([
    id,
    z
      .strictObject({
        id,
        requests: z.int(),
        promptTokens: z.int(),
        outputTokens: z.int(),
        decodesFromS: seconds,
        perTokenS: seconds,
        tokensBefore: z.int(),
      })
      .nullable(),
  ]),
  progress: z.tuple([id, seconds, seconds, z.number()]),
  stateLeft: z.tuple([id]),
  workEnded: z.tuple([id]),
} satisfies Record<keyof Facts, z.ZodType>;

const fact = (name: keyof Facts) =>
  z.strictObject({ kind: z.literal("fact"), name: z.literal(name), args: factArguments[name] });
const facts = (Object.keys(factArguments) as (keyof Facts)[]).map(fact);

const named = z.union([text, z.strictObject({ name: text, params: z.unknown().optional() })]);
const market = { instanceType: text, region: text, zone: text, capacityType: z.enum(["spot", "onDemand"]) };

const start = z.strictObject({
  kind: z.literal("start"),
  format: z.literal(JOURNAL_FORMAT),
  run: text,
  fleet: z.strictObject({
    markets: z.array(
      z.strictObject({
        ...market,
        slots: z.int(),
        gpuMemoryMiB: z.number(),
        networkMiBPerS: z.number(),
        gpus: z.int().optional(),
      }),
    ),
    launch: z.strictObject({ answerS: seconds, bootS: seconds, warmS: seconds, warmAgainS: seconds }),
  }),
  scenario: z.strictObject({
    id: text.optional(),
    scheduling: named,
    wrappers: z.array(z.strictObject({ name: text, params: z.unknown().optional() })).optional(),
    assignment: named,
    routing: named.optional(),
    failover: named.optional(),
    caps: z
      .strictObject({
        instances: z.number().optional(),
        onDemand: z.number().optional(),
        onDemandShare: z.number().optional(),
        launchesPerHour: z.number().optional(),
        usdPerHour: z.number().optional(),
        usdPerDay: z.number().optional(),
        instanceTypes: z.array(text).optional(),
        zones: z.array(text).optional(),
      })
      .optional(),
  }),
  cadence: z.strictObject({
    onChange: z.boolean(),
    everyS: z.number().positive().optional(),
    once: z.boolean().optional(),
  }),
  stage: z.enum(["shadow", "canary", "full"]).optional(),
  startedMs: z.number().optional(),
});

// Actions are compared as text and calls are not repeated, so what is inside them is nobody's input here.
const entry = z.discriminatedUnion("kind", [
  start,
  z.discriminatedUnion("name", facts as [(typeof facts)[number]]),
  z.strictObject({
    kind: z.literal("ask"),
    actions: z.array(z.looseObject({ do: text })),
    notes: z.array(z.strictObject({ action: id, by: text, why: text })),
    capped: z.array(z.strictObject({ instance: id, market: id, cap: text })).optional(),
    unassigned: z.array(id),
  }),
  z.strictObject({ kind: z.literal("intent"), call: id, what: z.looseObject({ do: text }) }),
  z.strictObject({
    kind: z.literal("result"),
    call: id,
    outcome: z.union([
      z.enum(["done", "foreign", "absent", "superseded", "moved", "restarted"]),
      z.looseObject({ ok: z.boolean() }),
    ]),
  }),
  z.strictObject({ kind: z.literal("named"), work: id, job: text }),
  z.strictObject({ kind: z.literal("found"), providerId: text }),
  z.strictObject({ kind: z.literal("resumed"), epoch: id }),
  z.strictObject({ kind: z.literal("foreign"), name: text, what: text }),
]);

/** An entry as read from a file. @throws ZodError */
export const parseEntry = (value: unknown): JournalEntry => entry.parse(value) as JournalEntry;
