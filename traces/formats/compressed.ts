import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { TraceError } from "../columns.ts";

const GZIP = "1f8b";
const ZSTD = "28b52ffd";
const ZSTD_SKIPPABLE = /^5.2a4d18/;

/**
 * The bytes of a file, decompressed where its first bytes say gzip or Zstandard, whatever its name says.
 * `seen.bytes` is how far the file was read, packed as it is.
 * @throws TraceError for a compressed file that is cut short or damaged, and beyond `maxBytes`.
 */
export async function* bytesOf(
  path: string,
  magic: Buffer,
  maxBytes: number,
  seen: { bytes: number } = { bytes: 0 },
): AsyncGenerator<Buffer> {
  const hex = magic.toString("hex");
  const raw = createReadStream(path, { highWaterMark: 1 << 18 });
  // pipeline closes the file when the reader stops early, and hands errors on to whoever iterates.
  const bytes = hex.startsWith(GZIP)
    ? pipeline(raw, createGunzip({ chunkSize: 1 << 18 }), () => {})
    : hex.startsWith(ZSTD) || ZSTD_SKIPPABLE.test(hex)
      ? pipeline(
          raw,
          (chunks: AsyncIterable<Buffer>) => zstdFrames(chunks, path),
          createZstdDecompress({ chunkSize: 1 << 18 }),
          () => {},
        )
      : raw;
  let total = 0;
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > maxBytes) {
        throw new TraceError(
          `${path}: more than ${maxBytes} bytes once unpacked; if that is meant, import it with a larger --max-bytes`,
        );
      }
      seen.bytes = raw.bytesRead;
      yield chunk;
    }
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "Z_BUF_ERROR") throw cutShort(path);
    if (code?.startsWith("Z") === true) {
      throw new TraceError(`${path}: the compressed data is damaged (${message}); download it again`);
    }
    throw new TraceError(`${path}: cannot be read (${code ?? message}); check the path`);
  }
}

const cutShort = (path: string) =>
  new TraceError(`${path}: the compressed file breaks off, the download is incomplete; get it again`);

/**
 * The same bytes, cut where a Zstandard frame ends. Node's decompressor drops what follows a frame in the same chunk, and
 * takes a cut frame for a whole one; a price archive consists of many frames, so both would lose rows in silence.
 * Source: RFC 8878, section 3.1 (frames, their header and blocks).
 * @throws TraceError for bytes that are no frame, and for a last frame that is not whole.
 */
async function* zstdFrames(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let frame = frameOf(path);
  let step = frame.next();
  let wanted = Buffer.alloc(0); // of a header that lies across chunks
  let between = true;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; ) {
      between = false;
      const { count, header } = step.value as Wanted;
      const part = chunk.subarray(at, at + count - wanted.length);
      at += part.length;
      if (header) {
        wanted = Buffer.concat([wanted, part]);
        if (wanted.length < count) break;
        step = frame.next(wanted);
        wanted = Buffer.alloc(0);
      } else {
        step = part.length < count ? { done: false, value: { count: count - part.length, header } } : frame.next();
      }
      if (step.done !== true) continue;
      yield chunk.subarray(from, at);
      from = at;
      frame = frameOf(path);
      step = frame.next();
      between = true;
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }
  if (!between) throw cutShort(path);
}

/** The next `count` bytes: a header to look at, or content to pass over. */
interface Wanted {
  readonly count: number;
  readonly header: boolean;
}

function* frameOf(path: string): Generator<Wanted, void, Buffer> {
  const magic = yield { count: 4, header: true };
  if (ZSTD_SKIPPABLE.test(magic.toString("hex"))) {
    const size = (yield { count: 4, header: true }).readUInt32LE();
    if (size > 0) yield { count: size, header: false };
    return;
  }
  const damaged = (what: string) =>
    new TraceError(`${path}: the compressed data is damaged (${what}); download it again`);
  if (magic.toString("hex") !== ZSTD) throw damaged("what follows a frame is none");
  const descriptor = (yield { count: 1, header: true })[0]!;
  const single = (descriptor >> 5) & 1;
  const sizeFlag = descriptor >> 6;
  const rest = 1 - single + [0, 1, 2, 4][descriptor & 3]! + (sizeFlag === 0 ? single : 2 ** sizeFlag);
  if (rest > 0) yield { count: rest, header: false };
  for (let last = 0; last === 0; ) {
    const block = (yield { count: 3, header: true }).readUIntLE(0, 3);
    last = block & 1;
    const type = (block >> 1) & 3;
    if (type === 3) throw damaged("a block of a reserved type");
    const size = type === 1 ? 1 : block >> 3; // a run is one byte, however long
    if (size > 0) yield { count: size, header: false };
  }
  if (((descriptor >> 2) & 1) === 1) yield { count: 4, header: false };
}
