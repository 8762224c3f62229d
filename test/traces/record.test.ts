import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openStudyTrace } from "../../traces/open.ts";
import { recordPrices } from "../../traces/record.ts";

const HOUR = 3600;
const startS = Date.UTC(2026, 10, 1) / 1000;

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function credentials(endpoint: string): void {
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  onTestFinished(() => void vi.unstubAllEnvs());
}

interface Row {
  readonly zone: string;
  readonly timeS: number;
  readonly usd: string;
}

/** Answers as EC2 does: rows from StartTime to EndTime, two a page, and throttles every third request. */
async function stub(rows: () => readonly Row[]) {
  const asked: URLSearchParams[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (++requests % 3 === 0) {
      response.writeHead(503, { "content-type": "text/xml" });
      response.end(
        "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors><RequestID>r</RequestID></Response>",
      );
      return;
    }
    const form = new URLSearchParams(body);
    asked.push(form);
    const [fromS, toS] = ["StartTime", "EndTime"].map((key) => Date.parse(form.get(key)!) / 1000);
    const found = rows().filter(({ timeS }) => timeS >= fromS! && timeS <= toS!);
    const at = Number(form.get("NextToken") ?? 0);
    const items = found
      .slice(at, at + 2)
      .map(
        ({ zone, timeS, usd }) =>
          `<item><instanceType>g5.xlarge</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>${usd}</spotPrice><timestamp>${new Date(timeS * 1000).toISOString()}</timestamp><availabilityZone>${zone}</availabilityZone></item>`,
      )
      .join("");
    const token = at + 2 < found.length ? `<nextToken>${at + 2}</nextToken>` : "";
    response.writeHead(200, { "content-type": "text/xml" });
    response.end(
      `<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><spotPriceHistorySet>${items}</spotPriceHistorySet>${token}</DescribeSpotPriceHistoryResponse>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  credentials(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return asked;
}

const record = (archive: string, nowS: number) =>
  recordPrices({
    regions: ["us-east-1"],
    instanceTypes: ["g5.xlarge"],
    products: ["Linux/UNIX"],
    archive,
    nowS,
    progress: () => {},
  });

describe("recording the spot price history", () => {
  it("reads all pages through throttling, adds only what is new, and the archive imports as one trace", async () => {
    const rows: Row[] = Array.from({ length: 9 }, (_, i) => ({
      zone: i % 2 === 0 ? "us-east-1a" : "us-east-1b",
      timeS: startS + i * HOUR,
      usd: (0.4 + i / 100).toFixed(6),
    }));
    const asked = await stub(() => rows);
    const archive = scratch();
    const first = await record(archive, startS + 8.5 * HOUR);
    expect(first).toMatchObject([{ region: "us-east-1", instanceType: "g5.xlarge", rows: 9 }]);
    expect(asked.map((form) => form.get("NextToken"))).toEqual([null, "2", "4", "6", "8"]);
    // 90 days back at first.
    expect(Date.parse(asked[0]!.get("StartTime")!) / 1000).toBe(startS + 8.5 * HOUR - 90 * 86_400);

    expect(await record(archive, startS + 9 * HOUR)).toMatchObject([{ rows: 0, file: undefined }]);
    // Two zones change within one second: the one that was not seen is new although its stamp is the archive's newest.
    rows.push({ zone: "us-east-1b", timeS: startS + 8 * HOUR, usd: "0.900000" });
    rows.push({ zone: "us-east-1a", timeS: startS + 10 * HOUR, usd: "0.500000" });
    expect(await record(archive, startS + 11 * HOUR)).toMatchObject([{ rows: 2 }]);
    expect(Date.parse(asked.at(-1)!.get("StartTime")!) / 1000).toBe(startS + 8 * HOUR);

    const folder = join(archive, "us-east-1", "g5.xlarge");
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(files).toHaveLength(2);
    const trace = await openStudyTrace({ files }, scratch());
    expect(trace.report).toMatchObject({ rowsRead: 11, contradictions: 0 });
    const table = trace.window(0, trace.endS);
    const b = table.markets.findIndex(({ zone }) => zone === "us-east-1b");
    expect(table.priceUsdPerHourAt(b, table.endS - 1)).toBe(0.9);
  }, 30_000);

  it("says what AWS said, and leaves the archive as it was", async () => {
    const server = createServer((_, response) => {
      response.writeHead(403, { "content-type": "text/xml" });
      response.end(
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized.</Message></Error></Errors><RequestID>r</RequestID></Response>",
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    credentials(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const archive = scratch();
    await expect(record(archive, startS)).rejects.toThrow(
      /AWS in us-east-1: UnauthorizedOperation: You are not authorized\.; the archive stays as it was/,
    );
    expect(readdirSync(archive)).toEqual([]);
  });

  it("does not guess at a file that is no pull", async () => {
    await stub(() => []);
    const archive = scratch();
    await record(archive, startS);
    const asked = await stub(() => [{ zone: "us-east-1a", timeS: startS, usd: "0.4" }]);
    const file = (await record(archive, startS + HOUR))[0]!.file!;
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 40));
    await expect(record(archive, startS + HOUR)).rejects.toThrow(
      /cannot be read as a pull .*move it out of the archive/,
    );
    expect(asked).toHaveLength(1);
  });
});

const moto = spawnSync("moto_server", ["--help"]).status === 0;
if (!moto) console.warn("SKIPPED: recording from moto's server, moto_server is not there; REQUIRE_ALL=1 makes it fail");

describe.skipIf(!moto && process.env.REQUIRE_ALL !== "1")("moto's server", () => {
  it("answers what is recorded", async () => {
    const port = await freePort();
    const server: ChildProcess = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    onTestFinished(() => void server.kill("SIGTERM"));
    await listening(port);
    credentials(`http://127.0.0.1:${port}`);
    const archive = scratch();
    const nowS = Math.floor(Date.now() / 1000);
    const [recorded] = await record(archive, nowS);
    expect(recorded!.rows).toBeGreaterThan(0);
    const { SpotPriceHistory } = JSON.parse(readFileSync(recorded!.file!, "utf8"));
    expect(SpotPriceHistory[0]).toMatchObject({ InstanceType: "g5.xlarge", SpotPrice: "0.00001" });
  }, 60_000);
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
