import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { renderList } from "./list-page.ts";
import { ReportError } from "./results-folder.ts";
import { listResults } from "./results-list.ts";

const HOST = "127.0.0.1";
/** While a sweep is running the list is asked for anew so often. */
const REFRESH_S = "5";

/**
 * Serves the results of a folder to this machine alone, read only. Host and Origin are checked, so that no page from elsewhere can
 * read them through the user's browser, by a name that it points here or otherwise.
 * @returns the server, and its address. @throws ReportError for a folder that is none, or a port that is taken.
 */
export async function serveResults(
  root: string,
  port: number,
): Promise<{ readonly server: Server; readonly url: string }> {
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) {
    throw new ReportError(`${root}: no such folder; name the folder that results folders lie in`);
  }
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => {
      if (!response.headersSent) refuse(response, 500, "these results cannot be read now; reload");
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new ReportError(`--port ${port}: cannot be listened on (${error.code}); name another one, or 0 for any`)),
    );
    server.listen(port, HOST, resolve);
  });
  return { server, url: `http://${HOST}:${(server.address() as AddressInfo).port}/` };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = "/", headers, socket } = request;
  const own = [`${HOST}:${socket.localPort}`, `localhost:${socket.localPort}`];
  if (!own.includes(headers.host ?? "")) return refuse(response, 403, "served to this machine under its own name only");
  if (headers.origin !== undefined && !own.some((host) => headers.origin === `http://${host}`)) {
    return refuse(response, 403, "not served to pages from elsewhere");
  }
  if (method !== "GET" && method !== "HEAD") return refuse(response, 405, "these results can only be read");
  const results = await listResults(root, Date.now());
  if (url === "/") {
    const running = results.some(({ state }) => state === "running");
    response.writeHead(200, running ? { ...HEADERS, refresh: REFRESH_S } : HEADERS);
    response.end(method === "HEAD" ? undefined : renderList(root, results));
    return;
  }
  // By its name in the list and not by its path: nothing else can be asked for.
  const wanted = results.find(({ name }) => url === `/results/${encodeURIComponent(name)}/report.html`);
  if (!wanted?.hasReport) return refuse(response, 404, "no such results; the list is at /");
  response.writeHead(200, HEADERS);
  if (method === "HEAD") response.end();
  else await pipeline(createReadStream(join(root, wanted.name, "report.html")), response);
}

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": "text/plain; charset=utf-8" });
  response.end(`${why}\n`);
}
