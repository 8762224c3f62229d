import type { RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import type { JournalEntry } from "../../../orchestrator/records.ts";
import type { Caps } from "../../../policies/contract/scenario.ts";
import type { Seconds } from "../../../policies/contract/units.ts";
import type { RealInstance } from "./ec2.ts";
import type { Applied } from "./wire.ts";
import type { World } from "./world.ts";

/** A law of the fleet was broken. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** So long after its cause has gone may what is wrong stay wrong. */
const NOTICED_S: Seconds = 90;
const ORPHAN_S: Seconds = 900;
/** One attempt of a call lasts so long: what it was told before may have changed meanwhile. */
const ATTEMPT_S: Seconds = 10;

/** What must hold, whatever goes wrong. Looks at the world as it is and at what is in the journal; knows nothing of the controller's code. */
export class Laws {
  /** How often each law had something to say: one that never had proves nothing. */
  readonly asked: Record<string, number> = {};
  /** The first that was broken. */
  broken: string | undefined;
  readonly #caps: Caps;
  #world: World | undefined;
  readonly #launchesS: Seconds[] = [];
  readonly #tokens = new Set<string>();
  /** Of the journal that goes on. */
  #calls = new Map<number, number>();
  #known = new Map<string, Known>();
  #byNumber = new Map<number, Known>();
  /** Since when something has been wrong that should have been put right. */
  readonly #wrongS = new Map<string, Seconds>();

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  of(world: World): void {
    this.#world = world;
  }

  #must(law: string, holds: boolean, what: () => string): void {
    this.asked[law] = (this.asked[law] ?? 0) + 1;
    if (holds) return;
    // Who wrote or asked hears of it too; what counts is that it is known.
    this.broken ??= `${law}: ${what()}`;
    throw new Broken(this.broken);
  }

  // ── each request that changes something ──────────────────────────────────────────────

  before({ by, action, input, sentS }: Applied): void {
    const world = this.#world!;
    const { lease } = world.s3;
    const holds = lease === undefined || lease.by === by ? by.leasedUntilS >= sentS : false;
    this.#must("one controller acts", holds, () => `${action} by process ${by.id}, without the lease`);
    for (const id of instancesOf(action, input)) {
      const instance = world.ec2.find(id);
      if (instance === undefined) continue;
      const isOurs = world.isOurs(instance) || world.nowS - (instance.retaggedS ?? -Infinity) < ATTEMPT_S;
      // Traffic to what has lost its tag is stopped all the same: the target group is the fleet's own.
      if (action !== "DeregisterTargets") {
        this.#must("nothing foreign is touched", isOurs, () => `${action} ${id}, ${JSON.stringify(instance.tags)}`);
      }
      if (action !== "RegisterTargets") continue;
      this.#must("only what is ready is registered", instance.readyS <= world.nowS, () => id);
      const { noticedS = Infinity } = this.#known.get(id) ?? {};
      this.#must(
        "nothing noticed is registered",
        world.nowS - noticedS < ATTEMPT_S,
        () => `${id}, known since ${noticedS}`,
      );
    }
  }

  after({ action, input }: Applied): void {
    if (action !== "RunInstances") return;
    const world = this.#world!;
    const { ClientToken: token = "" } = input as RunInstancesCommandInput;
    if (this.#tokens.has(token)) return;
    this.#tokens.add(token);
    const made = world.ec2.instances.at(-1)!;
    const twin = world.ec2.instances.find((each) => each !== made && isSameLaunch(each, made));
    this.#must(
      "no launch is made twice",
      twin === undefined,
      () => `${twin?.id} and ${made.id}: ${JSON.stringify(made.tags)}`,
    );
    this.#launchesS.push(world.nowS);
    const lastHour = this.#launchesS.filter((timeS) => world.nowS - timeS < 3600).length;
    const { launchesPerHour = Infinity } = this.#caps;
    // A launch goes out a little after it was decided.
    this.#must("launches per hour", lastHour <= launchesPerHour + 1, () => `${lastHour} of ${launchesPerHour}`);
  }

  // ── what is written down ─────────────────────────────────────────────────────────────

  /** A journal goes on, on another host perhaps, where its last records may be lost. */
  resumed(entries: Iterable<JournalEntry>): void {
    this.#calls = new Map();
    this.#known = new Map();
    this.#byNumber = new Map();
    for (const entry of entries) this.#fold(entry);
  }

  see(entry: JournalEntry): void {
    this.#fold(entry);
    if (entry.kind === "fact" && entry.name === "drained") this.#drained(this.#byNumber.get(entry.args[0])!);
    if (entry.kind === "result" && typeof entry.outcome !== "string" && entry.outcome.ok) this.#keepsCaps();
  }

  #fold(entry: JournalEntry): void {
    if (entry.kind === "intent") {
      const { what } = entry;
      if (what.do === "launch") this.#calls.set(entry.call, what.instance);
      if (what.do !== "terminate" && what.do !== "stopInstance" && what.do !== "startInstance") return;
      const leaving = this.#known.get(what.providerId);
      if (leaving !== undefined) leaving.leavingS = what.do === "startInstance" ? undefined : this.#world!.nowS;
    }
    if (entry.kind === "result" && typeof entry.outcome !== "string" && entry.outcome.ok) {
      const number = this.#calls.get(entry.call);
      if (number !== undefined) this.#granted(entry.outcome.providerId, number);
    }
    if (entry.kind !== "fact") return;
    const known = this.#byNumber.get(entry.args[0] as number);
    if (known === undefined) return;
    if (entry.name === "ended") known.ended = true;
    else if (entry.name === "reclaimNotice") known.noticedS ??= this.#world!.nowS;
  }

  #granted(id: string, number: number): void {
    const known: Known = { id, ended: false };
    this.#known.set(id, known);
    this.#byNumber.set(number, known);
  }

  #keepsCaps(): void {
    const { nowS } = this.#world!;
    const up = [...this.#known.values()].filter(({ ended }) => !ended).map((each) => this.#world!.ec2.find(each.id)!);
    // Its tag is read before one is ended, which takes longer than the launch that was decided with it.
    const stays = ({ id }: RealInstance) => nowS - (this.#known.get(id)!.leavingS ?? -Infinity) > NOTICED_S;
    const live = up.filter((each) => each.endedS === undefined && each.stoppedS === undefined && stays(each));
    const { instances = Infinity, onDemand = Infinity } = this.#caps;
    this.#must("instances at once", live.length <= instances, () => `${live.length} of ${instances}`);
    const dear = live.filter(({ spot }) => !spot).length;
    this.#must("on-demand at once", dear <= onDemand, () => `${dear} of ${onDemand}`);
  }

  #drained({ id }: Known): void {
    const instance = this.#world!.ec2.find(id)!;
    this.#must("what is drained has nothing in flight", this.#world!.inFlight(instance) === 0, () => id);
  }

  // ── as time goes by ──────────────────────────────────────────────────────────────────

  step(): void {
    const world = this.#world!;
    for (const instance of world.ec2.live) {
      if (!world.isOurs(instance)) continue;
      const { noticedS = Infinity } = this.#known.get(instance.id) ?? {};
      const noticed = noticedS < world.nowS && world.elb.targets.has(instance.id);
      this.#rightedWithin("a noticed replica gets no requests", instance.id, noticed, NOTICED_S);
      const known = this.#known.get(instance.id);
      this.#rightedWithin("nothing is left behind", instance.id, known === undefined || known.ended, ORPHAN_S);
    }
  }

  /** Time counts only while nothing else is wrong. */
  #rightedWithin(law: string, id: string, isWrong: boolean, withinS: Seconds): void {
    if (!isWrong && this.#wrongS.size === 0) return;
    const world = this.#world!;
    const key = `${law} ${id}`;
    if (!isWrong) {
      this.#wrongS.delete(key);
      return;
    }
    const sinceS = this.#wrongS.get(key) ?? world.nowS;
    this.#wrongS.set(key, sinceS);
    const fromS = Math.max(sinceS, world.calmSinceS);
    this.#must(law, world.nowS - fromS <= withinS, () => `${id}, since ${sinceS}, undisturbed since ${fromS}`);
  }

  /** A controller has ended by itself. */
  ended(why: string): void {
    this.#must("a controller ends for no reason but a full disk", why.includes("ENOSPC"), () => why);
  }

  /** Long after the last of what went wrong. */
  end(): void {
    const world = this.#world!;
    const serving = world.serving.length;
    this.#must(
      "the service has all its replicas in the end",
      serving >= world.replicas,
      () => `${serving} of ${world.replicas}`,
    );
    for (const { id } of world.serving) {
      this.#must("all that serve are known", this.#known.get(id)?.ended === false, () => id);
    }
    for (const { id, ended } of this.#known.values()) {
      const isGone = world.ec2.find(id)?.endedS !== undefined || !world.isOurs(world.ec2.find(id)!);
      this.#must("who has ended is known to have", ended || !isGone, () => id);
    }
  }
}

interface Known {
  readonly id: string;
  ended: boolean;
  /** Since when it has been decided that it ends or is stopped. */
  leavingS?: Seconds | undefined;
  noticedS?: Seconds;
}

/** Which instances a request is about. */
function instancesOf(action: string, input: object): readonly string[] {
  const { InstanceIds = [], Targets = [] } = input as {
    readonly InstanceIds?: readonly string[];
    readonly Targets?: readonly { readonly Id: string }[];
  };
  return action === "RunInstances" ? [] : [...InstanceIds, ...Targets.map(({ Id }) => Id)];
}

/** One launch of one run has one number. */
const isSameLaunch = (a: RealInstance, b: RealInstance): boolean =>
  a.tags["synkti:run"] === b.tags["synkti:run"] &&
  a.tags["synkti:instance"] !== undefined &&
  a.tags["synkti:instance"] === b.tags["synkti:instance"];
