import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { orchestrateCommand } from "../../orchestrator/cli.ts";
import { DiskJournal, readJournal } from "../../orchestrator/journal.ts";
import { JournalLines } from "../../orchestrator/journal-lines.ts";
import type { JournalEntry } from "../../orchestrator/records.ts";
import { replay } from "../../orchestrator/replay.ts";
import { definePolicy, type PolicySpec } from "../../policies/contract/policy.ts";
import type { Json } from "../../policies/contract/units.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { loopRun } from "../parity/hosts.ts";
import { handCloud, input, type Steps, table } from "../support/runs.ts";

// A run of more than 10,000 events through the loop, journalled in a file: what every replay below starts from.

const HOUR = 3600;
const flicker = (offsetS: number): Steps =>
  Array.from({ length: 110 }, (_, i) => [i === 0 ? 0 : i * 3000 + offsetS, 5 + ((i * 7 + offsetS) % 30)]);
const world = input({
  table: table([{ capacity: flicker(0) }, { price: [[0, 1.5]], capacity: flicker(731) }], 90 * HOUR),
  cloud: { ...handCloud, visibility: "tried", slotsPerInstance: 2 },
  tasks: {
    tasks: 4_000,
    arrivals: { kind: "uniform", spanH: 80 },
    workH: { kind: "uniform", min: 0.05, max: 0.8 },
    state: { baseMiB: 100, perHourMiB: 2_000, maxMiB: 1e6, grows: true },
    onReclaim: "checkpointInGrace",
  },
});
const scenario = {
  scheduling: { name: "on-demand-fallback", params: { retryS: 600 } },
  wrappers: [{ name: "with-capacity-memory" }],
  assignment: "kuhn-munkres",
};

const short = input({ table: world.table, cloud: world.cloud, tasks: { tasks: 40, arrivals: { kind: "atStart" } } });

let folder: string;
let path: string;
/** A run of minutes, for what does not depend on length. */
let shortPath: string;
let events = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-"));
  path = join(folder, "run.ndjson");
  const journal = await DiskJournal.create(path);
  // No fsync: 5,000 of them are the disk's time, not the loop's.
  const quick = { append: (all: readonly JournalEntry[]) => journal.append(all, { durable: false }) };
  ({ events } = (await loopRun(world, scenario, { journal: quick })).metrics as { events: number });
  await journal.close();
  shortPath = join(folder, "short.ndjson");
  const durable = await DiskJournal.create(shortPath);
  await loopRun(short, scenario, { journal: durable });
  await durable.close();
});
afterAll(() => rm(folder, { recursive: true }));

const silent = () => {};

