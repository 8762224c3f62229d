import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listResults } from "../../reports/results-list.ts";
import { serveResults } from "../../reports/serve.ts";
import { inventedReport } from "./invented.ts";

const { summary, manifest } = inventedReport();
let root: string;
let close: () => void;
let url: string;

/** A finished results folder, and one that a sweep is writing: 12 of 40 cells were there, 5 have come. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "serve-"));
  for (const [name, drainH] of [
    ["first", 1],
    ["second", 2],
  ] as const) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "summary.json"), JSON.stringify(summary));
    writeFileSync(join(root, name, "manifest.json"), JSON.stringify({ ...manifest, config: { drainH, same: 1 } }));
    writeFileSync(join(root, name, "report.html"), `<p>${name}</p>`);
  }
  mkdirSync(join(root, "<b>"));
  writeFileSync(join(root, "<b>", "cells.ndjson"), `header\n${"cell\n".repeat(17)}`);
  writeFileSync(
    join(root, "<b>", "sweep.json"),
    JSON.stringify({ question: "How <i>far</i>?", cells: 40, pending: 28, stored: 12 }),
  );
  writeFileSync(join(root, "<b>", "lock"), "1 host 0\n");
  mkdirSync(join(root, "no results"));
  writeFileSync(join(root, "secret.html"), "secret");
  const { server, url: at } = await serveResults(root, 0);
  url = at;
  close = () => server.close();
});
afterEach(() => {
  close();
  rmSync(root, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Promise<{ status: number; body: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, body, headers: response.headers }));
    })
      .on("error", reject)
      .end();
  });

describe("npm run report -- --serve", () => {
  test("lists all results with the settings that differ, escapes their names, and renews itself while a sweep runs", async () => {
    const { status, body, headers } = await get("/");
    expect(status).toBe(200);
    expect(body).toContain('href="/results/first/report.html"');
    expect(body).toContain("drainH = 1");
    expect(body).toContain("drainH = 2");
    expect(body).not.toContain("same = 1");
    expect(body).toContain("&lt;b&gt;");
    expect(body).toContain("How &lt;i&gt;far&lt;/i&gt;?");
    expect(body).toContain("17 of 40 cells (42 %)");
    expect(body).not.toMatch(/<script/);
    expect(headers.refresh).toBe("5");
    rmSync(join(root, "<b>", "lock"));
    expect((await get("/")).headers.refresh).toBeUndefined();
  });

  test("a sweep whose process is gone, or has not touched its lock for 90 s, is unfinished and not running", async () => {
    const stateOf = async () => (await listResults(root, Date.now())).find(({ name }) => name === "<b>")!.state;
    expect(await stateOf()).toBe("running");
    const before = new Date(Date.now() - 100_000);
    utimesSync(join(root, "<b>", "lock"), before, before);
    expect(await stateOf()).toBe("unfinished");
  });

  test("serves a report as it lies there, and nothing else of the disk", async () => {
    expect((await get("/results/second/report.html")).body).toBe(
      readFileSync(join(root, "second/report.html"), "utf8"),
    );
    for (const path of [
      "/secret.html",
      "/results/../secret.html",
      "/results/%2e%2e/secret.html",
      "/results/second/summary.json",
      "/results/no%20results/report.html",
      "//evil/",
    ]) {
      expect({ path, status: (await get(path)).status }).toEqual({ path, status: 404 });
    }
  });

  test("answers no page from elsewhere: another host's name, another origin, and anything but reading are refused", async () => {
    const { host } = new URL(url);
    expect((await get("/", { host: "evil.example" })).status).toBe(403);
    expect((await get("/", { host: "127.0.0.1" })).status).toBe(403); // another port's page is from elsewhere
    expect((await get("/", { origin: "http://evil.example" })).status).toBe(403);
    expect((await get("/", { origin: "null" })).status).toBe(403);
    expect((await get("/", { origin: `http://${host}` })).status).toBe(200);
    for (const method of ["POST", "PUT", "DELETE"]) expect((await get("/", {}, method)).status).toBe(405);
    const head = await get("/", {}, "HEAD");
    expect({ status: head.status, body: head.body }).toEqual({ status: 200, body: "" });
  });

  test("listens on this machine alone; a folder that is none and a port that is taken are named", async () => {
    expect(new URL(url).hostname).toBe("127.0.0.1");
    await expect(serveResults(join(root, "absent"), 0)).rejects.toThrow(/absent: no such folder; name the folder/);
    await expect(serveResults(root, Number(new URL(url).port))).rejects.toThrow(
      /--port \d+: cannot be listened on \(EADDRINUSE\)/,
    );
  });
});
