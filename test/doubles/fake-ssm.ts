import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpDouble } from "./http-double.ts";

interface Sent {
  readonly DocumentName: string;
  readonly InstanceIds: readonly string[];
  readonly Parameters: Readonly<Record<string, readonly string[]>>;
}

interface Fault {
  readonly code: string;
  readonly status: number;
}

interface Parameter {
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
}

/**
 * Run Command of SSM as AWS documents it, over HTTP: a document's parameters are checked before anything is sent, an invocation is not
 * there at once, and goes from Pending through InProgress to its end. Source: API reference of SendCommand, GetCommandInvocation.
 */
export class FakeSsm extends HttpDouble {
  readonly documents = new Map<string, { readonly parameters: Readonly<Record<string, Parameter>> }>();
  /** How the next commands end; Success where there is none. Running: it never does. */
  readonly ends: { readonly Status: "Failed" | "TimedOut" | "Running"; readonly StandardErrorContent: string }[] = [];
  /** Codes of the next answers, whatever is asked. */
  readonly faults: Fault[] = [];
  readonly calls: { readonly action: string; readonly body: Readonly<Record<string, unknown>> }[] = [];
  readonly sent: Sent[] = [];
  readonly #looks: number[] = [];

  protected override answer(request: IncomingMessage, text: string, response: ServerResponse): void {
    const action = String(request.headers["x-amz-target"]).replace("AmazonSSM.", "");
    const body = JSON.parse(text) as Record<string, unknown>;
    this.calls.push({ action, body });
    const fault = this.faults.shift();
    const answer = fault ?? this.#apply(action, body);
    const [status, json] = isFault(answer)
      ? [answer.status, { __type: answer.code, message: "as ordered" }]
      : [200, answer];
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(json));
  }

  #apply(action: string, body: Record<string, unknown>): Record<string, unknown> | Fault {
    if (action === "SendCommand") return this.#send(body as unknown as Sent);
    if (action !== "GetCommandInvocation") throw new Error(`nobody taught this double ${action}`);
    const n = Number(String(body.CommandId).slice(-12));
    const looks = this.#looks[n]!++;
    if (looks === 0) return { code: "InvocationDoesNotExist", status: 400 };
    if (looks < 3) return { Status: looks === 1 ? "Pending" : "InProgress" };
    const end = this.ends[n];
    return end?.Status === "Running" ? { Status: "InProgress" } : (end ?? { Status: "Success" });
  }

  #send(command: Sent): Record<string, unknown> | Fault {
    const document = this.documents.get(command.DocumentName);
    if (document === undefined) return { code: "InvalidDocument", status: 400 };
    for (const name of new Set([...Object.keys(document.parameters), ...Object.keys(command.Parameters)])) {
      const { allowedValues, allowedPattern } = document.parameters[name] ?? { allowedValues: [] };
      const [value] = command.Parameters[name] ?? [];
      const allowed =
        value !== undefined &&
        (allowedValues?.includes(value) ?? true) &&
        (allowedPattern === undefined || new RegExp(allowedPattern).test(value));
      if (!allowed) return { code: "InvalidParameters", status: 400 };
    }
    this.#looks.push(0);
    return {
      Command: { CommandId: `00000000-0000-0000-0000-${String(this.sent.push(command) - 1).padStart(12, "0")}` },
    };
  }
}

const isFault = (answer: Record<string, unknown> | Fault): answer is Fault => "code" in answer;
