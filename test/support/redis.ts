import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import { scratchFolder } from "../experiments/support/studies.ts";

/** Whether the machine has a real Redis; where everything must be there, a test that finds none fails. */
export const hasRedis =
  process.env.REQUIRE_ALL === "1" || spawnSync("redis-server", ["--version"], { encoding: "utf8" }).status === 0;

export interface RedisServer {
  readonly url: string;
  /** Ends it without a chance to write anything, and starts an empty one in its place after a while. */
  restart(awayMs: number): Promise<void>;
}

/** A real redis-server on a free port of 127.0.0.1, gone after the test. */
export async function redisServer(): Promise<RedisServer> {
  const port = await freePort();
  const folder = scratchFolder();
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--requirepass", "secret"];
    server = spawn("redis-server", args, { stdio: "ignore" });
    await answers(port);
  };
  await start();
  onTestFinished(() => void server.kill("SIGKILL"));
  return {
    url: `redis://:secret@127.0.0.1:${port}`,
    async restart(awayMs) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await ended;
      await sleep(awayMs);
      await start();
    },
  };
}

/** A port that nobody listens to just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number): Promise<void> {
  const redis = new Redis(port, "127.0.0.1", {
    password: "secret",
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  });
  redis.on("error", () => undefined);
  await redis.ping();
  redis.disconnect();
}
