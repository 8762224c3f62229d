import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { describe } from "vitest";

const missing = spawnSync("moto_server", ["--help"]).error !== undefined && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: tests against moto, moto_server is not there; REQUIRE_ALL=1 makes them fail");

/** Runs where moto's server is there, is skipped aloud where it is not, and fails then under REQUIRE_ALL=1. */
export const describeMoto = describe.skipIf(missing);

/** moto's server, a process of its own on 127.0.0.1: a second implementation of AWS's wire formats. */
export class Moto {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  static async start(): Promise<Moto> {
    const port = await freePort();
    const server = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    const moto = new Moto(`http://127.0.0.1:${port}`, server);
    for (let tries = 0; ; tries++) {
      try {
        await fetch(`${moto.url}/moto-api/data.json`);
        return moto;
      } catch (error) {
        if (tries > 300 || server.exitCode !== null) throw new Error("moto_server does not start", { cause: error });
        await setTimeout(100);
      }
    }
  }

  async reset(): Promise<void> {
    await fetch(`${this.url}/moto-api/reset`, { method: "POST" });
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
