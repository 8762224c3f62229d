import seedrandom from "seedrandom";
import { recordsOf } from "../../../orchestrator/journal-lines.ts";
import type { JournalEntry } from "../../../orchestrator/records.ts";
import { replay } from "../../../orchestrator/replay.ts";
import { Controllers } from "./controllers.ts";
import { FAULTS } from "./faults.ts";
import type { SimulatedDisk } from "./host.ts";
import { Broken, Laws } from "./laws.ts";
import { type Plan, type Planned, QUIET_S, RUN_S } from "./plan.ts";
import { controller } from "./program.ts";
import { type State, World } from "./world.ts";

/** What came of a run. */
export interface Outcome {
  /** Of the plan's faults, by position: those that struck in their state, and whose crash came. */
  readonly hit: readonly number[];
  /** The law that was broken, and how. */
  readonly broken?: string;
  /** How often each law had something to say. */
  readonly asked: Readonly<Record<string, number>>;
  readonly launches: number;
  readonly records: number;
}

/** One run: the same plan gives the same outcome. @param say is told what happens */
export async function run(plan: Plan, say: (what: string) => void = () => {}): Promise<Outcome> {
  const tell = (what: string) => say(`${world.nowS.toFixed(2).padStart(9)} ${what}`);
  const draw = seedrandom.alea(`${plan.seed}/world`) as unknown as () => number;
  let disk: SimulatedDisk | undefined;
  const laws = new Laws(plan.caps);
  const world: World = new World(draw, plan, {
    before: (request) => laws.before(request),
    after: (request) => {
      tell(`process ${request.by.id}: ${request.action} ${aboutOf(request.input)}`);
      laws.after(request);
      controllers.affected(request.by);
    },
  });
  laws.of(world);
  peopleAround(world);
  const see = (entry: JournalEntry, of: SimulatedDisk) => {
    if (entry.kind !== "fact" || entry.name !== "advance")
      tell(`  ${JSON.stringify({ ...entry, seq: undefined, hash: undefined })}`);
    if (of === disk) return laws.see(entry);
    disk = of;
    laws.resumed(of.entries());
  };
  const controllers: Controllers = new Controllers(world, controller(plan, tell), see, tell);
  const schedule = new Schedule(plan.faults, world, controllers, tell);
  let broken: string | undefined;
  try {
    await world.time.run(RUN_S, () => {
      if (laws.broken !== undefined) throw new Broken(laws.broken);
      for (const why of controllers.ends.splice(0)) laws.ended(why);
      laws.step();
      schedule.step();
      return false;
    });
    laws.end();
    const { difference } = await replay(recordsOf(disk!.open(undefined as never, () => false).lines(), "journal"));
    if (difference !== undefined) throw new Broken(`replays byte for byte: ${JSON.stringify(difference)}`);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    broken = `at ${Math.round(world.nowS)} s: ${error.message}`;
  }
  return {
    hit: schedule.hit,
    ...(broken === undefined ? {} : { broken }),
    asked: laws.asked,
    launches: world.ec2.instances.length,
    records: disk === undefined ? 0 : [...disk.entries()].length,
  };
}

/** The instances and the market that a request names. */
function aboutOf(input: object): string {
  const { InstanceIds, Targets, Placement, InstanceMarketOptions: spot } = input as Readonly<Record<string, unknown>>;
  return JSON.stringify(InstanceIds ?? Targets ?? [Placement, spot === undefined ? "onDemand" : "spot"]);
}

/** Others in the same account, whom the fleet has to leave alone, and what happens to everybody. */
function peopleAround(world: World): void {
  const { type, zone } = world.markets[0]!;
  world.ec2.add({
    token: "other",
    type,
    zone,
    spot: true,
    tags: { "synkti:fleet": "another", "synkti:run": "r", "synkti:instance": "0" },
  });
  world.ec2.add({ token: "untagged", type, zone, spot: true, tags: { Name: "training" } });
  for (let timeS = 600; timeS < RUN_S - QUIET_S; timeS += world.between(600, 4800)) {
    world.time.at(timeS, () => {
      const instance = world.pick(world.ours.filter(({ spot, noticedS }) => spot && noticedS === undefined));
      if (instance !== undefined) world.notice(instance, world.pick([120, 120, 110, 40])!);
    });
  }
}

/** So long it is waited for a state before it is helped about. */
const PATIENCE_S = 60;
const CRASH_WITHIN_S = 900;

/** Lets the planned faults strike, each in its state. */
class Schedule {
  readonly hit: number[] = [];
  readonly #faults: readonly Planned[];
  readonly #world: World;
  readonly #controllers: Controllers;
  readonly #tell: (what: string) => void;
  #next = 0;
  #helped = false;

  constructor(faults: readonly Planned[], world: World, controllers: Controllers, tell: (what: string) => void) {
    this.#tell = tell;
    this.#faults = faults;
    this.#world = world;
    this.#controllers = controllers;
  }

  step(): void {
    const planned = this.#faults[this.#next];
    const { nowS } = this.#world;
    if (planned === undefined || nowS < planned.fromS || nowS > RUN_S - QUIET_S) return;
    if (nowS > (this.#faults[this.#next + 1]?.fromS ?? Infinity)) {
      this.#turn();
      return;
    }
    if (this.#world.state !== planned.state) {
      if (nowS > planned.fromS + PATIENCE_S && !this.#helped) this.#help(planned.state);
      return;
    }
    const fault = FAULTS.find(({ name }) => name === planned.fault)!;
    if (!fault.strike(this.#world, this.#controllers)) return;
    this.#tell(`FAULT ${planned.fault}, ${planned.state}, crash: ${planned.boundary}`);
    const at = this.#next;
    if (planned.boundary === "none") this.hit.push(at);
    const untilS = nowS + CRASH_WITHIN_S;
    this.#controllers.lieInWait(planned.boundary, () => {
      if (this.#world.nowS <= untilS) this.hit.push(at);
    });
    this.#turn();
  }

  #turn(): void {
    this.#next++;
    this.#helped = false;
  }

  #help(state: State): void {
    this.#helped = true;
    const world = this.#world;
    const instance = world.serving.find(({ spot }) => spot);
    if (instance === undefined) return;
    if (state === "draining") world.notice(instance, 120);
    if (state === "launching" || state === "warming" || state === "short")
      world.ec2.end(instance, "Server.SpotInstanceTermination");
  }
}
