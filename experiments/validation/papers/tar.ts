import { TraceError } from "../../../traces/columns.ts";

const BLOCK = 512;

/** The files of a tar archive that a test lets through, by name. @throws TraceError for an archive that ends in a file. @param path for messages */
export function filesOfTar(
  archive: Buffer,
  path: string,
  takes: (name: string) => boolean,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const text = (from: number, length: number): string =>
    archive.toString("latin1", from, from + length).split("\0", 1)[0]!;
  let at = 0;
  while (at + BLOCK <= archive.length && archive[at] !== 0) {
    const name = text(at, 100);
    const bytes = Number.parseInt(text(at + 124, 12), 8);
    const from = at + BLOCK;
    if (!(from + bytes <= archive.length))
      throw new TraceError(`${path}: the archive ends within ${name}; fetch it again`);
    if (takes(name)) files.set(name, archive.toString("utf8", from, from + bytes));
    at = from + Math.ceil(bytes / BLOCK) * BLOCK;
  }
  return files;
}
