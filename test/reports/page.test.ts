import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { renderReport } from "../../reports/page.ts";
import { inventedReport, inventedTimeline, MANIFEST, POLICIES } from "./invented.ts";

const input = inventedReport({ failed: 2 });
const page = await renderReport(input);
const body = page.slice(page.indexOf("<body>"));
const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!.replaceAll("&#39;", "'");
/** What live.mjs unpacks and runs. */
const libraries = inflateSync(
  Buffer.from(/<script type="text\/plain" id="libraries">([^<]*)<\/script>/.exec(page)![1]!, "base64"),
).toString();

describe("the page", () => {
  test("answers first: question, answer, ranking, warnings, charts, a run in detail, failures, provenance", () => {
    expect([...page.matchAll(/<h2 [^>]*>([^<]*)<\/h2>/g)].map(([, heading]) => heading)).toEqual([
      "Ranking",
      "Warnings",
      "Published figures",
      "From published figures to ours",
      "Differences from the baseline",
      "Would more units change the answer?",
      "Where each policy wins and loses",
      "Where the savings come from",
      "Cost against service",
      "Side by side on the same luck",
      "Failed runs",
      "Provenance",
    ]);
    expect(body.indexOf(input.summary.question)).toBeLessThan(body.indexOf(input.summary.groups[0]!.answer));
    expect(body.indexOf(input.summary.groups[0]!.answer)).toBeLessThan(body.indexOf("Ranking"));
  });

  test("names no address to load from and asks for none: no src, no href but its own anchors, no import, no url()", () => {
    const markup = page.replace(/<script\b[^>]*>[\s\S]*?<\/script>/g, "");
    expect(markup).not.toMatch(/\ssrc=|@import|url\(|<link|<iframe|<object/i);
    for (const [, target] of markup.matchAll(/\s(?:xlink:)?href="([^"]*)"/g)) expect(target).toMatch(/^#/);
  });

  test("allows no code but its own: every inline script and style has its hash in the policy, and there is no eval", () => {
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text!);
    const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, text]) => text!);
    expect([scripts.length, styles.length]).toEqual([1, 1]);
    const hashes = [libraries, ...scripts, ...styles].map(
      (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
    );
    expect(policy.match(/'sha256-[^']+'/g)).toEqual(hashes);
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toContain("unsafe");
    expect(body).not.toMatch(/<[^>]+\s(on\w+|style)=/i);
  });

  test("carries Vega once, with its licence in clear, and stays below 0.8 MB", () => {
    expect(libraries.includes('"6.4.0"')).toBe(true);
    expect(page.split("University of Washington Interactive Data Lab")).toHaveLength(2);
    expect(Buffer.byteLength(page)).toBeLessThan(0.8e6);
  });

  test("is the same text for the same results", async () => {
    expect(await renderReport(inventedReport({ failed: 2 }))).toBe(page);
  });

  test("shows every policy once in the ranked table, best first, with n, the interval and Holm's p", () => {
    const table = /<tbody>([\s\S]*?)<\/tbody>/.exec(body)![1]!;
    const ranked = [...table.matchAll(/<bdi>([^<]*)<\/bdi>/g)].map(([, id]) => id);
    expect(ranked).toEqual(input.summary.groups[0]!.policies.map(({ policyId }) => policyId));
    expect(table).toMatch(/primary, Holm/);
    expect(table).toMatch(/exploratory/);
    expect(body).toContain("means over 20 units");
  });

  test("gives a policy the same colour however it ranks: that of its place in the study", () => {
    const swatch = (id: string) => /policy-\d/.exec(body.split(`"></i><bdi>${id}</bdi>`)[0]!.slice(-20))?.[0];
    expect(POLICIES.map(swatch)).toEqual(["policy-0", "policy-1", "policy-2", "policy-3"]);
    expect(input.summary.groups[0]!.policies.map(({ policyId }) => policyId)).not.toEqual(POLICIES);
  });

  test("lists each error of a policy once, with how many runs it failed, where, and a command that repeats one", () => {
    const failed = body.slice(body.indexOf("Failed runs</h2>"));
    expect(failed).toContain("2 of 80 runs failed, of 1 policy");
    expect(failed.match(/npm run experiment -- study\.yaml --only/g)).toHaveLength(1);
    expect(failed).toMatch(/<td class="number">2<\/td>/);
    expect(failed).toContain("us-west-2, weeks 1 and 2\nus-west-2, weeks 3 and 4");
  });

  test("keeps different errors apart, the most frequent first, and names three places of each", async () => {
    const report = inventedReport({ failed: 6 });
    let failed = 0;
    const records = report.records.map((record) =>
      record.ok || failed++ > 0 ? record : { ...record, error: "PolicyError: another" },
    );
    const text = await renderReport({ ...report, records });
    const section = text.slice(text.indexOf("Failed runs</h2>"));
    expect(section.indexOf("greedy: cannot read")).toBeLessThan(section.indexOf("PolicyError: another"));
    expect(section).toContain("and 2 more");
  });

  test("says in the ranking which policies miss units, and of how many", () => {
    const ranking = body.slice(body.indexOf("Ranking</h2>"), body.indexOf("Warnings</h2>"));
    expect(ranking.match(/only 18 of 20 units/g)).toHaveLength(1);
    expect(ranking.split("only 18 of 20 units")[0]).toMatch(
      new RegExp(`<bdi>${POLICIES[2].replace("+", "\\+")}</bdi>[^/]*$`),
    );
    expect(ranking).toContain("ranked below them");
  });

  test("has no section for failures where there are none, and says so where nothing warns", async () => {
    const clean = inventedReport();
    const text = await renderReport({ ...clean, summary: { ...clean.summary, warnings: [] } });
    expect(text).not.toContain("Failed runs");
    expect(text).toContain("None: nothing about the method");
  });

  test("says where every number comes from: command, commit, dirty flag, trace digest, rows, and what was assumed", () => {
    const provenance = body.slice(body.indexOf("Provenance</h2>"));
    const [trace] = MANIFEST.traces;
    for (const text of [
      MANIFEST.commit,
      trace.digest,
      "118,204",
      trace.warnings[0],
      trace.licence,
      "on-demand capacity is unlimited",
    ]) {
      expect(provenance).toContain(text);
    }
    expect(provenance).toMatch(/<dt>dirty<\/dt><dd>true<\/dd>/);
    expect(provenance).toContain("baseline: on-demand-only"); // the configuration, as YAML
  });

  test("renders whatever JSON the manifest holds", async () => {
    const odd = {
      list: [],
      nothing: null,
      nested: { a: [{ b: 1 }, { b: 2 }], c: [[1, 2], "x"] },
      traces: "none",
      zero: 0,
    };
    expect(await renderReport({ ...input, manifest: odd, timelines: [] })).toContain("<dt>zero</dt><dd>0</dd>");
  });

  test("shows each point of a sweep under its coordinates, with its own answer", async () => {
    const groups = [{ "cloud.visibility": "told" }, { "cloud.visibility": "tried" }];
    const sweep = inventedReport({ groups });
    const text = await renderReport({ ...sweep, timelines: [] });
    for (const name of ["cloud.visibility = told", "cloud.visibility = tried"]) {
      expect(text.split(`<summary>${name}</summary>`)).toHaveLength(7); // ranking, and every chart but the timeline
      expect(text).toContain(`<dt>${name}</dt>`);
    }
  });

  test("answers a sweep by how often each policy comes out best, and shows it as a whole before its points", async () => {
    const groups = [1, 2, 4, 8, 16].map((count) => ({ count }));
    const text = await renderReport({ ...inventedReport({ groups, units: 6 }), timelines: [] });
    expect(text).toContain("greedy+kuhn-munkres comes out best on cost per work-hour at all 5 points of the sweep.");
    // The next best is no baseline, and nobody compared the two.
    expect(text).toContain("A comparison tells the best from the next at none of them.");
    expect(text.indexOf('id="sweep-value-1"')).toBeGreaterThan(0);
    expect(text.indexOf('id="sweep-value-1"')).toBeLessThan(text.indexOf('id="ranking"'));
  });

  test("draws at most six points of a sweep and says that the ranking holds all", async () => {
    const groups = Array.from({ length: 14 }, (_, count) => ({ count }));
    const text = await renderReport({ ...inventedReport({ groups, units: 6 }), timelines: [] });
    expect(text.match(/id="differences-\d+"/g)).toHaveLength(6);
    expect(text).toContain("the first 6 of 14 points");
    expect(text.match(/Every metric, means over/g)!.length).toBeGreaterThanOrEqual(14);
  });

  test("grows to no more than 1.5 MB over a sweep of 20 points, eight policies and 100 units: what is left out is said", async () => {
    const groups = Array.from({ length: 20 }, (_, count) => ({ count }));
    const policyIds = [...POLICIES, ...POLICIES.map((policy) => `${policy} again`)];
    const text = await renderReport(inventedReport({ groups, policyIds, units: 100 }));
    expect(Buffer.byteLength(text)).toBeLessThan(1.5e6);
    const drawn = text.match(/id="unit-by-unit-\d+"/g)!.length;
    expect(drawn).toBeLessThan(6);
    expect(text).toContain(`Drawn are the first ${drawn} of 20 points of the sweep`);
  }, 60_000);

  test("grows to no more than 1.2 MB with a traced run of hundreds of instances for each of four policies", async () => {
    const timelines = POLICIES.map((policyId, i) => ({
      ...input.timelines[0]!,
      policyId,
      timeline: inventedTimeline(`big ${i}`, { instances: 400 }),
    }));
    expect(Buffer.byteLength(await renderReport({ ...input, timelines }))).toBeLessThan(1.2e6);
  });
});
