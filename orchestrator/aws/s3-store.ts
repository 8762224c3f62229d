import type { S3Client } from "@aws-sdk/client-s3";
import type { Seconds } from "../../policies/contract/units.ts";
import type { ObjectStore, Stored, WriteCondition, Written } from "../store/object-store.ts";
import { CallFailure, type CallKind, type Calls } from "./calls.ts";

/** Of one call. Short: a lease that is not renewed in time is lost. */
const CALL_S: Seconds = 15;

/** One prefix of a bucket. Source: AWS, "Conditional requests": 412 when the condition fails, 409 when another write is under way. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #calls: Calls;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(client: S3Client, calls: Calls, bucket: string, prefix: string) {
    this.#client = client;
    this.#calls = calls;
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  async read(key: string, signal: AbortSignal): Promise<Stored | undefined> {
    const { GetObjectCommand } = await import("@aws-sdk/client-s3");
    try {
      return await this.#call("GetObject", "read", signal, async (abortSignal) => {
        const { Body, ETag } = await this.#client.send(new GetObjectCommand(this.#at(key)), { abortSignal });
        return { text: (await Body?.transformToString("utf8")) ?? "", etag: ETag ?? "" };
      });
    } catch (error) {
      if (error instanceof CallFailure && error.code === "NoSuchKey") return undefined;
      throw error;
    }
  }

  async write(key: string, text: string, condition: WriteCondition, signal: AbortSignal): Promise<Written> {
    const { PutObjectCommand } = await import("@aws-sdk/client-s3");
    const only = condition === "absent" ? { IfNoneMatch: "*" } : { IfMatch: condition.etag };
    try {
      const { ETag } = await this.#call("PutObject", "safety", signal, (abortSignal) =>
        this.#client.send(new PutObjectCommand({ ...this.#at(key), Body: text, ...only }), { abortSignal }),
      );
      return { ok: true, etag: ETag ?? "" };
    } catch (error) {
      if (error instanceof CallFailure && CONFLICTS.has(error.code)) return { ok: false };
      throw error;
    }
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const input = {
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      };
      const page = await this.#call("ListObjectsV2", "read", signal, (abortSignal) =>
        this.#client.send(new ListObjectsV2Command(input), { abortSignal }),
      );
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key.slice(this.#prefix.length));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return keys.sort();
  }

  #at(key: string) {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #call<T>(name: string, kind: CallKind, signal: AbortSignal, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#calls.call({ name, kind, withinS: CALL_S }, signal, send);
  }
}

/** NoSuchKey: the object that was to be replaced is gone. */
const CONFLICTS: ReadonlySet<string> = new Set(["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"]);

/** A client whose calls end up on our own retries and deadlines alone. @param endpoint of a double, which has no names of buckets in DNS */
export async function s3Client(region: string, endpoint?: string): Promise<S3Client> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  return new S3Client({
    region,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  });
}
