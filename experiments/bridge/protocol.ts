import { z } from "zod";
import type { Json } from "../../policies/contract/units.ts";
import { faultsOf } from "../faults.ts";
import { ForeignPolicyError } from "./foreign-policy-error.ts";

// What host and policy write to one another, a line of JSON each in turn; docs/BRIDGE.md tells it to those who write a policy.

/** A change that a policy of before would not understand raises it. */
export const PROTOCOL = 1;

/** How long a policy may think over one line; beyond it, its cell fails. */
export const LINE_S_MAX = 60;

/** The first line that a policy is sent. */
export interface Hello {
  readonly workbench: typeof PROTOCOL;
  readonly params: unknown;
  /** Uniform in [0, 1), the run's own: what a policy leaves to chance grows from it. */
  readonly luck: number;
  /** A policy that thinks longer than this is ended. */
  readonly lineSMax: number;
}

const why = { why: z.string().exactOptional() };
/** An id of the view, or -k: the k-th launch of this answer. */
const instance = z.int();
const time = z.number();

const layout = z.strictObject({ pipeline: z.int().min(1), tensor: z.int().min(1), batchMax: z.int().min(1) });

const action = z.discriminatedUnion("do", [
  z.strictObject({
    do: z.literal("launch"),
    market: z.int(),
    purpose: z.enum(["work", "probe", "spare"]).exactOptional(),
    ...why,
  }),
  z.strictObject({
    do: z.enum(["terminate", "drain", "register", "deregister", "stop", "start"]),
    instance,
    ...why,
  }),
  z.strictObject({
    do: z.literal("place"),
    work: z.int(),
    instances: z.array(instance).min(1),
    layout: layout.exactOptional(),
    exclusive: z.boolean().exactOptional(),
    ...why,
  }),
  z.strictObject({ do: z.literal("release"), work: z.int(), instances: z.array(instance).min(1), ...why }),
  z.strictObject({
    do: z.literal("reparallelize"),
    work: z.int(),
    to: z.array(z.strictObject({ instances: z.array(instance).min(1), layout })).min(1),
    how: z.enum(["progressive", "whole", "restart"]),
    ...why,
  }),
  z.strictObject({ do: z.literal("scale"), work: z.int(), replicas: z.int(), ...why }),
  z.strictObject({ do: z.literal("checkpoint"), work: z.int(), ...why }),
  z.strictObject({ do: z.literal("wakeAt"), timeS: time, ...why }),
]);
export type ForeignAction = z.infer<typeof action>;

const memory = z.json() as z.ZodType<Json>;
const failed = z.strictObject({ error: z.string() });

const hello = z.strictObject({
  workbench: z.literal(PROTOCOL),
  memory,
  /** What runs it, for the record: "CPython 3.11.7". */
  runtime: z.string().max(200).exactOptional(),
});
export type HelloAnswer = z.infer<typeof hello>;

const asked = z.strictObject({ ask: z.int(), actions: z.array(action), memory });
export type AskAnswer = z.infer<typeof asked>;

/** @throws ForeignPolicyError for a line that is no answer, with its place and what was expected. */
export const helloAnswer = (line: string): HelloAnswer => {
  const value = parsed(line, "the first line");
  const { workbench } = (value ?? {}) as { readonly workbench?: unknown };
  if (typeof workbench === "number" && workbench !== PROTOCOL) {
    throw new ForeignPolicyError(
      `it speaks version ${workbench} of the bridge, this workbench ${PROTOCOL}; use the workbench.py that comes with it`,
    );
  }
  return checked(hello, value, "the first line");
};

/** @throws ForeignPolicyError as `helloAnswer` does, and for an answer to another ask. */
export function askAnswer(line: string, ask: number): AskAnswer {
  const at = `ask ${ask}`;
  const answer = checked(asked, parsed(line, at), at);
  if (answer.ask !== ask) {
    throw new ForeignPolicyError(`${at}: answered ask ${answer.ask}; answer each line by one line, in order`);
  }
  return answer;
}

function parsed(line: string, at: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ForeignPolicyError(
      `${at}: expected one line of JSON, found ${JSON.stringify(line.slice(0, 60))}; write nothing else to standard output`,
    );
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, at: string): T {
  const gaveUp = failed.safeParse(value).data;
  if (gaveUp !== undefined) throw new ForeignPolicyError(`${at}: ${gaveUp.error}`);
  const answer = schema.safeParse(value);
  if (answer.success) return answer.data;
  const [fault] = faultsOf(answer.error, value, z.toJSONSchema(schema, { io: "input" }));
  throw new ForeignPolicyError(`${at}: its answer does not fit: ${fault!.text}`);
}
