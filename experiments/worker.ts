import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { AnyPolicySpec, PolicySpec } from "../policies/contract/policy.ts";
import { isForeign } from "../policies/contract/scenario.ts";
import type { Json } from "../policies/contract/units.ts";
import { brokenLaw } from "../policies/laws.ts";
import type { TraceTable } from "../traces/trace-table.ts";
import { ForeignPolicyError } from "./bridge/foreign-policy-error.ts";
import type { CellOutcome, CellTask, LawOutcome } from "./cell-task.ts";
import { type OwnPolicy, OwnPolicyError, ownPolicyOf } from "./own-policy.ts";
import { runCell } from "./run-cell.ts";
import { requestColumns, type TableSource, tableOf } from "./tables.ts";
import { type ThreadWork, workThrough } from "./thread-work.ts";

/** Tables that this thread has made or attached, the last used last. */
const tables = new Map<string, TraceTable>();
const TABLES_MAX = 8;

/** What piscina calls in a worker thread. */
export const runBatch = (work: ThreadWork): Promise<void> =>
  workThrough<CellTask>(work, async (task): Promise<CellOutcome | LawOutcome> => {
    let own: OwnPolicy | undefined;
    try {
      own = await ownPolicyOf(task.spec.policy, task.studyFolder);
      const { requests } = work.shared.get(task.group) as TableSource;
      const options = { own: own?.spec, traced: task.traced, requests: requests && requestColumns(requests) };
      const table = tableFor(task.group, work.shared);
      if (task.lawAsks === undefined) {
        const result = runCell(task.spec, table, options);
        const assumptions = isForeign(task.spec.policy) ? [...result.assumptions, FOREIGN] : result.assumptions;
        return { ok: true, result: { ...result, assumptions } };
      }
      const run = (spec: AnyPolicySpec) =>
        runCell(task.spec, table, { ...options, own: spec as PolicySpec<unknown, Json> });
      const broken = brokenLaw(own!.spec, run, task.lawAsks);
      return { broken };
    } catch (error) {
      return { ok: false, ...described(error, task.studyFolder) };
    } finally {
      own?.end?.();
    }
  });

const FOREIGN =
  "A policy in another language decides in a process of its own: what it depends on beside what it is asked, no record shows.";

function tableFor(group: string, shared: ThreadWork["shared"]): TraceTable {
  const table = tables.get(group) ?? tableOf(shared.get(group) as TableSource);
  tables.delete(group);
  tables.set(group, table);
  if (tables.size > TABLES_MAX) tables.delete(tables.keys().next().value!);
  return table;
}

/** The message, and the line that threw it: the same on every machine, since it goes into the record. */
function described(error: unknown, studyFolder: string): { readonly error: string; readonly stack: string } {
  if (!(error instanceof Error)) return { error: `threw ${JSON.stringify(error) ?? String(error)}`, stack: "" };
  if (error instanceof OwnPolicyError) return { error: `${error.name}: ${error.message}`, stack: "" };
  if (error instanceof ForeignPolicyError) return { error: `${error.name}: ${error.message}`, stack: error.lastWords };
  const stack = error.stack ?? "";
  const frame = /file:\/\/[^\s)]*?\.m?[jt]s:\d+/.exec(stack.slice(stack.indexOf("\n    at ")))?.[0];
  const at = frame === undefined ? "" : ` (${placeOf(frame, studyFolder)})`;
  return { error: `${error.name}: ${error.message}${at}`, stack };
}

function placeOf(frame: string, studyFolder: string): string {
  const [, url, line] = /^(.*):(\d+)$/.exec(frame)!;
  const file = fileURLToPath(url!);
  const root = fileURLToPath(new URL("..", import.meta.url));
  const from = file.startsWith(root) ? root : resolve(studyFolder);
  return `${relative(from, file).split(sep).join("/")}:${line}`;
}
