import type { EngineLoad } from "../../../orchestrator/ports.ts";
import type { Seconds } from "../../../policies/contract/units.ts";
import { type RealInstance, SimulatedEc2, type SpotMarket } from "./ec2.ts";
import { SimulatedElb, SimulatedS3, SimulatedSqs } from "./services.ts";
import { VirtualTime, WALL_MS } from "./virtual-time.ts";
import { type Applied, type Trouble, Wire } from "./wire.ts";

export const REGION = "us-east-1";
export const FLEET = "chat";
export const TYPE = "g5.xlarge";

/** What of a service is going on: the coarsest word that fits, in this order. */
export const STATES = ["draining", "launching", "warming", "short", "steady"] as const;
export type State = (typeof STATES)[number];

/**
 * The world of a fleet, as it is, without anybody who decides: EC2, a balancer, a queue, a bucket, model servers, and the people and
 * machines around them. Faults change it, laws look at it, a controller sees it through clients of the SDK alone.
 */
export class World {
  readonly time = new VirtualTime();
  readonly draw: () => number;
  readonly markets: readonly SpotMarket[];
  readonly ec2: SimulatedEc2;
  readonly elb: SimulatedElb;
  readonly sqs = new SimulatedSqs(this.time);
  readonly s3 = new SimulatedS3(this.time);
  readonly wire: Wire;
  readonly replicas: number;
  /** Until when something is wrong that delays whoever acts. */
  #disturbedS: Seconds = -Infinity;
  /** Model servers that say nothing at all, and until when none of them does. */
  readonly hung = new Set<string>();
  muteUntilS: Seconds = -Infinity;
  /** How long after its deregistration a replica is done. */
  tailS: Seconds = 20;
  /** Fates of the next launches, in order. */
  readonly dooms: ((instance: RealInstance) => void)[] = [];

  constructor(
    draw: () => number,
    { zones, replicas }: { readonly zones: readonly string[]; readonly replicas: number },
    laws: { before(request: Applied): void; after(request: Applied): void },
  ) {
    this.draw = draw;
    this.replicas = replicas;
    this.markets = zones.map((zone) => ({ type: TYPE, zone, capacity: replicas + 2, usdPerHour: 0.3 + 0.2 * draw() }));
    this.ec2 = new SimulatedEc2(this.time, draw, this.markets);
    this.elb = new SimulatedElb(this.time, this.ec2);
    this.wire = new Wire(
      this.time,
      draw,
      (request) => laws.before(request),
      (request) => {
        if (request.action === "RunInstances") this.#launched(request.input);
        laws.after(request);
      },
    );
  }

  get nowS(): Seconds {
    return this.time.nowS;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.draw();
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.draw() * items.length)];
  }

  // ── the fleet ────────────────────────────────────────────────────────────────────────

  isOurs = ({ tags }: RealInstance): boolean => tags["synkti:fleet"] === FLEET;

  get ours(): readonly RealInstance[] {
    return this.ec2.live.filter(this.isOurs);
  }

  isReady({ readyS, endedS, stoppedS }: RealInstance): boolean {
    return endedS === undefined && stoppedS === undefined && readyS <= this.nowS;
  }

  /** Those that serve and may go on to. */
  get serving(): readonly RealInstance[] {
    return this.ours.filter(
      (each) => this.elb.targets.has(each.id) && this.isReady(each) && each.noticedS === undefined,
    );
  }

  get state(): State {
    const ours = this.ours.filter(({ stoppedS }) => stoppedS === undefined);
    if (ours.some(({ id, noticedS }) => noticedS !== undefined || (this.elb.left.has(id) && !this.elb.targets.has(id))))
      return "draining";
    if (ours.some(({ runningS }) => runningS > this.nowS)) return "launching";
    if (ours.some((each) => each.readyS !== Infinity && each.readyS > this.nowS)) return "warming";
    return this.serving.length < this.replicas ? "short" : "steady";
  }

  #launched(input: object): void {
    const { ClientToken: token } = input as { readonly ClientToken?: string };
    const instance = this.ec2.instances.find((each) => each.token === token);
    if (instance?.launchedS === this.nowS) this.dooms.shift()?.(instance);
  }

  /** Of its requests: those that came last have ended. */
  inFlight(instance: RealInstance): number {
    if (instance.endedS !== undefined) return 0;
    if (this.elb.targets.has(instance.id)) return 2;
    return this.nowS < (this.elb.left.get(instance.id) ?? -Infinity) + this.tailS ? 1 : 0;
  }

  /** What a model server says. */
  async ready(id: string): Promise<boolean | "unknown"> {
    const instance = this.#heard(id);
    return instance === undefined ? "unknown" : this.isReady(instance);
  }

  async load(id: string): Promise<EngineLoad | "unknown"> {
    const instance = this.#heard(id);
    return instance === undefined ? "unknown" : { inFlight: this.inFlight(instance), kvShare: undefined };
  }

  #heard(id: string): RealInstance | undefined {
    return this.hung.has(id) || this.nowS < this.muteUntilS ? undefined : this.ec2.live.find((each) => each.id === id);
  }

  // ── what happens to it ───────────────────────────────────────────────────────────────

  /** Something is wrong until then: what takes time may take longer by as much. */
  disturb(untilS: Seconds): void {
    this.#disturbedS = Math.max(this.#disturbedS, untilS);
  }

  /** Since when nothing has been wrong; in the future while something is. */
  get calmSinceS(): Seconds {
    return this.#disturbedS;
  }

  trouble(trouble: Omit<Trouble, "untilS">, forS: Seconds): void {
    const untilS = this.nowS + forS;
    this.disturb(untilS);
    this.wire.troubles.push({ ...trouble, untilS });
  }

  /** Sets something for a while. */
  during(forS: Seconds, begin: () => void, end: () => void): void {
    begin();
    this.disturb(this.nowS + forS);
    this.time.at(this.nowS + forS, end);
  }

  /** EC2 takes it back. @param heard how long the messages of it take, one each; none: nobody is told */
  notice(instance: RealInstance, leadS: Seconds, heard: readonly Seconds[] = [0.5]): void {
    if (instance.noticedS !== undefined || instance.endedS !== undefined) return;
    instance.noticedS = this.nowS;
    instance.reclaimS = this.nowS + leadS;
    for (const delayS of heard) this.say("EC2 Spot Instance Interruption Warning", instance.id, delayS);
    this.time.at(instance.reclaimS, () => this.ec2.end(instance, "Server.SpotInstanceTermination"));
  }

  /** By way of EventBridge. */
  say(what: string, id: string, delayS = 0.5, atS = this.nowS): void {
    const message = {
      version: "0",
      "detail-type": what,
      source: "aws.ec2",
      time: new Date(WALL_MS + atS * 1000).toISOString(),
      region: REGION,
      resources: [`arn:aws:ec2:${REGION}b:instance/${id}`],
      detail: { "instance-id": id, "instance-action": "terminate" },
    };
    this.sqs.send(JSON.stringify(message), this.nowS + delayS);
  }
}
