import { Redis } from "ioredis";
import { REDIS_URL, REDIS_URL_WANTED, shownUrl } from "./shown-url.ts";

/** A Redis that cannot be reached or understood. */
export class QueueError extends Error {
  override readonly name = "QueueError";
}

/** Keys of ours begin with it. */
export const PREFIX = "workbench";

/**
 * A connection that is there when this returns. One that is lost later comes back by itself: commands wait for it.
 * @param told when it is lost, and when it is back.
 * @throws QueueError when it cannot be had within 10 s.
 */
export async function connected(url: string, told: (isThere: boolean) => void = () => undefined): Promise<Redis> {
  if (!REDIS_URL.test(url)) throw new QueueError(`--queue ${shownUrl(url)}: ${REDIS_URL_WANTED}`);
  let wasThere = false;
  let isThere = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
    retryStrategy: (attempt) => (wasThere ? Math.min(50 * 2 ** attempt, 2000) : null),
  });
  let why: unknown;
  redis.on("error", (error) => {
    why ??= error;
  });
  redis.on("close", () => {
    if (isThere) told(false);
    isThere = false;
  });
  redis.on("ready", () => {
    if (wasThere) told(true);
    wasThere = isThere = true;
  });
  try {
    await redis.connect();
    await redis.ping();
    return redis;
  } catch (error) {
    redis.disconnect();
    const { code, message } = (why ?? error) as NodeJS.ErrnoException;
    throw new QueueError(
      `${shownUrl(url)}: cannot be reached (${code ?? message}); start a Redis there, or correct --queue`,
    );
  }
}
