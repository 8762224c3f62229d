import { createHash } from "node:crypto";
import { z } from "zod";

// What an agent says at the controller's door, and what it signs of it. Each text begins with what it is, so that none can stand for
// another. Agents sign with a key of their own (Ed25519), since EC2 signs their document and nothing else.

const key = z.string().regex(/^[A-Za-z0-9+/=]{40,100}$/); // DER of the public key, base64
const signature = z.string().regex(/^[A-Za-z0-9+/=]{80,100}$/);
const secret = z.string().regex(/^[0-9a-f]{64}$/);

/** The first words of one life of an instance. */
export const hello = z.strictObject({ document: z.string().max(20_000), key, nonce: secret, signature });
export type Hello = z.infer<typeof hello>;

/** Each one after: the whole state of the instance, with a number that only rises. */
export const saying = z.strictObject({
  session: secret,
  count: z.int().positive(),
  state: z.string().max(2_000),
  signature,
});
export type Saying = z.infer<typeof saying>;

/** About the instance that says it, and no other. */
export const agentState = z.strictObject({
  /** Seconds until it is taken back, as the notice leaves them; null: nothing is announced. */
  leftS: z.number().min(0).max(120).nullable(),
  rebalance: z.boolean(),
});
export type AgentState = z.infer<typeof agentState>;

export const signedHello = ({ document, key, nonce }: Omit<Hello, "signature">): string =>
  `synkti-hello\n${nonce}\n${key}\n${createHash("sha256").update(document).digest("hex")}`;

export const signedSaying = ({ session, count, state }: Omit<Saying, "signature">): string =>
  `synkti-state\n${session}\n${count}\n${state}`;
