/** What came of one request: the whole answer, or why there is none. Nothing here throws. */
export type Fetched =
  | { readonly ok: true; readonly status: number; readonly text: string; readonly dateMs: number | undefined }
  | { readonly ok: false; readonly why: string };

/** One request with an end: in time by `withinMs`, in size by `bytesMax`. Redirects are not followed. */
export async function boundedFetch(
  url: string,
  init: Pick<RequestInit, "method" | "headers" | "body">,
  { withinMs, bytesMax }: { readonly withinMs: number; readonly bytesMax: number },
  signal?: AbortSignal,
): Promise<Fetched> {
  const limit = AbortSignal.timeout(withinMs);
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += part.length;
      if (bytes > bytesMax) return { ok: false, why: `more than ${bytesMax} bytes` };
      parts.push(part);
    }
    const dateMs = Date.parse(response.headers.get("date") ?? "");
    return {
      ok: true,
      status: response.status,
      text: Buffer.concat(parts).toString("utf8"),
      dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
    };
  } catch (error) {
    const { name, message, cause } = error as Error;
    return { ok: false, why: name === "TimeoutError" ? `no answer within ${withinMs} ms` : causeOf(cause) || message };
  }
}

const causeOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "");