async function command(...args: readonly string[]) {
  const said: string[] = [];
  const warned: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((text) => void said.push(text));
  const error = vi.spyOn(console, "error").mockImplementation((text) => void warned.push(text));
  try {
    return { exitCode: await orchestrateCommand(args), said: said.join("\n"), warned: warned.join("\n") };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

/** Another file with the same run, each entry through `change`, the chain made anew. */
async function rewritten(from: string, change: (entry: JournalEntry, seq: number) => JournalEntry): Promise<string> {
  const lines = new JournalLines();
  let text = "";
  for await (const { seq, entry } of readJournal(from, silent)) text += lines.write(change(entry, seq));
  const other = join(folder, "other.ndjson");
  await writeFile(other, text);
  return other;
}

const changed = (name: string, decide: (inner: PolicySpec<unknown, Json>) => PolicySpec<unknown, Json>) =>
  decide(schedulingPolicies.find((each) => each.name === name) as PolicySpec<unknown, Json>);

describe("replay", () => {
  it("decides a run of more than 10,000 events again, byte for byte", async () => {
    expect(events).toBeGreaterThan(10_000);
    const { exitCode, said, warned } = await command("replay", path);
    expect({ exitCode, warned }).toEqual({ exitCode: 0, warned: "" });
    const [, ...counts] = /^replayed (\d+) facts, (\d+) asks, (\d+) actions: byte-equal$/.exec(said)!;
    process.stdout.write(`${events} events: ${said}\n`);
    for (const count of counts) expect(Number(count)).toBeGreaterThan(3_000);
  });

  it("finds a byte that was changed, by the chain", async () => {
    const spoilt = Buffer.from(await readFile(path));
    const at = spoilt.indexOf("launch", spoilt.length / 2);
    spoilt[at] = spoilt[at]! ^ 1;
    const other = join(folder, "spoilt.ndjson");
    await writeFile(other, spoilt);
    const line = spoilt.subarray(0, at).filter((byte) => byte === 10).length + 1;
    const { exitCode, said, warned } = await command("replay", other);
    expect({ exitCode, said }).toEqual({ exitCode: 2, said: "" });
    expect(warned).toBe(
      `JournalError: ${other}:${line}: this line, or the one before it, is not as it was written (hash chain); use an unspoilt copy`,
    );
  });

  it("finds an action that was changed with its chain, and names the record, what was expected and what it got", async () => {
    let seqOf = -1;
    const other = await rewritten(path, (entry, seq) => {
      if (seqOf >= 0 || seq < 20_000 || entry.kind !== "ask") return entry;
      const actions = entry.actions.map((each) => (each.do === "launch" ? { ...each, market: 1 - each.market } : each));
      if (JSON.stringify(actions) === JSON.stringify(entry.actions)) return entry;
      seqOf = seq;
      return { ...entry, actions } as JournalEntry;
    });
    const { exitCode, said } = await command("replay", other);
    expect(exitCode).toBe(1);
    const [head, expected, got] = said.split("\n");
    expect(head).toMatch(new RegExp(`^replayed \\d+ facts, \\d+ asks, \\d+ actions, then record ${seqOf} \\(line`));
    expect(expected).toMatch(/^expected \[\{"do":"launch","market":/);
    expect(got).toMatch(/^got {6}\[\{"do":"launch","market":/);
    expect(got!.slice(9)).not.toBe(expected!.slice(9));
  });

  it("finds a policy that decides otherwise today, or throws, at the first ask where it shows", async () => {
    const lazy = changed("on-demand-fallback", (inner) => ({
      ...inner,
      create: (params) => {
        const policy = inner.create(params);
        return { decide: (view, act, memory) => view.nowS < 40 * HOUR && policy.decide(view, act, memory) };
      },
    }));
    const { difference } = await replay(readJournal(path, silent), [lazy]);
    expect(difference).toMatchObject({ expected: expect.stringMatching(/^\[\{"do":/), got: expect.any(String) });
    expect(difference!.got).not.toBe(difference!.expected);
    const broken = definePolicy<unknown, Json>({
      ...lazy,
      create: () => ({
        decide: () => {
          throw new RangeError("no such thing");
        },
      }),
    });
    expect((await replay(readJournal(path, silent), [broken])).difference).toMatchObject({
      got: "RangeError: no such thing",
    });
  });

  it("replays what is whole of a journal that ends in a torn line, and warns", async () => {
    const torn = join(folder, "torn.ndjson");
    await writeFile(torn, (await readFile(path)).subarray(0, -30));
    const { exitCode, said, warned } = await command("replay", torn);
    expect(exitCode).toBe(0);
    expect(said).toMatch(/byte-equal$/);
    expect(warned).toMatch(/^warning: .*torn\.ndjson:\d+: the last line is torn/);
  });

  it("names in one line what it cannot replay, with exit code 2", async () => {
    const cases: readonly (readonly [string[], string])[] = [
      [[], "UsageError: name a command: init, shadow, run, "],
      [["live"], "UsageError: Unknown argument: live"],
      [["replay"], "UsageError: "],
      [["replay", join(folder, "none")], "there is no such file or folder; name a journal that is there"],
      [["replay", folder], "is a folder; name a journal file"],
      [
        [
          "replay",
          await rewritten(shortPath, (entry) =>
            entry.kind === "start" ? { ...entry, scenario: { ...scenario, scheduling: "gredy" } } : entry,
          ),
        ],
        'ScenarioError: no scheduling policy is called "gredy"; did you mean "greedy"?',
      ],
    ];
    for (const [args, message] of cases) {
      const { exitCode, said, warned } = await command(...args);
      expect({ exitCode, said }).toEqual({ exitCode: 2, said: "" });
      expect(warned).toContain(message);
      expect(warned).not.toContain("\n");
    }
  });

  it("ends the process with that code, and prints no stack", () => {
    const main = (...args: readonly string[]) =>
      spawnSync(process.execPath, ["orchestrator/main.ts", ...args], { encoding: "utf8" });
    expect(main("replay", shortPath)).toMatchObject({ status: 0, stderr: "" });
    const { status, stdout, stderr } = main("replay", "package.json");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe("JournalError: package.json:1: this is no line of a journal; use an unspoilt copy\n");
  });

  it("refuses a chain that holds no run: no start, two starts, facts that no loop writes", async () => {
    const begins = await rewritten(shortPath, (entry, seq) =>
      seq === 0 ? { kind: "foreign", name: "x", what: "y" } : entry,
    );
    expect((await command("replay", begins)).warned).toContain("a journal begins with its start, not with foreign");
    let start: JournalEntry | undefined;
    const twice = await rewritten(shortPath, (entry, seq) => {
      start ??= entry;
      return seq === 9 ? start : entry;
    });
    expect((await command("replay", twice)).warned).toContain("record 9: a second start");
    const beyond = await rewritten(shortPath, (entry, seq) =>
      seq === 9 ? ({ kind: "fact", name: "price", args: [7, 1] } as unknown as JournalEntry) : entry,
    );
    expect((await command("replay", beyond)).warned).toContain("record 9: no market 7: the fleet has 4");
  });
});

describe("a journal of the same world", () => {
  const journalled = async (order: string) => {
    const lines = new JournalLines();
    let text = "";
    const journal = {
      append: async (all: readonly JournalEntry[]) => {
        for (const entry of all) text += lines.write(entry);
      },
    };
    await loopRun(short, scenario, { order, journal });
    return text;
  };

  it("is the same text again when everything comes in the same order", async () => {
    const text = await journalled("once");
    expect(text.split("\n").length).toBeGreaterThan(200);
    expect(await journalled("once")).toBe(text);
    expect(await journalled("otherwise")).not.toBe(text);
  });
});
