import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { staticBatch, staticBatchLatenciesS } from "../../sim/workloads/static-batches.ts";

const latencyS = (batch: number) => 2 + batch;

describe("static batches", () => {
  it("are powers of two, of no more than are ready and allowed", () => {
    const sizes = [1, 2, 3, 4, 7, 8, 9, 100].map((ready) => [staticBatch(ready, 8), staticBatch(ready, 6)]);
    expect(sizes).toEqual([1, 2, 2, 4, 4, 8, 8, 8].map((size) => [size, Math.min(size, 4)]));
  });

  it("end together, and what arrives while one runs waits for the next", () => {
    // Alone 0 to 3; the two that came meanwhile 3 to 7; three ready at 7 go as two and one: 7 to 11, 11 to 14.
    const arrivalsS = [0, 1, 3, 5, 6, 7];
    expect([...staticBatchLatenciesS(arrivalsS, { pipelines: 1, batchMax: 4, latencyS })]).toEqual([3, 6, 4, 6, 5, 7]);
  });

  it("go to the pipeline free earliest, the first of equals", () => {
    const slow = (batch: number) => 10 * batch;
    expect([...staticBatchLatenciesS([0, 0, 0, 1], { pipelines: 2, batchMax: 1, latencyS: slow })]).toEqual([
      10, 10, 20, 19,
    ]);
  });

  it("equal a walk through time in whole seconds", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 });
    const few = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(gaps, few, fc.integer({ min: 1, max: 9 }), (gaps, pipelines, batchMax) => {
        let lastS = 0;
        const arrivalsS = gaps.map((gapS) => {
          lastS += gapS;
          return lastS;
        });
        const expected: number[] = [];
        const busyUntilS = new Array<number>(pipelines).fill(0);
        for (let nowS = 0; expected.length < arrivalsS.length; nowS++) {
          for (let pipe = busyUntilS.findIndex((endS) => endS <= nowS); pipe !== -1; ) {
            const waiting = arrivalsS.slice(expected.length).filter((arrivalS) => arrivalS <= nowS).length;
            if (waiting === 0) break;
            const size = [8, 4, 2, 1].find((each) => each <= waiting && each <= batchMax)!;
            busyUntilS[pipe] = nowS + latencyS(size);
            for (let i = 0; i < size; i++) expected.push(busyUntilS[pipe]! - arrivalsS[expected.length]!);
            pipe = busyUntilS.findIndex((endS) => endS <= nowS);
          }
        }
        expect([...staticBatchLatenciesS(arrivalsS, { pipelines, batchMax, latencyS })]).toEqual(expected);
      }),
    );
  });

  it("nothing arrives, nobody waits", () => {
    expect(staticBatchLatenciesS([], { pipelines: 1, batchMax: 1, latencyS })).toHaveLength(0);
  });
});
