import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TraceError } from "./columns.ts";
import type { PublicSet, SetFile } from "./public-sets.ts";

/** Where a file of a set is asked for. */
export type Source = (set: PublicSet, path: string) => string;

/** The pinned commit, as GitHub serves it. */
export const upstream: Source = ({ repository, commit, upstreamFolder }, path) => {
  const inside = upstreamFolder === undefined || /^(LICENSE|NOTICE)$/.test(path) ? path : `${upstreamFolder}/${path}`;
  return `https://raw.githubusercontent.com/${repository}/${commit}/${encoded(inside)}`;
};

/** A copy of the sets' folders at another address: BASE/NAME/PATH. */
export const mirror =
  (base: string): Source =>
  ({ name }, path) =>
    `${base.replace(/\/$/, "")}/${name}/${encoded(path)}`;

export interface FetchOptions {
  readonly source: Source;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Called as files are done. */
  readonly progress: (done: {
    readonly files: number;
    readonly ofFiles: number;
    readonly bytes: number;
    readonly ofBytes: number;
  }) => void;
}

/** Files under way at a time. */
const TOGETHER = 4;
/** Tries of one file, and the pause before the next, doubled each time. */
const TRIES = 4;
const PAUSE_MS = 500;
/** Without a byte for so long, a connection is given up. */
const SILENCE_MS = 30_000;

/**
 * Gets every file of a set that is not there yet. A file that was cut off goes on where it stopped; each is checked against its
 * size and sha256 before it gets its name, so what is there is whole and right. Started again, it does what is left.
 * @returns how many files came anew. @throws TraceError for a file that cannot be had, or is not what it should be.
 */
export async function fetchSet(set: PublicSet, files: readonly SetFile[], options: FetchOptions): Promise<number> {
  const ofBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  let bytes = 0;
  let fetched = 0;
  const left = [...files];
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const worker = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      signal.throwIfAborted();
      if (!(await isRight(join(options.folder, file.path), file))) {
        await fetchFile(set, file, { ...options, signal });
        fetched++;
      }
      done++;
      bytes += file.bytes;
      options.progress({ files: done, ofFiles: files.length, bytes, ofBytes });
    }
  };
  const workers = Array.from({ length: TOGETHER }, () =>
    worker().catch((error: unknown) => {
      failing.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  options.signal.throwIfAborted();
  if (failing.signal.aborted) throw failing.signal.reason;
  return fetched;
}

async function fetchFile(set: PublicSet, file: SetFile, { source, folder, signal }: FetchOptions): Promise<void> {
  const url = source(set, file.path);
  const path = join(folder, file.path);
  const part = `${path}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new TraceError(
      `${dirname(path)} cannot be made (${(error as NodeJS.ErrnoException).code}); choose another with --to`,
    );
  }
  for (let tries = 1; ; tries++) {
    try {
      await download(url, part, file.bytes, signal);
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TraceError) throw error;
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOSPC" || code === "EACCES" || code === "EROFS") {
        throw new TraceError(
          `${part} cannot be written (${code}); what has come stays; free some space or choose another folder with --to`,
        );
      }
      if (tries === TRIES) {
        throw new TraceError(
          `${url} cannot be had after ${TRIES} tries (${reasonOf(error)}); what has come stays, so the same command goes on; behind a proxy, or offline, name a copy with --mirror`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (tries - 1)));
    }
  }
  const got = await sha256Of(part);
  if (got !== file.sha256) {
    rmSync(part, { force: true });
    throw new TraceError(
      `${url} is not what it should be: sha256 ${got}, expected ${file.sha256}; it was deleted. The source has changed or something between alters it`,
    );
  }
  renameSync(part, path);
}

/** Writes to `part`, from where it ends. */
async function download(url: string, part: string, bytes: number, signal: AbortSignal): Promise<void> {
  const have = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const from = have < bytes ? have : 0;
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(new Error(`silent for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  try {
    const response = await fetch(url, {
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 404)
      throw new TraceError(`${url} is not there (404); correct --mirror, or the source has moved`);
    if (!response.ok || response.body === null) throw new Error(`answer ${response.status}`);
    const goesOn = from > 0 && response.status === 206;
    let size = goesOn ? from : 0;
    const bounded = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        watch.refresh();
        size += chunk.length;
        if (size > bytes) throw new TraceError(`${url} is longer than the ${bytes} bytes it should have`);
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), bounded, createWriteStream(part, { flags: goesOn ? "a" : "w" }));
    if (size < bytes) {
      if (size < LFS_POINTER_MAX && (await isLfsPointer(part))) {
        rmSync(part, { force: true });
        throw new TraceError(`${url} is a Git LFS pointer, not the file; get it from the repository by git lfs`);
      }
      throw new Error(`ended after ${size} of ${bytes} bytes`);
    }
  } finally {
    clearTimeout(watch);
  }
}

const LFS_POINTER_MAX = 1024;

async function isLfsPointer(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path, { encoding: "utf8", end: 40 })) {
    return String(chunk).startsWith("version https://git-lfs");
  }
  return false;
}

async function isRight(path: string, { bytes, sha256 }: SetFile): Promise<boolean> {
  return statSync(path, { throwIfNoEntry: false })?.size === bytes && (await sha256Of(path)) === sha256;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const encoded = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
