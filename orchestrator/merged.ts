import { Feed } from "./feed.ts";

/** Several streams as one, in order of arrival. One that throws, or ends before the signal aborts, makes this one throw. */
export async function* merged<T>(streams: readonly AsyncIterable<T>[], signal: AbortSignal): AsyncGenerator<T> {
  const feed = new Feed<() => T>();
  const pump = async (stream: AsyncIterable<T>) => {
    try {
      for await (const item of stream) feed.put(() => item);
      throw new Error("a stream ended by itself");
    } catch (error) {
      feed.put(() => {
        throw error;
      });
    }
  };
  for (const stream of streams) pump(stream);
  for await (const item of feed.read(signal)) yield item();
}
