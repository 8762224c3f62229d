import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Listed, Listing } from "../../policies/state/listing.ts";

describe("a listing", () => {
  const joinOrLeave = fc.record({ id: fc.integer({ min: 0, max: 30 }), join: fc.boolean(), read: fc.boolean() });

  it("holds what a sorted set would hold, whatever joins and leaves between readings", () => {
    fc.assert(
      fc.property(fc.array(joinOrLeave, { maxLength: 200 }), (steps) => {
        const entities = Array.from({ length: 31 }, (_, id): Listed => ({ id, memberOf: 0, presentIn: 0 }));
        const listing = new Listing<Listed>(1);
        const other = new Listing<Listed>(0);
        const oracle = new Set<number>();
        for (const { id, join, read } of steps) {
          other.add(entities[id]!); // membership elsewhere must not matter
          if (join) {
            listing.add(entities[id]!);
            oracle.add(id);
          } else {
            listing.delete(entities[id]!);
            oracle.delete(id);
          }
          if (read) expect(listing.read().map((each) => each.id)).toEqual([...oracle].sort((a, b) => a - b));
        }
        expect(listing.read().map((each) => each.id)).toEqual([...oracle].sort((a, b) => a - b));
      }),
    );
  });

  it("hands out an array that stands still until it is read again", () => {
    const entities = Array.from({ length: 4 }, (_, id): Listed => ({ id, memberOf: 0, presentIn: 0 }));
    const listing = new Listing<Listed>(0);
    listing.add(entities[1]!);
    listing.add(entities[2]!);
    const seen: number[] = [];
    for (const entity of listing.read()) {
      seen.push(entity.id);
      listing.delete(entity);
      listing.add(entities[3]!);
      listing.add(entities[0]!);
    }
    expect(seen).toEqual([1, 2]);
    expect(listing.read().map((each) => each.id)).toEqual([0, 3]);
  });
});
