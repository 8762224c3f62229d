import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Seconds } from "../../policies/contract/units.ts";
import type { WallClock } from "../ports.ts";

/** By how much our time of day differs from that of the servers that answer a client. */
export class ServerClock {
  #aheadS: Seconds | undefined;

  constructor(client: EC2Client, clock: WallClock) {
    client.middlewareStack.add(
      (next) => async (args) => {
        const answered = await next(args);
        const { headers } = answered.response as { readonly headers?: Readonly<Record<string, string>> };
        const serverMs = Date.parse(headers?.date ?? "");
        if (!Number.isNaN(serverMs)) this.#aheadS = (clock.wallMs() - serverMs) / 1000;
        return answered;
      },
      { step: "deserialize", name: "serverClock", priority: "low" },
    );
  }

  /** Our clock less the server's, whose header has whole seconds; undefined before the first answer. */
  get aheadS(): Seconds | undefined {
    return this.#aheadS;
  }
}
