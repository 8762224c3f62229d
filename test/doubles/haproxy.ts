import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe } from "vitest";
import type { Balancer, ChangeOutcome } from "../../orchestrator/ports.ts";
import { freePort } from "../support/redis.ts";

const missing = spawnSync("haproxy", ["-v"]).error !== undefined && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: tests through HAProxy, haproxy is not there; REQUIRE_ALL=1 makes them fail");

/** Runs where HAProxy is there, is skipped aloud where it is not, and fails then under REQUIRE_ALL=1. */
export const describeHaproxy = describe.skipIf(missing);

/** Where a replica listens: its model server, and the agent that answers health checks for it. */
export interface Target {
  readonly port: number;
  readonly checkPort: number;
}

const SLOTS = 8;

/**
 * A real balancer, a process of its own on 127.0.0.1: registers and deregisters over its runtime socket, and asks each replica's agent
 * every 500 ms, as a target group does. Two failed checks stop new requests; those in flight go on.
 */
export class Haproxy implements Balancer {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #targetOf: (providerId: string) => Target;
  readonly #slots = new Map<string, string>();
  #used = 0;

  private constructor(url: string, process: ChildProcess, folder: string, targetOf: (providerId: string) => Target) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
    this.#targetOf = targetOf;
  }

  static async start(targetOf: (providerId: string) => Target): Promise<Haproxy> {
    const folder = mkdtempSync(join(tmpdir(), "haproxy-"));
    const port = await freePort();
    const file = join(folder, "haproxy.cfg");
    writeFileSync(
      file,
      `global
  stats socket ${join(folder, "socket")} level admin
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout check 1s
frontend requests
  bind 127.0.0.1:${port}
  default_backend replicas
backend replicas
  balance leastconn
  option httpchk GET /
  default-server check inter 500 fall 2 rise 1
  server-template s 1-${SLOTS} 127.0.0.1:1 disabled
`,
    );
    const child = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
    const haproxy = new Haproxy(`http://127.0.0.1:${port}`, child, folder, targetOf);
    for (let tries = 0; ; tries++) {
      try {
        await haproxy.#tell("show info");
        return haproxy;
      } catch (error) {
        if (tries > 100 || child.exitCode !== null) throw new Error("haproxy does not start", { cause: error });
        await setTimeout(50);
      }
    }
  }

  async register(providerId: string): Promise<ChangeOutcome> {
    if (this.#slots.has(providerId)) return "done";
    const slot = `replicas/s${++this.#used}`;
    if (this.#used > SLOTS) throw new Error(`this double has ${SLOTS} places`);
    this.#slots.set(providerId, slot);
    const { port, checkPort } = this.#targetOf(providerId);
    await this.#tell(`set server ${slot} addr 127.0.0.1 port ${port}`);
    await this.#tell(`set server ${slot} check-port ${checkPort}`);
    await this.#tell(`set server ${slot} state ready`);
    return "done";
  }

  async deregister(providerId: string): Promise<ChangeOutcome> {
    const slot = this.#slots.get(providerId);
    if (slot !== undefined) await this.#tell(`set server ${slot} state drain`);
    return "done";
  }

  /** As HAProxy has it: "UP", "DRAIN", "DOWN" and others. */
  async statusOf(providerId: string): Promise<string> {
    const [, name] = this.#slots.get(providerId)?.split("/") ?? [];
    const lines = (await this.#tell("show stat")).split("\n").map((line) => line.split(","));
    const at = lines[0]!.indexOf("status");
    return lines.find(([backend, server]) => backend === "replicas" && server === name)?.[at] ?? "unknown";
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
    rmSync(this.#folder, { recursive: true });
  }

  /** @throws for what HAProxy does not understand: it is silent about what it has done. */
  #tell(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(join(this.#folder, "socket"), () => socket.end(`${command}\n`));
      let text = "";
      socket.on("data", (part) => {
        text += part;
      });
      socket.on("error", reject);
      socket.on("close", () => {
        if (command.startsWith("set") && /unknown|require|no such|not allowed|invalid/i.test(text)) {
          reject(new Error(`${command}: ${text.trim()}`));
        } else {
          resolve(text);
        }
      });
    });
  }
}
