import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Capacity, InstanceReport, LaunchRequest, MarketName } from "../../../orchestrator/ports.ts";

/** A capacity under test, and the means to move its world. */
export interface CapacityBench {
  readonly capacity: Capacity;
  /** Grants. */
  readonly open: MarketName;
  /** Refuses for lack of capacity. */
  readonly full: MarketName;
  /** The provider takes an instance back. */
  reclaim(providerId: string): void | Promise<void>;
  /** Lets time pass until the promise is settled. */
  until<T>(promise: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** Laws by name; a known difference is skipped, and its reason printed. */
type Differences = Partial<Record<"idempotent" | "refuses" | "reclaims", string>>;

/** What the loop relies on, of every provider of capacity. */
export function capacityLaws(name: string, make: () => Promise<CapacityBench>, differences: Differences = {}): void {
  describe(`capacity of ${name}`, () => {
    let bench: CapacityBench;
    let over: AbortController;
    let reports: InstanceReport[];
    let listening: Promise<void>;
    let heard: () => void = () => {};
    beforeEach(async () => {
      bench = await make();
      over = new AbortController();
      reports = [];
      listening = listen();
    });
    afterEach(async () => {
      over.abort();
      await bench.until(listening);
      await bench.stop();
    });

    async function listen(): Promise<void> {
      for await (const report of bench.capacity.instances(over.signal, [])) {
        reports.push(report);
        heard();
      }
    }
    /** What was said of the instance, once the last of it has been. */
    async function saidOf(id: string, last: InstanceReport["status"]): Promise<readonly InstanceReport[]> {
      const about = () => reports.filter(({ providerId }) => providerId === id);
      const said = new Promise<void>((resolve) => {
        heard = () => {
          if (about().some(({ status }) => status === last)) resolve();
        };
        heard();
      });
      await bench.until(said);
      return about();
    }
    let tokens = 0;
    const request = (market: MarketName): LaunchRequest => ({
      market,
      clientToken: `${name}-${tokens++}`,
      tags: { run: "laws", instance: String(tokens) },
    });
    const launch = (asked: LaunchRequest) => bench.until(bench.capacity.launch(asked, over.signal));
    async function granted(asked: LaunchRequest): Promise<string> {
      const outcome = await launch(asked);
      if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome)}`);
      return outcome.providerId;
    }
    const law = (statement: string, difference: string | undefined, prove: () => Promise<void>) => {
      if (difference === undefined) it(statement, prove, 20_000);
      else it.skip(`${statement} (${difference})`);
    };

    law("a launch that is granted has a name, and is reported once it is billed", undefined, async () => {
      const id = await granted(request(bench.open));
      expect((await saidOf(id, "warming")).map(({ status }) => status)).toEqual(["warming"]);
    });

    law("the same token is the same launch, at once and again later", differences.idempotent, async () => {
      const asked = request(bench.open);
      const [first, second] = await Promise.all([granted(asked), granted(asked)]);
      expect(second).toBe(first);
      await saidOf(first, "warming");
      expect(await granted(asked)).toBe(first);
      expect(await granted(request(bench.open))).not.toBe(first);
    });

    law("a refusal is a value that says for which markets it speaks", differences.refuses, async () => {
      expect(await launch(request(bench.full))).toMatchObject({ ok: false, reason: "capacity", scope: "market" });
    });

    law("what is terminated ends as terminated, and terminating it again is done too", undefined, async () => {
      const id = await granted(request(bench.open));
      await saidOf(id, "warming");
      expect(await bench.until(bench.capacity.terminate(id, over.signal))).toBe("done");
      expect(await bench.until(bench.capacity.terminate(id, over.signal))).toBe("done");
    });

    law("what the provider takes back is reported as reclaimed", differences.reclaims, async () => {
      const id = await granted(request(bench.open));
      await saidOf(id, "warming");
      await bench.reclaim(id);
      expect((await saidOf(id, "ended")).at(-1)).toEqual({ providerId: id, status: "ended", why: "reclaimed" });
    });
  });
}
