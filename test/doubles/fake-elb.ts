import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpDouble } from "./http-double.ts";

/**
 * A target group of ELBv2 as AWS documents it, over HTTP: a target is initial until its first health check, drains for the
 * deregistration delay, and is unused afterwards. Source: API reference of RegisterTargets, DeregisterTargets, TargetHealth.
 */
export class FakeElb extends HttpDouble {
  nowS: () => number = () => 0;
  intervalS = 5;
  threshold = 2;
  delayS = 60;
  /** Codes of the next answers, whatever is asked. */
  readonly faults: string[] = [];
  readonly calls: URLSearchParams[] = [];
  readonly #targets = new Map<string, { readonly sinceS: number; gone?: number }>();

  protected override answer(_: IncomingMessage, body: string, response: ServerResponse): void {
    const call = new URLSearchParams(body);
    this.calls.push(call);
    const action = call.get("Action")!;
    const fault = this.faults.shift();
    if (fault !== undefined) {
      response.writeHead(fault === "InternalFailure" ? 500 : 400, { "content-type": "text/xml" });
      response.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${fault}</Code><Message>as ordered</Message></Error></ErrorResponse>`,
      );
      return;
    }
    const inner = this.#apply(action, call.get("Targets.member.1.Id") ?? "");
    response.writeHead(200, { "content-type": "text/xml" });
    response.end(
      `<${action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${action}Result>${inner}</${action}Result></${action}Response>`,
    );
  }

  #apply(action: string, id: string): string {
    const nowS = this.nowS();
    switch (action) {
      case "RegisterTargets":
        if (this.#targets.get(id)?.gone !== undefined || !this.#targets.has(id))
          this.#targets.set(id, { sinceS: nowS });
        return "";
      case "DeregisterTargets": {
        const target = this.#targets.get(id);
        if (target !== undefined) target.gone ??= nowS;
        return "";
      }
      case "DescribeTargetHealth":
        return `<TargetHealthDescriptions><member><Target><Id>${id}</Id></Target><TargetHealth><State>${this.#state(id)}</State></TargetHealth></member></TargetHealthDescriptions>`;
      case "DescribeTargetGroupAttributes":
        return `<Attributes><member><Key>deregistration_delay.timeout_seconds</Key><Value>${this.delayS}</Value></member></Attributes>`;
      case "DescribeTargetGroups":
        return `<TargetGroups><member><HealthCheckIntervalSeconds>${this.intervalS}</HealthCheckIntervalSeconds><UnhealthyThresholdCount>${this.threshold}</UnhealthyThresholdCount></member></TargetGroups>`;
      default:
        throw new Error(`nobody taught this double ${action}`);
    }
  }

  #state(id: string): string {
    const target = this.#targets.get(id);
    if (target === undefined) return "unused";
    const { sinceS, gone } = target;
    if (gone !== undefined) return this.nowS() - gone < this.delayS ? "draining" : "unused";
    return this.nowS() - sinceS < this.intervalS ? "initial" : "healthy";
  }
}
