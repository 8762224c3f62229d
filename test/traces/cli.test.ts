import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { changesOf } from "../../traces/export.ts";
import { openRequestFile } from "../../traces/request-file.ts";
import { openTraceFile } from "../../traces/trace-file.ts";

const main = new URL("../../experiments/traces.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "traces-cli-"));
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, XDG_CACHE_HOME: folder }, // nothing of a user's own
  });
  return { status, stdout, stderr };
};

describe("npm run traces", () => {
  it("writes what it drew where it says, and inspects it again", () => {
    const made = run("generate", "--preset", "p3-2023", "--seed", "a", "--hours", "48", "--out", "own.trace");
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toContain("written: own.trace");
    const seen = run("inspect", "own.trace", "--json");
    const { digest, report, markets, correlation } = JSON.parse(seen.stdout);
    expect(made.stdout).toContain(digest);
    expect(report).toMatchObject({
      format: "preset p3-2023, seed a",
      hours: 48,
      warnings: ["generated, not observed"],
    });
    expect(markets).toHaveLength(9);
    expect(correlation.availability).toHaveLength(9);
    expect(markets[0]).not.toHaveProperty("slices");
    expect(run("inspect", "own.trace", "--html", "own.html").stdout).toContain("drawn: own.html");
    expect(readFileSync(join(folder, "own.html"), "utf8")).toContain("<title>own.trace</title>");
    expect(run("inspect", "--preset", "p3-2023", "--html", "no.html")).toMatchObject({
      status: 2,
      stderr: "TraceError: --html draws a table file; generate one from the preset first\n",
    });
    expect(run("inspect", "own.trace", "--html", "no/such.html").stderr).toContain("cannot be written (ENOENT)");
  });

  it("says nothing more to whoever stops reading early", () => {
    const shell = `"${process.execPath}" "${main}" list; echo "ended $?" >&2`;
    const { stderr } = spawnSync("sh", ["-c", `{ ${shell}; } | true`], { encoding: "utf8" });
    expect(stderr).toBe("ended 0\n");
  });

  it("writes requests of a preset or of a model of one's own, the same for the same seed", () => {
    const made = run("generate", "--preset", "azure-chat-2023", "--hours", "1", "--out", "chat.requests", "--json");
    const { digest, report, statistics } = JSON.parse(made.stdout);
    const trace = openRequestFile(join(folder, "chat.requests"));
    expect(trace.digest).toBe(digest);
    expect(trace.arrivalS).toHaveLength(report.kept);
    expect(statistics.perSecond).toBeCloseTo(5.5, 0);
    const model = "arrivals: { kind: gamma, perS: 2, cv: 6 }\ntokens: { file: chat.requests }\n";
    writeFileSync(join(folder, "own.yaml"), model);
    const own = (out: string) => run("generate", "--model", "own.yaml", "--seed", "x", "--hours", "2", "--out", out);
    expect(own("own.requests").stdout).toContain("written: own.requests");
    expect(own("again.requests").status).toBe(0);
    const bytes = (name: string) => readFileSync(join(folder, name));
    expect(bytes("own.requests").equals(bytes("again.requests"))).toBe(true);
    writeFileSync(join(folder, "bad.yaml"), model.replace("cv: 6", "cv: -6"));
    writeFileSync(join(folder, "rapid.yaml"), model.replace("perS: 2", "perS: 2000000"));
    for (const [file, message] of [
      ["bad.yaml", "bad.yaml: arrivals.cv: too small"],
      ["rapid.yaml", "requests are expected, at most 100000000 are written"],
      ["none.yaml", "none.yaml: cannot be read (ENOENT)"],
    ] as const) {
      const { status, stderr } = run("generate", "--model", file, "--out", "no.requests");
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    }
    expect(readdirSync(folder)).not.toContain("no.requests");
  });

  it("exports every change of price and capacity, the same as CSV and as Parquet", async () => {
    expect(run("generate", "--preset", "p3-2023", "--seed", "b", "--hours", "24", "--out", "out.trace").status).toBe(0);
    const csv = run("export", "out.trace", "--out", "out.csv");
    expect(csv).toMatchObject({ status: 0, stderr: "" });
    expect(run("export", "out.trace", "--out", "out.parquet").stdout).toBe(csv.stdout.replace(".csv", ".parquet"));
    const [header, ...lines] = readFileSync(join(folder, "out.csv"), "utf8").trimEnd().split("\n");
    expect(header).toBe("instance_type,region,zone,time_s,usd_per_hour,capacity");
    const parquet = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, "out.parquet")) });
    expect(parquet.map((row) => Object.values(row).join(","))).toEqual(lines);

    // Each row stands for a change, the first of each market for its start; and the table says the same at its time.
    const { window, endS } = openTraceFile(join(folder, "out.trace"));
    const table = window(0, endS);
    const changes = changesOf(table).toArray();
    expect(changes).toHaveLength(lines.length);
    expect(changes.filter(({ time_s }) => time_s === 0)).toHaveLength(9);
    for (const [i, row] of changes.entries()) {
      const before = changes[i - 1];
      if (row.time_s === 0) continue;
      expect([before!.usd_per_hour, before!.capacity]).not.toEqual([row.usd_per_hour, row.capacity]);
    }
    expect(run("export", "out.trace", "--out", "out.xlsx")).toMatchObject({
      status: 2,
      stderr: "TraceError: out.xlsx: expected a name that ends in .csv or .parquet\n",
    });
  });

  it("bad input is one line on standard error, exit code 2, no stack trace, and nothing half-written", () => {
    writeFileSync(join(folder, "half.json"), '{"SpotPriceHistory":[{"Avail');
    writeFileSync(join(folder, "arrivals.csv"), "0,3\n60,2\n");
    const before = readdirSync(folder);
    for (const [args, message] of [
      [["import", "half.json", "--out", "x.trace"], "half.json:1: the JSON breaks off"],
      [["import", "--dataset", "skynomad-p3"], "--root FOLDER of traces -- import"],
      [["import", "--dataset", "skynomad-p3", "--zone", "z"], "dataset and zone are mutually exclusive"],
      [["import", "half.json", "--dataset", "skynomad-p3"], "goes without files; leave out half.json"],
      [["import", "half.json", "--root", "."], "root -> dataset"],
      [["import", "arrivals.csv"], "--time-unit ms to npm run traces -- import (or s, min, h)"],
      [["generate", "--preset", "p4-2023", "--out", "x.trace"], 'did you mean "p3-2023"'],
      [["generate", "--preset", "p3-2023", "--hours", "-1", "--out", "x.trace"], "give a positive number of hours"],
      [["generate", "--preset", "p3-2023", "--out", "no/such/x.trace"], "no/such/x.trace: cannot be written (ENOENT)"],
      [["inspect", "half.json"], "half.json: not a table file"],
      [["import", "half.json", "--max-bytes", "lots"], "--max-bytes NaN: expected a number above 0"],
      [["import", "half.json", "--usd-per-hour", "-1"], "--usd-per-hour -1: expected a number above 0"],
      [["import", "half.json", "--gap", "nope"], 'Argument: gap, Given: "nope", Choices: "hold"'],
      [["import", "half.json", "--out"], "Not enough arguments following: out"],
    ] as const) {
      const { status, stdout, stderr } = run(...args);
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: "" });
      expect(stderr).toMatch(/^TraceError: .*\n$/);
      expect(stderr).toContain(message);
    }
    expect(readdirSync(folder)).toEqual(before);
  });

  it("prints names from files without their control characters", () => {
    const row = { AvailabilityZone: "z\u001b[31m", InstanceType: "g", ProductDescription: "L", SpotPrice: "1" };
    const rows = ["10", "20"].map((minute) => ({ ...row, Timestamp: `2026-01-01T00:${minute}:00Z` }));
    writeFileSync(join(folder, "hostile.json"), JSON.stringify({ SpotPriceHistory: rows }));
    const { status, stdout } = run("import", "hostile.json");
    expect(status).toBe(0);
    expect(stdout).toContain("g z?[31m");
    expect(stdout).not.toContain("\u001b");
  });
});
