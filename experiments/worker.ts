import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { TraceTable } from "../traces/trace-table.ts";
import type { CellOutcome, CellTask } from "./cell-task.ts";
import { loadOwnPolicy, OwnPolicyError, ownFileOf } from "./own-policy.ts";
import { runCell } from "./run-cell.ts";
import { requestColumns, type TableSource, tableOf } from "./tables.ts";
import { type ThreadWork, workThrough } from "./thread-work.ts";

/** Tables that this thread has made or attached, the last used last. */
const tables = new Map<string, TraceTable>();
const TABLES_MAX = 8;

/** What piscina calls in a worker thread. */
export const runBatch = (work: ThreadWork): Promise<void> =>
  workThrough<CellTask>(work, async (task): Promise<CellOutcome> => {
    try {
      const file = ownFileOf(task.spec.policy);
      const own = file === undefined ? undefined : await loadOwnPolicy(task.studyFolder, file);
      const { requests } = work.shared.get(task.group) as TableSource;
      const options = { own, traced: task.traced, requests: requests && requestColumns(requests) };
      return { ok: true, result: runCell(task.spec, tableFor(task.group, work.shared), options) };
    } catch (error) {
      return { ok: false, ...described(error, task.studyFolder) };
    }
  });

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
