import { hash } from "node:crypto";

/** A number or function that JSON cannot hold as it is. */
export class CanonicalJsonError extends Error {
  override readonly name = "CanonicalJsonError";
}

/**
 * One text for one value: keys sorted, no white space, members that are undefined left out. What keys, digests and records
 * are made of.
 * @param known texts of objects that come again and again, so that they are not written anew each time
 * @throws CanonicalJsonError for NaN, infinities, and what is no JSON.
 * @example canonicalJson({ b: 1, a: [true, null] }) // '{"a":[true,null],"b":1}'
 */
export function canonicalJson(value: unknown, known?: WeakMap<object, string>): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each, known)).join(",")}]`;
  switch (typeof value) {
    case "number":
      if (!Number.isFinite(value)) throw new CanonicalJsonError(`${value} has no place in JSON`);
      return JSON.stringify(value);
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "object": {
      if (value === null) return "null";
      const text = known?.get(value);
      if (text !== undefined) return text;
      const members = value as Readonly<Record<string, unknown>>;
      const texts: string[] = [];
      for (const key of Object.keys(members).sort()) {
        if (members[key] !== undefined) texts.push(`${JSON.stringify(key)}:${canonicalJson(members[key], known)}`);
      }
      return `{${texts.join(",")}}`;
    }
    default:
      throw new CanonicalJsonError(`a ${typeof value} has no place in JSON`);
  }
}

/** Lower-case hex of a text (as UTF-8) or of bytes. */
export const sha256 = (content: string | Uint8Array): string => hash("sha256", content);

export const digestOf = (value: unknown, known?: WeakMap<object, string>): string =>
  sha256(canonicalJson(value, known));
