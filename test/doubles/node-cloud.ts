import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { Vllm } from "../../orchestrator/node/vllm.ts";
import type {
  Account,
  ChangeOutcome,
  Clock,
  Engine,
  EngineLoad,
  Held,
  InstanceReport,
  LaunchOutcome,
  LaunchRequest,
  Owner,
} from "../../orchestrator/ports.ts";
import { root } from "../rules/project-files.ts";
import { freePort } from "../support/redis.ts";
import type { Target } from "./haproxy.ts";
import { Routes } from "./routes.ts";
import { StreamingEngine } from "./streaming-engine.ts";

interface Node {
  readonly id: string;
  readonly request: LaunchRequest;
  readonly launchedMs: number;
  readonly engine: StreamingEngine;
  readonly metadata: Routes;
  readonly agent: ChildProcess;
  readonly checkPort: number;
  ended?: "terminated" | "reclaimed";
  /** Streams that its end cut off. */
  cut: number;
}

export interface NodeCloudOptions {
  readonly clock: Clock;
  /** The signature of whoever vouches for instances. */
  readonly sign: (document: string) => string;
  readonly account: string;
  readonly region: string;
  /** The controller's door, and the file with its certificate. */
  readonly door: { readonly url: string; readonly ca: string };
  /** From a launch until its server answers. */
  readonly readyMs: number;
}

const POLL_S = 0.5;

/**
 * Instances that are real: each a model server and a metadata service on 127.0.0.1, and the agent as the process that runs on a host. An
 * instance that is taken back is gone at once, with all that it had in flight.
 */
export class NodeCloud implements Account, Engine {
  readonly nodes: Node[] = [];
  readonly #options: NodeCloudOptions;
  #launched = 0;

  constructor(options: NodeCloudOptions) {
    this.#options = options;
  }

  node(id: string): Node {
    return this.nodes.find((node) => node.id === id)!;
  }

  targetOf(id: string): Target {
    const { engine, checkPort } = this.node(id);
    return { port: Number(new URL(engine.url).port), checkPort };
  }

  /** Says to an instance that it is taken back, and does it. */
  async reclaim(id: string, leadS: number): Promise<void> {
    const time = new Date(Date.now() + leadS * 1000).toISOString();
    const text = JSON.stringify({ action: "terminate", time });
    this.node(id).metadata.routes.set("GET /latest/meta-data/spot/instance-action", { text });
    await this.#options.clock.sleepUntil(this.#options.clock.nowS() + leadS, new AbortController().signal);
    await this.#end(this.node(id), "reclaimed");
  }

  async launch(request: LaunchRequest): Promise<LaunchOutcome> {
    const before = this.nodes.find((node) => node.request.clientToken === request.clientToken);
    if (before !== undefined) return { ok: true, providerId: before.id };
    const { sign, account, region, door, readyMs } = this.#options;
    const id = `i-${(this.#launched++).toString(16).padStart(17, "0")}`;
    const launchedMs = Date.now();
    const engine = await new StreamingEngine().start();
    engine.readyMs = readyMs;
    const metadata = await new Routes().start();
    const pendingTime = new Date(launchedMs).toISOString();
    const document = { accountId: account, region, instanceId: id, privateIp: "127.0.0.1", pendingTime };
    metadata.routes.set("PUT /latest/api/token", { text: "t" });
    metadata.routes.set("GET /latest/dynamic/instance-identity/rsa2048", { text: sign(JSON.stringify(document)) });
    const checkPort = await freePort();
    const options = ["--model", "m", "--engine", engine.url, "--metadata", metadata.url, "--port", `${checkPort}`];
    const about = ["--host", "127.0.0.1", "--controller", door.url, "--ca", door.ca];
    const main = join(root, "orchestrator/node/main.ts");
    const agent = spawn(process.execPath, [main, ...options, ...about], { stdio: ["ignore", "ignore", "inherit"] });
    this.nodes.push({ id, request, launchedMs, engine, metadata, agent, checkPort, cut: 0 });
    return { ok: true, providerId: id };
  }

  async terminate(id: string): Promise<ChangeOutcome> {
    await this.#end(this.node(id), "terminated");
    return "done";
  }

  async ownerOf(id: string): Promise<Owner> {
    return this.nodes.some((node) => node.id === id) ? "ours" : "absent";
  }

  async describe(): Promise<readonly Held[]> {
    return this.nodes.map(({ id, request, launchedMs, ended }) => ({
      providerId: id,
      state: ended === undefined ? "running" : "ended",
      ...(ended && { why: ended }),
      market: request.market,
      tags: { ...request.tags, launch: request.clientToken },
      address: "127.0.0.1",
      launchedMs,
    }));
  }

  async *instances(signal: AbortSignal): AsyncGenerator<InstanceReport> {
    const { clock } = this.#options;
    const told = new Map<string, Held["state"]>();
    while (!signal.aborted) {
      for (const { providerId, state, why = "terminated" } of await this.describe()) {
        if (told.get(providerId) === state) continue;
        told.set(providerId, state);
        yield state === "ended" ? { providerId, status: "ended", why } : { providerId, status: "warming" };
      }
      await clock.sleepUntil(clock.nowS() + POLL_S, signal);
    }
  }

  async probe(): Promise<readonly []> {
    return [];
  }

  ready(id: string, signal: AbortSignal): Promise<boolean | "unknown"> {
    return new Vllm(this.node(id).engine.url, "m").ready(signal);
  }

  load(id: string, signal: AbortSignal): Promise<EngineLoad | "unknown"> {
    return new Vllm(this.node(id).engine.url, "m").load(signal);
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await this.#end(node, "terminated");
  }

  async #end(node: Node, why: "terminated" | "reclaimed"): Promise<void> {
    if (node.ended !== undefined) return;
    node.ended = why;
    node.cut = node.engine.running;
    node.agent.kill("SIGKILL");
    await node.engine.stop();
    await node.metadata.stop();
  }
}
