import type { JournalEntry } from "../../../orchestrator/records.ts";
import type { Seconds } from "../../../policies/contract/units.ts";
import type { Operator } from "./faults.ts";
import { SimulatedDisk } from "./host.ts";
import type { Boundary } from "./plan.ts";
import { Process } from "./virtual-time.ts";
import type { World } from "./world.ts";

export interface Host {
  readonly name: string;
  readonly disk: SimulatedDisk;
  wallOffsetMs: number;
}

/** Runs the real controller in a process on a host, until it ends by itself or is killed. */
export type Program = (world: World, process: Process, host: Host, ambush: Ambush) => Promise<void>;
type Ambush = (where: "before the append" | "after the append" | "torn append") => boolean;

/** A supervisor on each host: what ends is started again, what is killed comes back on this host or on another. */
export class Controllers implements Operator {
  readonly #world: World;
  readonly #program: Program;
  readonly #see: (entry: JournalEntry, disk: SimulatedDisk) => void;
  readonly #running = new Map<Host, Process>();
  #processes = 0;
  #hosts = 0;
  /** Where the next one who acts is killed, and who is told. */
  #ambush: { readonly boundary: Boundary; readonly sprung: () => void } | undefined;
  readonly #tell: (what: string) => void;
  /** Why programs ended by themselves. */
  readonly ends: string[] = [];

  constructor(
    world: World,
    program: Program,
    see: (entry: JournalEntry, disk: SimulatedDisk) => void,
    tell: (what: string) => void,
  ) {
    this.#tell = tell;
    this.#world = world;
    this.#program = program;
    this.#see = see;
    this.start(this.#newHost());
  }

  get hosts(): readonly Host[] {
    return [...this.#running.keys()];
  }

  /** Who holds the lease, and where. */
  get #acting(): readonly [Host, Process] | undefined {
    const lease = this.#world.s3.lease;
    return [...this.#running].find(([, process]) => process === lease?.by);
  }

  start(host: Host): void {
    const process = new Process(this.#processes++, this.#world.time, () => host.wallOffsetMs);
    this.#running.set(host, process);
    this.#tell(`process ${process.id} starts on ${host.name}`);
    const ambush: Ambush = (where) => process === this.#world.s3.lease?.by && this.#springs(where);
    this.#program(this.#world, process, host, ambush).then(
      () => this.#ended(host, process, "it ended by itself"),
      (error: unknown) =>
        this.#ended(host, process, error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
    );
  }

  #ended(host: Host, process: Process, why: string): void {
    if (process.isDead) return;
    process.kill();
    this.#tell(`process ${process.id} ended: ${why}`);
    this.ends.push(why);
    this.#again(host, 15);
  }

  #newHost(): Host {
    return { name: `host-${this.#hosts++}`, disk: new SimulatedDisk(this.#see), wallOffsetMs: 0 };
  }

  #again(host: Host, afterS: Seconds): void {
    this.#running.delete(host);
    this.#world.disturb(this.#world.nowS + afterS + TAKEOVER_S);
    this.#world.time.at(this.#world.nowS + afterS, () => this.start(host));
  }

  #kill(host: Host, process: Process): void {
    process.kill();
    this.#tell(`process ${process.id} is killed`);
    this.#again(this.#world.draw() < 0.1 ? this.#newHost() : host, this.#world.between(1, 120));
  }

  // ── killed where it hurts ────────────────────────────────────────────────────────────

  lieInWait(boundary: Boundary, sprung: () => void): void {
    this.#ambush = boundary === "none" ? undefined : { boundary, sprung };
  }

  /** Of a request that was carried out. */
  affected(by: Process): void {
    if (this.#ambush?.boundary === "after the effect" && !by.isDead) this.#spring(by);
  }

  #springs(where: "before the append" | "after the append" | "torn append"): boolean {
    const boundary = this.#ambush?.boundary;
    if (boundary !== (where === "torn append" ? "before the append" : where)) return false;
    // Nothing of it is written, or a part.
    if (where === "before the append" && this.#world.draw() < 0.5) return false;
    this.#spring(this.#world.s3.lease!.by);
    return true;
  }

  #spring(process: Process): void {
    const { sprung } = this.#ambush!;
    this.#ambush = undefined;
    const [host] = [...this.#running].find(([, each]) => each === process) ?? [];
    if (host === undefined) return;
    this.#kill(host, process);
    sprung();
  }

  // ── faults ───────────────────────────────────────────────────────────────────────────

  skew(seconds: Seconds): void {
    for (const host of this.#running.keys()) host.wallOffsetMs = seconds * 1000;
  }

  pause(forS: Seconds): void {
    const [, process] = this.#acting ?? [];
    if (process === undefined) return;
    process.pause();
    this.#world.disturb(this.#world.nowS + forS + TAKEOVER_S);
    this.#world.time.at(this.#world.nowS + forS, () => process.wake());
  }

  startSecond(): void {
    if (this.#running.size < 2) this.start(this.#newHost());
  }

  restart(): void {
    const [host, process] = this.#acting ?? [];
    if (host !== undefined) this.#kill(host, process!);
  }

  loseHost(): void {
    const [host, process] = this.#acting ?? [];
    if (host === undefined) return;
    process!.kill();
    this.#running.delete(host);
    this.#again(this.#newHost(), this.#world.between(1, 120));
  }

  fillDisk(forS: Seconds): void {
    const disk = this.#acting?.[0].disk;
    if (disk === undefined) return;
    this.#world.during(
      forS + TAKEOVER_S,
      () => (disk.full = true),
      () => {},
    );
    this.#world.time.at(this.#world.nowS + forS, () => (disk.full = false));
  }
}

/** Until another has the lease and has looked around. */
const TAKEOVER_S: Seconds = 180;
