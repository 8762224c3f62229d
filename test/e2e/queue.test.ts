import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { scratchFolder, studyFile } from "../experiments/support/studies.ts";
import { root } from "../rules/project-files.ts";
import { copiedTree, start } from "../support/command.ts";
import { freePort, hasRedis, type RedisServer, redisServer } from "../support/redis.ts";

// A real redis-server, and workers as processes of their own.

const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");
const storedIn = (folder: string): number =>
  existsSync(join(folder, "cells.ndjson")) ? read(folder, "cells.ndjson").split("\n").length - 2 : 0;

async function until(holds: () => boolean, seconds = 40): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    if (waited > seconds * 1000) throw new Error("waited in vain");
    await sleep(20);
  }
}

const OWN = `import { definePolicy } from ${JSON.stringify(join(root, "policies", "contract", "policy.ts"))};
import { appendFileSync } from "node:fs";
export const mine = definePolicy({
  name: "mine", summary: "", source: "house",
  params: { parse: () => ({}) }, memory: () => ({}),
  create: () => { BEGIN return { decide() { throw new Error("on purpose"); } }; },
});
`;

/** Sixteen runs of two policies that take some tens of milliseconds, and of one of the user's own that fails. */
function study(begin = "", changes: readonly (readonly [string, string])[] = []): string {
  const folder = scratchFolder();
  mkdirSync(join(folder, "own"));
  writeFileSync(join(folder, "own", "mine.ts"), OWN.replace("BEGIN", begin));
  const own = "  - { id: mine, scheduling: ./own/mine.ts, assignment: earliest-node }\nbaseline:";
  return studyFile([["seeds: 2", "seeds: 16"], ["tasks: 20", "tasks: 2500"], ["baseline:", own], ...changes], folder);
}

const experiment = (file: string, { url }: Pick<RedisServer, "url">, out: string, args: readonly string[] = []) =>
  start("experiments/main.ts", [file, "--queue", url, "--out", out, ...args]);
const worker = (file: string, { url }: Pick<RedisServer, "url">, tree = root) => {
  const started = start("experiments/queue/main.ts", ["--queue", url, "--jobs", "1", "--studies", dirname(file)], {
    tree,
  });
  let said = "";
  started.child.stderr?.on("data", (text) => {
    said += text;
  });
  return { ...started, said: () => said };
};

async function inOneProcess(file: string): Promise<string> {
  const out = scratchFolder();
  expect(await start("experiments/main.ts", [file, "--jobs", "1", "--out", out]).ended).toMatchObject({ code: 1 });
  return read(out, "runs.ndjson");
}

describe.skipIf(!hasRedis)("a study on a queue; skipped without redis-server", () => {
  test("comes to the same bytes with two workers, of which one is killed in the middle", {
    timeout: 120_000,
  }, async () => {
    const redis = await redisServer();
    const file = study();
    const out = scratchFolder();
    const workers = [worker(file, redis), worker(file, redis)];
    const { ended } = experiment(file, redis, out);
    await until(() => storedIn(out) >= 6 && workers.every((each) => each.said().includes("takes part with 1 threads")));
    workers[0]!.child.kill("SIGKILL");
    const { code, err } = await ended;
    expect(err).toContain("2 workers with 2 threads");
    expect(code).toBe(1);
    expect(read(out, "runs.ndjson")).toBe(await inOneProcess(file));
    // Each cell is stored once, whoever ran it twice.
    expect(storedIn(out)).toBe(32);
    expect(read(out, "manifest.json")).not.toContain("secret");
    expect(err).not.toContain("secret");
    workers[1]!.child.kill("SIGTERM");
    expect(await workers[1]!.ended).toMatchObject({ code: 0 });
    expect(workers[1]!.said()).toMatch(/sweep study has ended; \d+ cells were run here/);
  });

  test("waits for a Redis that is lost, and goes on with one that has forgotten everything", {
    timeout: 120_000,
  }, async () => {
    const redis = await redisServer();
    const file = study();
    const out = scratchFolder();
    const { ended } = experiment(file, redis, out);
    const { said } = worker(file, redis);
    await until(() => storedIn(out) >= 4);
    await redis.restart(1500);
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toMatch(/Redis is lost; waiting for it\nRedis is back/);
    expect(said()).toMatch(/Redis is lost; waiting for it\nRedis is back/);
    expect(read(out, "runs.ndjson")).toBe(await inOneProcess(file));
  });

  test("is refused by a worker whose code differs, who says where; and taken by one whose code is the same", {
    timeout: 120_000,
  }, async () => {
    const redis = await redisServer();
    const file = study("", [
      ["seeds: 16", "seeds: 2"],
      ["tasks: 2500", "tasks: 20"],
    ]);
    const out = scratchFolder();
    const { ended } = experiment(file, redis, out);
    const tree = copiedTree();
    const policy = join(tree, "policies", "scheduling", "greedy.ts");
    writeFileSync(policy, `${readFileSync(policy, "utf8")}\n// One line more.\n`);
    const other = worker(file, redis, tree);
    const empty = worker(join(scratchFolder(), "no.yaml"), redis);
    const refusal =
      /refused; the digest of the code of greedy is [0-9a-f]{12} here and [0-9a-f]{12} there; use the same checkout/;
    await until(() => refusal.test(other.said()) && empty.said().includes("mine.ts is not in this tree"));
    expect(storedIn(out)).toBe(0);
    worker(file, redis);
    const { err, code } = await ended;
    expect(code).toBe(1);
    expect(err).toMatch(/refused by worker \S+: the digest of the code of greedy is/);
    expect(err).toContain("no worker takes part yet; start some: npm run worker -- --queue URL");
    expect(storedIn(out)).toBe(4);
  });

  test("runs a cell once that takes longer than its lock lasts: nothing keeps the lock from being renewed", {
    timeout: 120_000,
  }, async () => {
    const redis = await redisServer();
    const log = join(scratchFolder(), "log");
    const begin = `appendFileSync(${JSON.stringify(log)}, "begun\\n"); const endMs = Date.now() + 13000; while (Date.now() < endMs);`;
    const file = study(begin, [
      ["seeds: 16", "seeds: 1"],
      ["tasks: 2500", "tasks: 20"],
    ]);
    const out = scratchFolder();
    worker(file, redis);
    worker(file, redis);
    expect(await experiment(file, redis, out, ["--skip-laws"]).ended).toMatchObject({ code: 1 });
    expect(readFileSync(log, "utf8")).toBe("begun\n");
  });
});

test("a Redis that is not there is an error with its remedy, and shows no password", async () => {
  const url = `redis://:secret@127.0.0.1:${await freePort()}`;
  const { code, err } = await experiment(studyFile(), { url }, scratchFolder()).ended;
  expect(err).toMatch(
    /QueueError: redis:\/\/\*\*\*@127\.0\.0\.1:\d+: cannot be reached \(ECONNREFUSED\); start a Redis there/,
  );
  expect(err).not.toContain("secret");
  expect(code).toBe(2);
});
