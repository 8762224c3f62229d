import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import type { Path } from "./paths.ts";

/** A study file as written: its value, and where in the file each part of it stands. */
export interface StudyText {
  readonly value: unknown;
  /** What is wrong with the YAML itself, as `file:line:column: ...`. */
  readonly faults: readonly string[];
  /** `file:line:column` of a path's value, or of its key; of the nearest part around it where it is not there. */
  place(path: Path, atKey?: boolean): string;
}

/** Faults of YAML that are told: the later ones follow from the first, or the file is something else. */
const TOLD_MAX = 5;

/** @param file as messages name it. */
export function parseStudyText(text: string, file: string): StudyText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const all = [...document.errors, ...document.warnings];
  const faults = all.slice(0, TOLD_MAX).map(({ pos, message }) => `${at(pos[0])}: not YAML: ${firstLower(message)}`);
  if (all.length > TOLD_MAX)
    faults.push(`${file}: and ${all.length - TOLD_MAX} more of these; is this the right file?`);
  let value: unknown;
  try {
    if (faults.length === 0) value = document.toJS();
  } catch (error) {
    // An alias without its anchor, or aliases of aliases that would fill the memory.
    faults.push(`${at(0)}: not YAML: ${firstLower((error as Error).message)}; write the values out`);
  }
  return {
    value,
    faults,
    place: (path, atKey = false) => at(offsetOf(document, path, atKey)),
  };
}

function offsetOf(document: Document, path: Path, atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [depth, key] of path.entries()) {
    const collection: unknown = isAlias(node) ? node.resolve(document) : node;
    if (!isCollection(collection)) return offset;
    const pair = isMap(collection)
      ? collection.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      : collection.items[Number(key)];
    if (pair === undefined) return offset;
    const isLast = depth === path.length - 1;
    const keyOffset = isPair(pair) ? startOf(pair.key) : undefined;
    node = isPair(pair) ? pair.value : pair;
    offset = isLast && atKey ? (keyOffset ?? offset) : (startOf(node, keyOffset) ?? offset);
  }
  return offset;
}

function startOf(node: unknown, otherwise = 0): number {
  return (node as Node | null | undefined)?.range?.[0] ?? otherwise;
}

const firstLower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
