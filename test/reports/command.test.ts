import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { compareResults } from "../../experiments/compare-results.ts";
import { reportCommand } from "../../reports/command.ts";
import { renderReport } from "../../reports/page.ts";
import { inventedReport } from "./invented.ts";

const results = inventedReport({ failed: 1 });
let folder: string;
let out: MockInstance<typeof console.log>;
let err: MockInstance<typeof console.error>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "report-"));
  writeFileSync(join(folder, "summary.json"), JSON.stringify(results.summary));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(results.manifest));
  writeFileSync(join(folder, "runs.ndjson"), results.records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  for (const [i, run] of results.timelines.entries()) {
    writeFileSync(join(folder, `timeline-${i}.json`), JSON.stringify(run));
  }
  out = vi.spyOn(console, "log").mockReturnValue();
  err = vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** The same results again with some of it changed, in a folder of its own. */
function changed(
  change: (results: ReturnType<typeof inventedReport>) => Partial<ReturnType<typeof inventedReport>>,
): string {
  const other = mkdtempSync(join(folder, "other-"));
  const { summary, manifest, records } = { ...results, ...change(results) };
  writeFileSync(join(other, "summary.json"), JSON.stringify(summary));
  writeFileSync(join(other, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(other, "runs.ndjson"), records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return other;
}

describe("npm run report with several folders", () => {
  test("compares the first with each other one, in the terminal and on a page that escapes what they hold", async () => {
    const other = changed(({ manifest, records }) => ({
      manifest: { ...manifest, config: { ...(manifest.config as object), drainH: "<b>" } },
      records: records.map((record) =>
        record.ok
          ? { ...record, metrics: { ...record.metrics, usdPerWorkHour: record.metrics.usdPerWorkHour! + 1 } }
          : record,
      ),
    }));
    const page = join(folder, "comparison.html");
    expect(await reportCommand([folder, other, "--out", page], compareResults)).toBe(0);
    const text = out.mock.calls[0]![0] as string;
    expect(text).toContain("4 are more than luck");
    expect(text).toContain("+1.00 [+1.00, +1.00], more than luck");
    expect(text).toMatch(/drainH: .* -> "<b>"/);
    expect(text.endsWith(page)).toBe(true);
    const html = readFileSync(page, "utf8");
    expect(html).toContain("&quot;&lt;b&gt;&quot;");
    expect(html).not.toContain('"<b>"');
  });

  test("names a folder that is none, or named twice, and writes nothing", async () => {
    const page = join(folder, "comparison.html");
    for (const [second, message] of [
      [join(folder, "absent"), /absent: no such folder/],
      [`${folder}/.`, /named twice; compare it with another one/],
    ] as const) {
      expect(await reportCommand([folder, second, "--out", page], compareResults)).toBe(2);
      expect(err.mock.calls.at(-1)![0]).toMatch(message);
    }
    expect(existsSync(page)).toBe(false);
  });
});

describe("npm run report", () => {
  test("draws from the folder alone the very page that the results gave, and prints where it is", async () => {
    expect(await reportCommand([folder], compareResults)).toBe(0);
    expect(out.mock.calls).toEqual([[join(folder, "report.html")]]);
    expect(err).not.toHaveBeenCalled();
    expect(readFileSync(join(folder, "report.html"), "utf8")).toBe(await renderReport(results));
  });

  test.each<[string, () => void, RegExp]>([
    ["no folder of that name", () => rmSync(folder, { recursive: true }), /no such folder/],
    ["a folder without a summary", () => rmSync(join(folder, "summary.json")), /summary\.json is missing/],
    [
      "half a summary",
      () => writeFileSync(join(folder, "summary.json"), '{"question": "wh'),
      /summary\.json: not JSON/,
    ],
    ["a summary of zero bytes", () => writeFileSync(join(folder, "summary.json"), ""), /summary\.json: not JSON/],
    [
      "a summary of another version",
      () => writeFileSync(join(folder, "summary.json"), JSON.stringify({ ...results.summary, groups: [{ axes: {} }] })),
      /summary\.json: groups\.0\.units: .*another version/,
    ],
    [
      "half a line of runs",
      () => writeFileSync(join(folder, "runs.ndjson"), '\n{"key": 1, "sp'),
      /runs\.ndjson:2: not JSON/,
    ],
    [
      "a run without a policy",
      () => writeFileSync(join(folder, "runs.ndjson"), "{}\n"),
      /runs\.ndjson:1: .*another version/,
    ],
    ["a list as manifest", () => writeFileSync(join(folder, "manifest.json"), "[]"), /manifest\.json: /],
    [
      "a timeline without instances",
      () =>
        writeFileSync(
          join(folder, "timeline-0.json"),
          '{"policyId":"a","trace":"t","unit":"b","replicate":0,"axes":{},"timeline":{}}',
        ),
      /timeline-0\.json: timeline\./,
    ],
    ["a page that cannot be written", () => mkdirSync(join(folder, "report.html")), /report\.html: cannot be written/],
  ])("names %s with a remedy in one line, returns 2, and leaves nothing half-written", async (_, spoil, message) => {
    spoil();
    const files = existsSync(folder) ? readdirSync(folder) : [];
    expect(await reportCommand([folder], compareResults)).toBe(2);
    expect(out).not.toHaveBeenCalled();
    expect(err.mock.calls).toEqual([[expect.stringMatching(message)]]);
    expect(err.mock.calls[0]![0]).toMatch(/^ReportError: [^\n]*; [^\n]+$/);
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual(files);
  });

  test.each([[[]], [["--nothing", "a"]]])("returns 2 for the arguments %j and points to the help", async (args) => {
    expect(await reportCommand(args, compareResults)).toBe(2);
    expect(err.mock.calls).toEqual([[expect.stringContaining("--help")]]);
  });
});
