import type { Actions } from "./contract/actions.ts";
import { type AnyPolicySpec, definePolicy, type Sight } from "./contract/policy.ts";
import type { Json } from "./contract/units.ts";

// Each law as a policy around a policy: it runs inside any host, checks at every ask, and throws when the law is broken.

type Spec = AnyPolicySpec;

/**
 * The first law that a policy breaks in a world, and how; undefined where it keeps them all, or fails by itself.
 * @param run simulates the world with a policy; its errors come through. @param asksMax each law is held against so many asks.
 */
export function brokenLaw(spec: Spec, run: (spec: Spec) => void, asksMax: number): string | undefined {
  const acted = (policy: Spec): string | Error => {
    const log: unknown[] = [];
    try {
      run(logging(policy, log, asksMax));
    } catch (error) {
      if (!(error instanceof EnoughAsks)) return error instanceof Error ? error : new Error(String(error));
    }
    return JSON.stringify(log);
  };
  const once = acted(spec);
  if (once instanceof Error) return undefined;
  const laws = [
    ["is reproducible", spec, "run twice in the same world, it does something else"],
    ["settles", settles(spec), ""],
    ["is resumable", resumed(spec), "created anew at every ask with its memory through JSON, it does something else"],
    ["writes nothing to the view", readingOnly(spec), ""],
  ] as const;
  for (const [law, under, otherwise] of laws) {
    const again = acted(under);
    if (again !== once) return `${law}: ${again instanceof Error ? again.message : otherwise}`;
  }
  return undefined;
}

class EnoughAsks extends Error {}

/** What it does goes to the log; it is ended after so many asks. */
const logging = (inner: Spec, log: unknown[], asksMax: number): Spec => ({
  ...inner,
  create: (params, ...foresight) => {
    const policy = inner.create(params, ...foresight);
    let asks = 0;
    return {
      decide(view, act, memory) {
        if (asks++ === asksMax) throw new EnoughAsks();
        policy.decide(view, telling(act, log), memory);
        log.push(view.nowS);
      },
    };
  },
});

/** Writes each action down, entities by their ids, before it is carried out. */
function telling(act: Actions, log: unknown[]): Actions {
  const ids = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(ids);
    const { id, work, instances } = (value ?? {}) as Readonly<Record<string, unknown>>;
    return id ?? (instances === undefined ? value : [ids(work), ids(instances)]);
  };
  return new Proxy(act, {
    get(target, verb) {
      const value: unknown = Reflect.get(target, verb);
      if (typeof value !== "function" || verb === "note") return bound(target, value);
      return (...args: readonly unknown[]) => {
        log.push([String(verb), ...args.map(ids)]);
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
}

const bound = (target: object, value: unknown): unknown =>
  typeof value === "function" ? (value.bind(target) as unknown) : value;

/** Asked again at the same instant with nothing changed, it asks for nothing and its memory stays. */
export const settles = (inner: Spec): Spec => ({
  ...inner,
  create: (params, ...foresight) => {
    const policy = inner.create(params, ...foresight);
    return {
      decide(view, act, memory) {
        policy.decide(view, act, memory);
        const before = JSON.stringify(memory);
        policy.decide(view, refusing(act), memory);
        if (JSON.stringify(memory) !== before) {
          throw new Error(
            `${inner.name} does not settle: its memory changed from ${before} to ${JSON.stringify(memory)}`,
          );
        }
      },
    };
  },
});

/** Its memory goes through JSON and the policy is created anew before every ask. */
export const resumed = (inner: Spec): Spec =>
  definePolicy<unknown, { kept: string }, Sight>({
    ...inner,
    memory: (params, luck) => ({ kept: JSON.stringify(inner.memory(params, luck)) }),
    create: (params, ...foresight) => ({
      decide(view, act, memory) {
        const own = JSON.parse(memory.kept) as Json;
        inner.create(params, ...foresight).decide(view, act, own);
        memory.kept = JSON.stringify(own);
      },
    }),
  }) as unknown as Spec;

/** Whatever it holds of the view is read-only: a write anywhere below throws. */
export const readingOnly = (inner: Spec): Spec => ({
  ...inner,
  create: (params, ...foresight) => {
    const policy = inner.create(params, ...foresight);
    return {
      decide(view, act, memory) {
        policy.decide(frozen(view), act, memory);
      },
    };
  },
});

const idempotent = new Set(["wakeAt", "note"]);

function refusing(act: Actions): Actions {
  return new Proxy(act, {
    get(target, verb) {
      if (idempotent.has(String(verb))) return () => undefined;
      const value: unknown = Reflect.get(target, verb);
      if (typeof value !== "function") return value;
      return () => {
        throw new Error(`does not settle: asked again with nothing changed, it asks to ${String(verb)}`);
      };
    },
  });
}

const proxies = new WeakMap<object, object>();

function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const known = proxies.get(value);
  if (known !== undefined) return known as T;
  const refuse = (_: object, key: string | symbol): never => {
    throw new Error(`writes to the view: ${String(key)}`);
  };
  const proxy = new Proxy(value, {
    // Getters of the state use private fields, so they run on the entity itself.
    get: (target, key) => {
      const got: unknown = Reflect.get(target, key, target);
      return typeof got === "function" ? got.bind(Array.isArray(target) ? proxies.get(target) : target) : frozen(got);
    },
    set: refuse,
    deleteProperty: refuse,
    defineProperty: refuse,
  });
  proxies.set(value, proxy);
  return proxy as T;
}
