import type { MarketSpec } from "../policies/contract/fleet.ts";
import type { InstanceId, MarketId, WorkId } from "../policies/contract/units.ts";
import type { MarketName } from "./ports.ts";

/** Which of our ids stands for what outside. Names stay known after the end: the outside repeats itself. */
export class Names {
  readonly #markets: ReadonlyMap<string, MarketId>;
  readonly #instances = new Map<string, InstanceId>();
  readonly #providerIds = new Map<InstanceId, string>();
  readonly #works = new Map<string, WorkId>();
  readonly #jobs: string[] = [];

  constructor(markets: readonly MarketSpec[]) {
    this.#markets = new Map(markets.map((market, id) => [marketKey(market), id as MarketId]));
  }

  market(name: MarketName): MarketId | undefined {
    return this.#markets.get(marketKey(name));
  }

  instance(providerId: string): InstanceId | undefined {
    return this.#instances.get(providerId);
  }

  /** All that were ever granted. */
  instances(): Iterable<readonly [providerId: string, InstanceId]> {
    return this.#instances;
  }

  /** Undefined until its launch has been granted. */
  providerId(instance: InstanceId): string | undefined {
    return this.#providerIds.get(instance);
  }

  /** @throws when the provider gives one name to two instances: nothing said of it could be believed. */
  granted(instance: InstanceId, providerId: string): void {
    if (this.#instances.has(providerId)) throw new Error(`the provider granted ${providerId} twice`);
    this.#instances.set(providerId, instance);
    this.#providerIds.set(instance, providerId);
  }

  work(job: string): WorkId | undefined {
    return this.#works.get(job);
  }

  job(work: WorkId): string {
    return this.#jobs[work]!;
  }

  /** Ids go by order of arrival. @returns undefined for a job that has arrived before. */
  arrived(job: string): WorkId | undefined {
    if (this.#works.has(job)) return undefined;
    const work = this.#jobs.length as WorkId;
    this.#works.set(job, work);
    this.#jobs.push(job);
    return work;
  }
}

const marketKey = ({ instanceType, region, zone, capacityType }: MarketName): string =>
  JSON.stringify([instanceType, region, zone, capacityType]);
