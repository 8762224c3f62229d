import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpDouble } from "./http-double.ts";

/** What one path answers: a status and text, or "hang", or "reset". */
export type Route =
  | { readonly status?: number; readonly text?: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "reset";

/** A server whose answers a test sets, path by path; what is not set is 404. */
export class Routes extends HttpDouble {
  /** By "METHOD /path". Of a list the next one each time, the last one for ever. */
  readonly routes = new Map<string, Route | Route[]>();
  readonly requests: { readonly what: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[] =
    [];

  count(what: string): number {
    return this.requests.filter((request) => request.what === what).length;
  }

  protected override answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    const what = `${request.method} ${request.url}`;
    this.requests.push({ what, headers: request.headers, body });
    const set = this.routes.get(what) ?? { status: 404 };
    const route = Array.isArray(set) ? (set.length > 1 ? set.shift()! : set[0]!) : set;
    if (route === "hang") return;
    if (route === "reset") return void request.socket.destroy();
    response.writeHead(route.status ?? 200, route.headers).end(route.text ?? "");
  }
}
