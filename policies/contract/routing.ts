import type { Schema } from "./policy.ts";
import type { InstanceId } from "./units.ts";

/** Uniform in [0, 1): draw k for a try of a request, the same whatever became of all others. */
export type RequestLuck = (request: number, retries: number, k: number) => number;

/**
 * Which replica a request goes to. It is asked once a request, so it allocates nothing and looks through no list: the host tells it
 * what changes, and it keeps in order what it will need. The same in a simulation and before a live balancer.
 */
export interface Router {
  /** It takes requests from now on. @param size how much it holds, by one measure for all: load is outstanding / size. */
  register(target: InstanceId, size: number): void;
  /** It takes no more, and what is still outstanding there counts no longer. */
  deregister(target: InstanceId): void;
  /** So many requests are outstanding at a registered target, running and waiting. */
  outstanding(target: InstanceId, count: number): void;
  /** It has begun, or ceased, to hold the beginning that prompts share, so that it need not read it. Told where a host knows. */
  holds?(target: InstanceId, prefix: number, isHeld: boolean): void;
  /**
   * Where a try of a request goes, undefined when no target is registered. Whoever sends it there tells the new number outstanding.
   * @param request its number. @param retries tries of it before this one: each has luck of its own.
   * @param prefix names the beginning that its prompt shares with others; -1 for none.
   */
  route(request: number, retries: number, prefix: number): InstanceId | undefined;
}

/** A router by name, as a list holds it. */
export interface RouterSpec<P> {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly details?: readonly string[];
  readonly params: Schema<P>;
  create(params: P, luck: RequestLuck): Router;
}

/** Identity at run time; here so that P is inferred where a router is written. */
export const defineRouter = <P>(spec: RouterSpec<P>): RouterSpec<P> => spec;
