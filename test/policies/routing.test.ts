import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../policies/contract/random.ts";
import type { Router, RouterSpec } from "../../policies/contract/routing.ts";
import type { InstanceId } from "../../policies/contract/units.ts";
import { routers } from "../../policies/routing/index.ts";

const id = (n: number) => n as InstanceId;
const luckOf = (seed: string) => {
  const random = createRandom(seed);
  const stream = random.stream("routing");
  return (request: number, retries: number, k: number) => random.at(stream, request, retries, k);
};
const made = (spec: RouterSpec<unknown>, seed = "luck"): Router => spec.create(spec.params.parse({}), luckOf(seed));
const named = (name: string): Router => made(routers.find((spec) => spec.name === name)!);

/** Registers, deregisters, answers and asks, as a host would; what it says is one line a request. */
type Turn =
  | { readonly do: "register"; readonly target: number; readonly size: number }
  | { readonly do: "deregister"; readonly target: number }
  | { readonly do: "answer"; readonly nth: number }
  | { readonly do: "route"; readonly request: number };
const target = fc.integer({ min: 0, max: 300 });
const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("register" as const), target, size: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("deregister" as const), target }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("answer" as const), nth: fc.nat(1000) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("route" as const), request: fc.nat(1_000_000) }) },
  ),
  { maxLength: 300 },
);

/** Plays the turns, and looks at each choice with all that a naive host knows. */
function play(
  router: Router,
  all: readonly Turn[],
  look: (chosen: number | undefined, known: Known, prefix: number) => void = () => undefined,
): (number | undefined)[] {
  const known: Known = { sizes: new Map(), outstanding: new Map(), holders: new Map() };
  const sent: number[] = [];
  const said: (number | undefined)[] = [];
  for (const turn of all) {
    if (turn.do === "register" && !known.sizes.has(turn.target)) {
      router.register(id(turn.target), turn.size);
      known.sizes.set(turn.target, turn.size);
      known.outstanding.set(turn.target, 0);
    } else if (turn.do === "deregister" && known.sizes.has(turn.target)) {
      router.deregister(id(turn.target));
      known.sizes.delete(turn.target);
      known.outstanding.delete(turn.target);
      for (const holders of known.holders.values()) holders.delete(turn.target);
    } else if (turn.do === "answer" && sent.length > 0) {
      const [from] = sent.splice(turn.nth % sent.length, 1);
      if (!known.sizes.has(from!) || known.outstanding.get(from!) === 0) continue;
      known.outstanding.set(from!, known.outstanding.get(from!)! - 1);
      router.outstanding(id(from!), known.outstanding.get(from!)!);
    } else if (turn.do === "route") {
      const prefix = (turn.request % 30) - 1;
      const chosen = router.route(turn.request, 0, prefix);
      look(chosen, known, prefix);
      said.push(chosen);
      if (chosen === undefined) continue;
      if (prefix >= 0) {
        // Each holds what it was sent, but every seventh prefix, which it drops at once.
        const isHeld = prefix % 7 !== 0;
        router.holds?.(chosen, prefix, true);
        if (!isHeld) router.holds?.(chosen, prefix, false);
        else known.holders.set(prefix, (known.holders.get(prefix) ?? new Set()).add(chosen));
      }
      sent.push(chosen);
      known.outstanding.set(chosen, known.outstanding.get(chosen)! + 1);
      router.outstanding(chosen, known.outstanding.get(chosen)!);
    }
  }
  return said;
}
interface Known {
  readonly sizes: Map<number, number>;
  readonly outstanding: Map<number, number>;
  /** By prefix. */
  readonly holders: Map<number, Set<number>>;
}

describe.each(routers)("$name", (spec) => {
  it("sends each request to a registered replica, and nowhere only when there is none", () => {
    fc.assert(
      fc.property(turns, (all) => {
        play(made(spec), all, (chosen, { sizes }) => {
          if (sizes.size === 0) expect(chosen).toBeUndefined();
          else expect(sizes.has(chosen!)).toBe(true);
        });
      }),
    );
  });

  it("says the same again, from the same luck", () => {
    fc.assert(
      fc.property(turns, (all) => {
        expect(play(made(spec), all)).toEqual(play(made(spec), all));
      }),
    );
  });

  it("uses every replica when requests come together", () => {
    const router = made(spec);
    for (let i = 0; i < 10; i++) router.register(id(i), 1);
    const counts = new Map<number, number>();
    for (let request = 0; request < 1000; request++) {
      const chosen = router.route(request, 0, -1)!;
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
      router.outstanding(chosen, counts.get(chosen)!);
    }
    expect([...counts.values()].filter((count) => count > 40)).toHaveLength(10);
  });
});

