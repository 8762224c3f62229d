import type { Seconds } from "../policies/contract/units.ts";
import type { AwsAccount } from "./aws/account.ts";
import { CallFailure } from "./aws/calls.ts";
import type { Fleet } from "./fleet-file.ts";

/** Something is not as acting needs it: every fault, each with what helps. */
export class PreflightError extends Error {
  override readonly name = "PreflightError";
}

/** A notice's time is told by EC2's clock: what ours is wrong by is taken from the drain. */
const SKEW_S_MAX: Seconds = 5;
const PERMIT = "allow what `iam-policy` prints for this fleet";

/**
 * Looks before anything is launched: may we, is the target group fit for spot, do clocks agree. Changes nothing.
 * @throws PreflightError with every fault
 */
export async function preflight(account: AwsAccount, { file, spec }: Fleet, signal: AbortSignal): Promise<void> {
  const found = await Promise.all([
    looked("EC2", async () => {
      const probed = await account.account.probe(spec.markets, signal);
      return probed.flatMap(({ call, allowed, code }) =>
        allowed === true
          ? []
          : [`${call}: ${code}; ${allowed === false ? PERMIT : "correct the template, or the markets"}`],
      );
    }),
    looked("the target group", () => account.balancer.faults(signal)),
    looked("the store", async () => {
      await account.store.list("", signal);
      return [];
    }),
    ...account.notices.map((notices) =>
      looked("the queue", async () => {
        await notices.heard(signal);
        return [];
      }),
    ),
  ]);
  const faults = found.flat();
  const { aheadS = 0 } = account.serverClock;
  if (Math.abs(aheadS) > SKEW_S_MAX) {
    faults.push(
      `the clock is ${Math.abs(aheadS).toFixed(0)} s ${aheadS > 0 ? "ahead of" : "behind"} EC2's; set it by the network's time`,
    );
  }
  if (faults.length > 0) throw new PreflightError(faults.map((fault) => `${file.fleet}: ${fault}`).join("\n"));
}

async function looked(what: string, look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    const { call, code, verdict } = error;
    return [
      `${what}: ${call}: ${code}; ${verdict.is === "denied" ? PERMIT : `correct region and names, or try again`}`,
    ];
  }
}
