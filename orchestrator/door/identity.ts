import type { X509Certificate } from "node:crypto";
import { z } from "zod";
import type { Held } from "../ports.ts";
import { SignatureError, signedContent } from "./signed-content.ts";

/** Whose word is not believed: says by name why not. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
  readonly why: WhyNot;

  constructor(why: WhyNot, message: string, cause?: unknown) {
    super(`${why}: ${message}`, { cause });
    this.why = why;
  }
}

export type WhyNot =
  | "forged-document"
  | "another-account"
  | "another-region"
  | "foreign-instance"
  | "another-address"
  | "stale-document"
  | "replayed-nonce"
  | "second-key"
  | "no-session"
  | "forged-message"
  | "replayed-message"
  | "unreadable";

/** One life of an instance: a stop and a start make another of it, with a document of its own. */
export interface Life {
  readonly providerId: string;
  readonly pendingMs: number;
}

export interface Expected {
  /** AWS's, of the region. */
  readonly certificate: X509Certificate;
  readonly account: string;
  readonly region: string;
  /** The instance as the provider describes it; undefined if it is not of the fleet. */
  readonly held: (providerId: string) => Promise<Held | undefined>;
}

const document = z.object({
  accountId: z.string(),
  region: z.string(),
  instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
  privateIp: z.string(),
  pendingTime: z.iso.datetime(),
});

/** Assumes that EC2's two clocks agree so far: the document's time, and the launch time that it describes. */
const PENDING_MS = 60_000;

/**
 * The instance that a signed instance identity document is about. Source: AWS, "Verify the identity of EC2 instances": the signature, and
 * account, region and id; beside these the address and the time of the launch, since a document outlives a stop and can be copied.
 * @throws IdentityError
 */
export async function provenLife(signed: string, expected: Expected): Promise<Life> {
  const { accountId, region, instanceId, privateIp, pendingTime } = signedDocument(signed, expected.certificate);
  const differs = (why: WhyNot, what: string, said: string, ours: string | undefined) =>
    new IdentityError(why, `the document says ${what} ${said}, expected ${ours ?? "none"}`);
  if (accountId !== expected.account) throw differs("another-account", "account", accountId, expected.account);
  if (region !== expected.region) throw differs("another-region", "region", region, expected.region);
  const held = await expected.held(instanceId);
  if (held === undefined || held.state === "ended") {
    throw new IdentityError("foreign-instance", `${instanceId} is no living instance of this fleet`);
  }
  if (privateIp !== held.address) throw differs("another-address", "address", privateIp, held.address);
  const pendingMs = Date.parse(pendingTime);
  if (held.launchedMs === undefined || Math.abs(pendingMs - held.launchedMs) > PENDING_MS) {
    const launched = held.launchedMs === undefined ? undefined : new Date(held.launchedMs).toISOString();
    throw differs("stale-document", "a launch at", pendingTime, launched);
  }
  return { providerId: instanceId, pendingMs };
}

function signedDocument(signed: string, certificate: X509Certificate): z.infer<typeof document> {
  try {
    return document.parse(JSON.parse(signedContent(signed, certificate).toString("utf8")));
  } catch (error) {
    const why = error instanceof SignatureError ? error.message : "what was signed is no identity document";
    throw new IdentityError("forged-document", why, error);
  }
}
