import { describe, expect, it } from "vitest";
import type { JournalRecord } from "../../orchestrator/journal-lines.ts";
import { runLoop } from "../../orchestrator/loop.ts";
import type { Journal } from "../../orchestrator/ports.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import type { Scenario } from "../../policies/contract/scenario.ts";
import { SimulatedPorts } from "../parity/simulated-ports.ts";
import { handCloud, serviceInput, table } from "../support/runs.ts";

// Fault 18, in process: the loop is killed at every boundary of its journal, and goes on from the journal alone. The simulated cloud
// stands still meanwhile, so a run that was killed must come out as one that was not: the same launches, the same bill.

const HOUR = 3600;
/** Three zones that come and go, and refuse when they are short. */
const input = () =>
  serviceInput({
    table: table(
      [
        {
          capacity: [
            [0, 1],
            [2 * HOUR, 0],
            [2.2 * HOUR, 2],
          ],
        },
        {
          capacity: [
            [0, 0],
            [HOUR, 2],
            [2.1 * HOUR, 0],
          ],
        },
        {
          price: [[0, 1.2]],
          capacity: [
            [0, 2],
            [1.5 * HOUR, 0],
            [1.6 * HOUR, 1],
          ],
        },
      ],
      2.4 * HOUR,
    ),
    cloud: { ...handCloud, visibility: "tried" },
    cadence: { onChange: true, everyS: 600 },
    service: { replicas: 3 },
  });
const scenario: Scenario = {
  scheduling: { name: "spot-hedge", params: { extraReplicas: 1 } },
  wrappers: [{ name: "with-capacity-memory" }],
  assignment: "earliest-node",
};

/** What is on disk, and how the next append ends: "crash before" loses it, "after" keeps it, "torn" keeps its first entry. */
type Crash = { readonly at: number; readonly how: "before" | "after" | "torn" };

class Disk {
  readonly entries: JournalEntry[] = [];
  appends = 0;

  journal(die: () => void, crash?: Crash): Journal {
    return {
      append: async (entries) => {
        const copies = JSON.parse(JSON.stringify(entries)) as JournalEntry[];
        if (this.appends++ !== crash?.at) return void this.entries.push(...copies);
        if (crash.how !== "before") this.entries.push(...(crash.how === "torn" ? copies.slice(0, 1) : copies));
        die();
        await new Promise(() => {}); // a dead process comes back from nothing
      },
    };
  }

  async *records(): AsyncGenerator<JournalRecord> {
    for (const [seq, entry] of [...this.entries].entries()) yield { seq, entry };
  }
}

async function run(crash?: Crash) {
  const outside = new SimulatedPorts(input(), "as it comes");
  const disk = new Disk();
  const loop = (journal: Journal, signal: AbortSignal, epoch?: number) =>
    runLoop({
      ports: outside.ports(journal),
      fleet: outside.fleet,
      scenario,
      cadence: outside.world.cadence,
      run: "test",
      signal,
      ...(epoch === undefined ? {} : { resume: { records: disk.records(), epoch } }),
    });
  if (crash === undefined) {
    await loop(
      disk.journal(() => {}),
      outside.over.signal,
    );
  } else {
    const killed = new AbortController();
    const dead = new Promise<void>((resolve) => killed.signal.addEventListener("abort", () => resolve()));
    const first = loop(
      disk.journal(() => killed.abort(), crash),
      AbortSignal.any([outside.over.signal, killed.signal]),
    );
    await Promise.race([first, dead]);
    const written = disk.entries.some(({ kind }) => kind === "start");
    await loop(
      disk.journal(() => {}),
      outside.over.signal,
      written ? 2 : undefined,
    );
  }
  const launches = disk.entries.flatMap((entry) =>
    entry.kind === "intent" && entry.what.do === "launch" ? [entry.what.request.clientToken] : [],
  );
  return { metrics: outside.world.close(outside.nowS), launches, appends: disk.appends, entries: disk.entries };
}

describe("a loop that is killed", async () => {
  const whole = await run();

  it("has a run worth killing: refusals, notices, replacements", () => {
    const facts = whole.entries.flatMap((entry) => (entry.kind === "fact" ? [entry.name] : []));
    for (const name of ["refused", "reclaimNotice", "ended", "status"] as const) expect(facts).toContain(name);
    expect(whole.launches.length).toBeGreaterThan(8);
    expect(whole.appends).toBeGreaterThan(50);
  });

  it.each(["before", "after", "torn"] as const)(
    "at any append, with the append %s, comes out as if it had not been: no launch twice, none lost, the same bill",
    async (how) => {
      for (let at = 0; at < whole.appends; at++) {
        const killed = await run({ at, how });
        expect(killed.metrics, `append ${at}`).toEqual(whole.metrics);
        expect(new Set(killed.launches).size, `append ${at}`).toBe(killed.launches.length);
        expect(killed.launches, `append ${at}`).toEqual(whole.launches);
      }
    },
    120_000,
  );
});
