import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
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

describe("npm run report", () => {
  test("draws from the folder alone the very page that the results gave, and prints where it is", async () => {
    expect(await reportCommand([folder])).toBe(0);
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
    expect(await reportCommand([folder])).toBe(2);
    expect(out).not.toHaveBeenCalled();
    expect(err.mock.calls).toEqual([[expect.stringMatching(message)]]);
    expect(err.mock.calls[0]![0]).toMatch(/^ReportError: [^\n]*; [^\n]+$/);
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual(files);
  });

  test.each([[[]], [["a", "b"]], [["--nothing", "a"]]])(
    "returns 2 for the arguments %j and points to the help",
    async (args) => {
      expect(await reportCommand(args)).toBe(2);
      expect(err.mock.calls).toEqual([[expect.stringContaining("--help")]]);
    },
  );
});
