/**
 * Shared memory does not cross processes: a copy of a value in which each shared buffer is a copy of its bytes. Threads of one
 * process then share what `unpacked` makes of it.
 */
export function packed(value: unknown): unknown {
  return mapped(value, (each) => (each instanceof SharedArrayBuffer ? new Uint8Array(each).slice() : undefined));
}

export function unpacked(value: unknown): unknown {
  return mapped(value, (each) => {
    if (!(each instanceof Uint8Array)) return undefined;
    const buffer = new SharedArrayBuffer(each.byteLength);
    new Uint8Array(buffer).set(each);
    return buffer;
  });
}

function mapped(value: unknown, replace: (value: unknown) => unknown): unknown {
  const replacement = replace(value);
  if (replacement !== undefined || typeof value !== "object" || value === null) return replacement ?? value;
  if (Array.isArray(value)) return value.map((each) => mapped(each, replace));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapped(each, replace)]));
}
