import type { Seconds } from "../../policies/contract/units.ts";
import { TraceError } from "../columns.ts";
import type { RequestColumns } from "../requests.ts";
import { type CsvRow, csvRows, firstCells } from "./csv.ts";
import type { FormatAbout, ReadOptions } from "./index.ts";
import type { SourceFile } from "./source-file.ts";
import { stampOf } from "./values.ts";

/** Requests as a file tells of them, in order of arrival. */
export interface Requests extends RequestColumns {
  /** Of time 0, since 1970, the first request; undefined where the source has no calendar time. */
  readonly startS: Seconds | undefined;
  readonly dropped: readonly { readonly why: string; readonly rows: number }[];
  readonly warnings: readonly string[];
}

export interface RequestFormat extends FormatAbout {
  requests(file: SourceFile, options: ReadOptions): Promise<Requests>;
}

/** One form: where its columns are, and what its rows need. */
interface Form extends FormatAbout {
  /** Undefined: no header, and these are their places. */
  readonly columns:
    | { readonly arrival: string; readonly input: string; readonly output: string }
    | readonly [number, number];
  readonly stamped?: boolean;
  /** A response of no tokens is a request that failed. */
  readonly failed?: boolean;
  /** Where no column has it. */
  readonly outputTokens?: number;
  readonly warning?: string;
}

const named =
  (columns: Exclude<Form["columns"], readonly number[]>): FormatAbout["matches"] =>
  ({ head }) => {
    const names = firstCells(head);
    return Object.values(columns).every((name) => names.includes(name));
  };

const azure = { arrival: "TIMESTAMP", input: "ContextTokens", output: "GeneratedTokens" };
const burst = { arrival: "Timestamp", input: "Request tokens", output: "Response tokens" };
const vidur = { arrival: "arrived_at", input: "num_prefill_tokens", output: "num_decode_tokens" };

const forms: readonly Form[] = [
  {
    name: "azure-llm",
    holds: "request arrivals",
    source: "Azure LLM inference traces (CC-BY-4.0): TIMESTAMP,ContextTokens,GeneratedTokens",
    get: "the repository Azure/AzurePublicDataset, data",
    command: "npm run traces -- import AzureLLMInferenceTrace_code.csv --out code.requests",
    matches: named(azure),
    columns: azure,
    stamped: true,
    warning: "stamps carry no zone and are taken as UTC",
  },
  {
    name: "burstgpt",
    holds: "request arrivals",
    source: "BurstGPT (CC-BY-4.0), every version: columns by their names",
    get: "the repository HPMLL/BurstGPT (Git LFS)",
    command: "npm run traces -- import BurstGPT_1.csv --out burst.requests",
    matches: named(burst),
    columns: burst,
    failed: true,
  },
  {
    name: "vidur",
    holds: "request arrivals",
    source: "Vidur and Splitwise: arrived_at,num_prefill_tokens,num_decode_tokens",
    get: "the repositories microsoft/vidur and mutinifni/splitwise-sim",
    command: "npm run traces -- import splitwise_conv.csv --out conv.requests",
    matches: named(vidur),
    columns: vidur,
  },
  {
    name: "spotserve-query",
    holds: "request arrivals",
    source: "SpotServe artifact, query: id, arrival, input tokens, offset, without a header",
    get: "the repository Hsword/SpotServe (branch artifact, elastic-switch/trace/query)",
    command: "npm run traces -- import query_tpt0.35_cv6.txt --out query.requests",
    matches: ({ head }) => /^\s*\d+,\d+(\.\d+)?(e-?\d+)?,\d+,\d+\s*(\r?\n|$)/.test(head),
    columns: [1, 2],
    outputTokens: 128,
    warning: "each request puts out 128 tokens, as the paper has it: the file does not say",
  },
];

export const requestFormats: readonly RequestFormat[] = forms.map((form) => ({
  ...form,
  requests: (file, options) => read(form, file, options),
}));

async function read(form: Form, file: SourceFile, options: ReadOptions): Promise<Requests> {
  const rows: { readonly timeS: number; readonly input: number; readonly output: number }[] = [];
  const { columns } = form;
  let at: { arrival: number; input: number; output: number } | undefined =
    "arrival" in columns ? undefined : { arrival: columns[0], input: columns[1], output: -1 };
  let failed = 0;
  let [last, out] = [-Infinity, 0];
  for await (const row of csvRows(file, ",")) {
    if (at === undefined) {
      const { arrival, input, output } = columns as Exclude<Form["columns"], readonly number[]>;
      at = { arrival: row.cells.indexOf(arrival), input: row.cells.indexOf(input), output: row.cells.indexOf(output) };
      continue;
    }
    const where = `${file.path}:${row.line}`;
    const timeS = form.stamped
      ? stampOf(row.cells[at.arrival], where, options.tz ?? "UTC")
      : secondsOf(row, at.arrival, where);
    const input = tokensOf(row, at.input, where);
    const output = form.outputTokens ?? tokensOf(row, at.output, where);
    if (form.failed && output === 0) {
      failed++;
      continue;
    }
    if (timeS < last) out++;
    last = timeS;
    rows.push({ timeS, input, output });
  }
  if (rows.length === 0) throw new TraceError(`${file.path}: no requests; the download failed`);
  rows.sort((a, b) => a.timeS - b.timeS); // stable: the file's order among equals
  const startS = form.stamped ? rows[0]!.timeS : undefined;
  return {
    arrivalS: Float64Array.from(rows, ({ timeS }) => timeS - (startS ?? 0)),
    inputTokens: Uint32Array.from(rows, ({ input }) => input),
    outputTokens: Uint32Array.from(rows, ({ output }) => output),
    startS,
    dropped: failed === 0 ? [] : [{ why: "failed, without a response", rows: failed }],
    warnings: [
      ...(form.warning === undefined || (form.stamped && options.tz !== undefined)
        ? []
        : [`${file.name}: ${form.warning}`]),
      ...(out === 0 ? [] : [`${file.name}: ${out} requests arrived before the row above them: sorted`]),
    ],
  };
}

function secondsOf({ cells }: CsvRow, at: number, where: string): number {
  const text = cells[at];
  const timeS = /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text ?? "") ? Number(text) : Number.NaN;
  if (Number.isFinite(timeS)) return timeS;
  throw new TraceError(
    `${where}: ${JSON.stringify(text ?? "")} is no time of arrival; expected seconds from the start`,
  );
}

function tokensOf({ cells }: CsvRow, at: number, where: string): number {
  const text = cells[at];
  // Python writes whole numbers beside missing ones as 12.0.
  const tokens = /^\d+(\.0+)?$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (tokens <= 0xffff_ffff) return tokens;
  throw new TraceError(`${where}: ${JSON.stringify(text ?? "")} is no number of tokens; drop the row or mend it`);
}
