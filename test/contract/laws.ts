import type { Actions } from "../../policies/contract/actions.ts";
import { type AnyPolicySpec, definePolicy, type Sight } from "../../policies/contract/policy.ts";
import type { Json } from "../../policies/contract/units.ts";

// Each law as a policy around a policy: it runs inside any host, checks at every ask, and throws when the law is broken.

type Spec = AnyPolicySpec;

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
