import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../digest.ts";
import type { PreparedStudy } from "../prepared-study.ts";
import { json, writeResult } from "../results.ts";
import { policyIds } from "../study-checks.ts";
import type { Estimate, Summary } from "../summary.ts";
import { SuiteError, type Track } from "./suite-file.ts";

const estimate = z.strictObject({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  kind: z.enum(["interval", "range"]),
  n: z.int(),
}) satisfies z.ZodType<Estimate>;

const row = z.strictObject({
  track: z.string(),
  settings: z.string().describe("digest of the track's settings"),
  traces: z.string().describe("digest of its prices and capacities"),
  policyId: z.string(),
  policy: z.record(z.string(), z.unknown()).describe("as a study has it: all that decides, with its parameters"),
  policyDigest: z.string().describe("of the code of all that decides"),
  metric: z.string(),
  value: estimate.nullable().describe("mean over the units that policies are ranked on"),
  against: z.string(),
  confirmed: estimate
    .nullable()
    .describe(
      "ratio to `against` on the units kept apart; intervals hold together over the comparisons, and over the looks",
    ),
  pHolm: z.number().nullable(),
  looks: z.int().describe("how often the units kept apart had been looked at in this folder"),
  service: z.record(z.string(), estimate).describe("shares of jobs in time, of tasks done, of time available"),
  units: z.int().describe("that there are to rank on; value.n is smaller where runs failed"),
  workbench: z.string(),
  node: z.string(),
  engineDigest: z.string(),
});
export type ScoreRow = z.infer<typeof row>;

const scoreboardSchema = z.strictObject({ suite: z.string(), version: z.literal(1), rows: z.array(row) });
export type Scoreboard = z.infer<typeof scoreboardSchema>;

/** For those who read scoreboards with other tools. */
export const scoreboardJsonSchema = (): unknown => z.toJSONSchema(scoreboardSchema);

const SERVICE = ["availableShare", "deadlineMetShare", "completedShare"];

/** A row for each policy of a track's study, in its order. */
export async function rowsOf(
  track: Track,
  { loaded: { study }, code, versions }: PreparedStudy,
  summary: Summary,
): Promise<ScoreRow[]> {
  const [group] = summary.groups;
  const engineDigest = await code.engine();
  return Promise.all(
    study.policies.map(async (policy, i): Promise<ScoreRow> => {
      const policyId = policyIds(study)[i]!;
      const found = group!.policies.find((each) => each.policyId === policyId);
      const confirm = group!.confirm?.comparisons.find((each) => each.policyId === policyId);
      return {
        track: track.id,
        settings: track.settings,
        traces: track.traces,
        policyId,
        policy: { ...policy },
        policyDigest: await code.scenario(policy),
        metric: study.primary.metric,
        value: found?.metrics[study.primary.metric] ?? null,
        against: study.baseline,
        confirmed: confirm?.ratio ?? null,
        pHolm: confirm?.pHolm ?? null,
        looks: group!.confirm?.looks ?? 1,
        service: Object.fromEntries(
          SERVICE.flatMap((name) => (found?.metrics[name] ? [[name, found.metrics[name]]] : [])),
        ),
        units: group!.units,
        workbench: versions.engine,
        node: versions.node,
        engineDigest,
      };
    }),
  );
}

/** Adds rows to a folder's scoreboard; the same policy of the same code on the same track is replaced. @throws SuiteError, ResultsError */
export function enter(folder: string, suite: string, rows: readonly ScoreRow[]): Scoreboard {
  const same = ({ track, policyId, policy, policyDigest, settings, traces }: ScoreRow) =>
    canonicalJson([track, policyId, policy, policyDigest, settings, traces]);
  const entered = new Set(rows.map(same));
  const kept = readScoreboard(folder, suite).rows.filter((each) => !entered.has(same(each)));
  const board: Scoreboard = { suite, version: 1, rows: [...kept, ...rows] };
  writeResult(folder, FILE, json(board));
  return board;
}

const FILE = "scoreboard.json";

function readScoreboard(folder: string, suite: string): Scoreboard {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { suite, version: 1, rows: [] };
  }
  try {
    const board = scoreboardSchema.parse(JSON.parse(text));
    if (board.suite === suite) return board;
  } catch {
    // Told below, as is one of another suite.
  }
  throw new SuiteError(`${path}: is no scoreboard of ${suite}; move it away, or name another --out`);
}
