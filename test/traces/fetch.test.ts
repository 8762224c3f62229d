import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { fetchSets } from "../../traces/commands/fetch.ts";
import { fetchSet, mirror, type Source, upstream } from "../../traces/fetch.ts";
import { openStudyTrace } from "../../traces/open.ts";
import { filesOf, type PublicSet, publicSets, type SetFile } from "../../traces/public-sets.ts";
import { describeReal, sharedData } from "./real-data.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(answer: Answer): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves a body, from where it is asked to. */
function send(body: Buffer, { headers: { range } }: IncomingMessage, response: ServerResponse): void {
  const from = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)![1]);
  response.writeHead(from > 0 ? 206 : 200).end(body.subarray(from));
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "fetch-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const invented: PublicSet = { ...publicSets[0]!, name: "invented" };
const body = Buffer.from("time,price\n".repeat(5000));
const file = (path: string, bytes: Buffer = body): SetFile => ({
  path,
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});
const get = (files: readonly SetFile[], folder: string, source: Source) =>
  fetchSet(invented, files, { source, folder, signal: new AbortController().signal, progress: () => {} });

describe("fetching a public set", () => {
  it("gets every file once; what is there and right is not asked for again, what is spoilt is", async () => {
    const asked: string[] = [];
    const base = await serve((request, response) => {
      asked.push(request.url!);
      send(body, request, response);
    });
    const folder = scratch();
    const files = [file("a.csv"), file("deep/b c.csv")];
    expect(await get(files, folder, mirror(base))).toBe(2);
    expect(asked.sort()).toEqual(["/invented/a.csv", "/invented/deep/b%20c.csv"]);
    expect(readFileSync(join(folder, "deep", "b c.csv"))).toEqual(body);
    expect(await get(files, folder, mirror(base))).toBe(0);
    writeFileSync(join(folder, "a.csv"), Buffer.alloc(body.length));
    expect(await get(files, folder, mirror(base))).toBe(1);
    expect(asked).toHaveLength(3);
    expect(readFileSync(join(folder, "a.csv"))).toEqual(body);
  });

  it("goes on where it was cut off, in the same run and in the next", async () => {
    const ranges: (string | undefined)[] = [];
    const base = await serve((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length > 1) return send(body, request, response);
      response.writeHead(200, { "content-length": body.length });
      response.write(body.subarray(0, 30_000), () => setTimeout(() => response.destroy(), 200));
    });
    const folder = scratch();
    await get([file("a.csv")], folder, mirror(base));
    expect(ranges).toEqual([undefined, "bytes=30000-"]);

    writeFileSync(join(folder, "b.csv.part"), body.subarray(0, 100));
    await get([file("b.csv")], folder, mirror(base));
    expect(ranges.at(-1)).toBe("bytes=100-");
    expect(readFileSync(join(folder, "b.csv"))).toEqual(body);
    expect(existsSync(join(folder, "b.csv.part"))).toBe(false);
  });

  it("tries again after a server's error, and says what remains to be done when that does not help", async () => {
    let answers = 0;
    const base = await serve((request, response) => {
      if (++answers <= 2) response.writeHead(503).end();
      else send(body, request, response);
    });
    expect(await get([file("a.csv")], scratch(), mirror(base))).toBe(1);
    expect(answers).toBe(3);
    const closed = await serve((_, response) => void response.destroy());
    await expect(get([file("a.csv")], scratch(), mirror(closed))).rejects.toThrow(
      /cannot be had after 4 tries .*the same command goes on; behind a proxy, or offline, name a copy with --mirror/,
    );
  }, 20_000);

  it("refuses a file that is not what it should be, with both digests, and leaves nothing of it", async () => {
    const other = Buffer.from(body);
    other[7] = 0;
    const base = await serve((request, response) => send(other, request, response));
    const folder = scratch();
    const wanted = file("a.csv");
    await expect(get([wanted], folder, mirror(base))).rejects.toThrow(
      new RegExp(`sha256 ${file("a.csv", other).sha256}, expected ${wanted.sha256}; it was deleted`),
    );
    expect(existsSync(join(folder, "a.csv")) || existsSync(join(folder, "a.csv.part"))).toBe(false);
  });

  it("stops at the size a file should have, however long the server goes on", async () => {
    const base = await serve((_, response) => {
      const more = (): void => void (response.write(body, more) || response.once("drain", more));
      more();
    });
    await expect(get([file("a.csv")], scratch(), mirror(base))).rejects.toThrow(/is longer than the 55000 bytes/);
  });

  it("knows a Git LFS pointer, and a source that is not there", async () => {
    const pointer = Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 55000\n");
    const base = await serve((request, response) => send(pointer, request, response));
    await expect(get([file("a.csv")], scratch(), mirror(base))).rejects.toThrow(/is a Git LFS pointer/);
    const empty = await serve((_, response) => void response.writeHead(404).end());
    await expect(get([file("a.csv")], scratch(), mirror(empty))).rejects.toThrow(/is not there \(404\)/);
  });

  it("is told what to do by its arguments", async () => {
    const fetched = (changes: object) =>
      fetchSets({ sets: ["spotinfo"], to: undefined, mirror: undefined, acceptLicence: true, ...changes });
    await expect(fetched({ sets: ["spotinf"] })).rejects.toThrow(/did you mean "spotinfo"/);
    await expect(fetched({ sets: [] })).rejects.toThrow(/fetch what\?/);
    await expect(fetched({ acceptLicence: false })).rejects.toThrow(/--accept-licence/);
  });

  it("asks for the pinned commit", () => {
    const azure = publicSets.find(({ name }) => name === "azure-llm-2023")!;
    expect(upstream(azure, "a.csv")).toBe(
      "https://raw.githubusercontent.com/Azure/AzurePublicDataset/b469a113cedca53ddc3bdea71a143dc4b7d8700c/data/a.csv",
    );
    expect(upstream(azure, "LICENSE")).not.toContain("/data/");
  });
});

describeReal("the public sets", () => {
  const local = async () =>
    serve((request, response) => {
      const path = join(sharedData, decodeURIComponent(request.url!));
      if (existsSync(path)) send(readFileSync(path), request, response);
      else response.writeHead(404).end();
    });

  it.each(publicSets.map(({ name }) => name))("%s: every file listed is what lies in the shared folder", (name) => {
    for (const { path, bytes } of filesOf(publicSets.find((set) => set.name === name)!)) {
      expect([path, statSync(join(sharedData, name, path)).size]).toEqual([path, bytes]);
    }
  });

  it("once fetched from a mirror, a study's data set needs no root", async () => {
    vi.stubEnv("XDG_CACHE_HOME", scratch());
    await expect(openStudyTrace({ dataset: "skynomad-p3" }, scratch())).rejects.toThrow(/traces -- fetch skynomad/);
    const said = await fetchSets({ sets: ["skynomad"], to: undefined, mirror: await local(), acceptLicence: true });
    expect(said).toMatch(/^skynomad: 473 files fetched, 473 there and verified in /);
    expect((await openStudyTrace({ dataset: "skynomad-p3" }, scratch())).markets()).toHaveLength(9);
  }, 60_000);
});