describe("the choice is the one its name promises, by looking through all", () => {
  const leastBy = (known: Known, costOf: (target: number) => number) =>
    [...known.sizes.keys()].sort((a, b) => costOf(a) - costOf(b) || a - b)[0];

  it("least-outstanding", () => {
    fc.assert(
      fc.property(turns, (all) => {
        play(named("least-outstanding"), all, (chosen, known) =>
          expect(chosen).toBe(leastBy(known, (each) => known.outstanding.get(each)!)),
        );
      }),
    );
  });

  it("least-loaded", () => {
    fc.assert(
      fc.property(turns, (all) => {
        play(named("least-loaded"), all, (chosen, known) =>
          expect(chosen).toBe(leastBy(known, (each) => known.outstanding.get(each)! / known.sizes.get(each)!)),
        );
      }),
    );
  });

  it("warm-least-loaded: among those that hold the prefix, or all", () => {
    fc.assert(
      fc.property(turns, (all) => {
        play(named("warm-least-loaded"), all, (chosen, known, prefix) => {
          const warm = known.holders.get(prefix) ?? new Set<number>();
          const sizes = warm.size === 0 ? known.sizes : new Map([...known.sizes].filter(([each]) => warm.has(each)));
          const least = leastBy({ ...known, sizes }, (each) => known.outstanding.get(each)! / known.sizes.get(each)!);
          expect(chosen).toBe(least);
        });
      }),
    );
  });

  it("prefix-affinity: never one with more than its share of what is outstanding", () => {
    fc.assert(
      fc.property(turns, (all) => {
        play(named("prefix-affinity"), all, (chosen, { outstanding }) => {
          if (chosen === undefined) return;
          const total = [...outstanding.values()].reduce((sum, count) => sum + count, 0);
          expect(outstanding.get(chosen)!).toBeLessThan(Math.ceil((1.25 * (total + 1)) / outstanding.size));
        });
      }),
    );
  });

  it("prefix-affinity: a prefix stays where it was when others leave or join, but for the share of who joined", () => {
    const router = named("prefix-affinity");
    for (let i = 0; i < 10; i++) router.register(id(i), 1);
    const places = () => Array.from({ length: 2000 }, (_, prefix) => router.route(0, 0, prefix)!);
    const before = places();
    router.deregister(id(3));
    const without = places();
    for (const [prefix, place] of without.entries()) if (before[prefix] !== 3) expect(place).toBe(before[prefix]);
    router.register(id(3), 1);
    expect(places()).toEqual(before);
    router.register(id(10), 1);
    const moved = places().filter((place, prefix) => place !== before[prefix]);
    expect(new Set(moved)).toEqual(new Set([10]));
    // An eleventh of 2,000 prefixes, more or less as evenly as 64 points share a ring.
    expect(moved.length).toBeGreaterThan(90);
    expect(moved.length).toBeLessThan(360);
  });

  it("round-robin: the next in order of launch, and after the last the first", () => {
    fc.assert(
      fc.property(turns, (all) => {
        let last = -1;
        play(named("round-robin"), all, (chosen, { sizes }) => {
          const sorted = [...sizes.keys()].sort((a, b) => a - b);
          expect(chosen).toBe(sorted.find((each) => each > last) ?? sorted[0]);
          last = chosen ?? last;
        });
      }),
    );
  });

  it("power-of-two never takes the busiest of several, and two that differ are each as likely", () => {
    const router = named("power-of-two");
    for (let i = 0; i < 3; i++) router.register(id(i), 1);
    router.outstanding(id(2), 5);
    const counts = [0, 0, 0];
    for (let request = 0; request < 6000; request++) counts[router.route(request, 0, -1)!]!++;
    expect(counts[2]).toBe(0);
    // Half of 6,000 each, within four standard deviations of 39.
    expect(Math.abs(counts[0]! - 3000)).toBeLessThan(155);
  });

  it("random takes all alike, and another try of the same request draws anew", () => {
    const router = named("random");
    for (let i = 0; i < 4; i++) router.register(id(i), 1);
    const counts = [0, 0, 0, 0];
    let moved = 0;
    for (let request = 0; request < 8000; request++) {
      const first = router.route(request, 0, -1)!;
      counts[first]!++;
      if (router.route(request, 1, -1) !== first) moved++;
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(155);
    expect(Math.abs(moved - 6000)).toBeLessThan(155);
  });
});
