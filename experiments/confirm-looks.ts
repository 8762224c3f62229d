import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "./digest.ts";
import { unwritable } from "./store.ts";

const FILE = "looks.ndjson";

/**
 * Records that the units kept apart have been looked at for what is run now, and says how often they have been for anything: whoever
 * changes a policy after a look and looks again has had another chance. The same study and code again is no new look, and --fresh
 * forgets none.
 *
 * @param digest of all that is run and compared.
 * @returns how many different things these units have been looked at for, this one included.
 * @throws ResultsError
 */
export function recordLook(folder: string, digest: string, atIso: string): number {
  const path = join(folder, FILE);
  const digests = new Set(known(path));
  if (!digests.has(digest)) {
    try {
      appendFileSync(path, `${canonicalJson({ at: atIso, digest })}\n`);
    } catch (error) {
      throw unwritable(path, error);
    }
    digests.add(digest);
  }
  return digests.size;
}

function known(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  // A line that is spoilt was a look all the same.
  return text.split("\n").flatMap((line) => (line === "" ? [] : [/"digest":"([0-9a-f]+)"/.exec(line)?.[1] ?? line]));
}
