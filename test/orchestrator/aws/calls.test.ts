import { describe, expect, it } from "vitest";
import { type Attempt, CallFailure, type CallKind, Calls } from "../../../orchestrator/aws/calls.ts";
import { TokenBucket } from "../../../orchestrator/aws/token-bucket.ts";
import { codeOf, verdictOf } from "../../../orchestrator/aws/verdict.ts";
import { VirtualClock } from "../../doubles/virtual-clock.ts";

const awsError = (name: string, httpStatusCode = 400) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
const never = new AbortController().signal;

function setUp() {
  const clock = new VirtualClock();
  const attempts: Attempt[] = [];
  const calls = new Calls(clock, { random: () => 0.5, onAttempt: (attempt) => attempts.push(attempt) });
  /** Answers of the wire, in order; "hang" never answers. */
  const call = (answers: (string | Error)[], { kind = "read" as CallKind, withinS = 60 } = {}) =>
    clock.until(
      calls
        .call({ name: "Ask", kind, withinS }, never, async () => {
          const answer = answers.shift() ?? "hang";
          if (answer instanceof Error) throw answer;
          return answer === "hang" ? await new Promise<string>(() => {}) : answer;
        })
        .catch((error: unknown) => error as CallFailure),
    );
  return { clock, attempts, call, calls };
}

describe("a call to AWS", () => {
  it("is repeated when it was throttled or not answered, with pauses of uniform luck up to twice as long each time", async () => {
    const { clock, attempts, call } = setUp();
    const busy = awsError("RequestLimitExceeded", 503);
    expect(await call([busy, busy, awsError("InternalError", 500), "fine"])).toBe("fine");
    expect(attempts.map(({ attempt, code }) => [attempt, code])).toEqual([
      [1, "RequestLimitExceeded"],
      [2, "RequestLimitExceeded"],
      [3, "InternalError"],
      [4, "ok"],
    ]);
    // Half of at most 1, 2 and 4 seconds.
    expect(clock.nowS()).toBe(0.5 + 1 + 2);
  });

  it("that hangs is given up after 10 s and sent again", async () => {
    const { clock, attempts, call } = setUp();
    expect(await call(["hang", "fine"])).toBe("fine");
    expect(attempts.map(({ code, tookS }) => [code, tookS])).toEqual([
      ["TimeoutError", 10],
      ["ok", 0],
    ]);
    expect(clock.nowS()).toBe(10.5);
  });

  it("ends at its deadline, as unknown when nobody answered and as throttled when that was the answer", async () => {
    const { clock, call } = setUp();
    expect(await call([], { withinS: 25 })).toMatchObject({ verdict: { is: "unknown" }, code: "TimeoutError" });
    expect(clock.nowS()).toBeLessThanOrEqual(25);
    const busy = awsError("RequestLimitExceeded");
    expect(await call(Array(50).fill(busy), { withinS: 25 })).toMatchObject({ verdict: { is: "throttled" } });
    expect(clock.nowS()).toBeLessThanOrEqual(50);
  });

  it("is not repeated when that would change nothing", async () => {
    for (const name of [
      "UnauthorizedOperation",
      "InsufficientInstanceCapacity",
      "IdempotentParameterMismatch",
      "InvalidParameterValue",
    ]) {
      const { attempts, call } = setUp();
      expect(await call([awsError(name), "fine"])).toBeInstanceOf(CallFailure);
      expect(attempts.map(({ code }) => code)).toEqual([name]);
    }
  });

  it("that insists goes on through denials and deadlines until it succeeds", async () => {
    const { clock, calls } = setUp();
    const answers = [awsError("ExpiredToken", 403), awsError("UnauthorizedOperation", 403)];
    const done = calls.insist({ name: "Terminate", kind: "safety", withinS: 5 }, never, async () => {
      const error = answers.shift();
      if (error !== undefined) throw error;
      return "done";
    });
    expect(await clock.until(done)).toBe("done");
    expect(clock.nowS()).toBe(40);
  });

  it("that changes something is not begun when the lease would not outlast it, and a read is", async () => {
    const clock = new VirtualClock();
    let untilS = 9;
    const calls = new Calls(clock, { random: () => 0.5, mayChangeUntilS: () => untilS });
    const ask = (kind: CallKind) =>
      calls.call({ name: "Ask", kind, withinS: 60 }, never, async () => {
        sent.push(kind);
        return kind;
      });
    const sent: CallKind[] = [];
    expect(await clock.until(ask("read"))).toBe("read");
    const safety = ask("safety");
    await clock.advanceTo(5);
    expect(sent).toEqual(["read"]);
    untilS = 100; // renewed
    expect(await clock.until(safety)).toBe("safety");
    untilS = 0;
    await expect(clock.until(ask("launch"))).rejects.toMatchObject({ code: "NoLease" });
    expect(sent).toEqual(["read", "safety"]);
  });

  it("ends with its signal, in the middle of a pause too", async () => {
    const { clock, calls } = setUp();
    const stop = new AbortController();
    const call = calls.call({ name: "Ask", kind: "read", withinS: 60 }, stop.signal, async () => {
      throw awsError("RequestLimitExceeded");
    });
    const outcome = call.catch((error: Error) => error.name);
    await clock.advanceTo(0.2);
    stop.abort();
    expect(await outcome).toBe("AbortError");
  });
});

describe("the rate of calls", () => {
  it("is that of the bucket: its burst at once, then so many a second", () => {
    const bucket = new TokenBucket({ perS: 2, burst: 3 });
    for (let n = 0; n < 3; n++) {
      expect(bucket.readyS(0)).toBe(0);
      bucket.take();
    }
    expect(bucket.readyS(0)).toBe(0.5);
    expect(bucket.readyS(0.25)).toBe(0.5);
    expect(bucket.readyS(0.5)).toBe(0.5);
    bucket.take();
    expect(bucket.readyS(100)).toBe(100);
  });

  it("lets terminations pass while a storm of other writes waits for its turn", async () => {
    const { clock, calls, attempts } = setUp();
    const ask = (name: string, kind: CallKind) => calls.call({ name, kind, withinS: 600 }, never, async () => name);
    const storm = Array.from({ length: 200 }, () => ask("write", "write"));
    const safe = Array.from({ length: 8 }, () => ask("terminate", "safety"));
    await clock.until(Promise.all(safe));
    expect(clock.nowS()).toBe(0);
    // 50 at once are kept to 40 for those that are not safety.
    expect(attempts.filter(({ call }) => call === "write")).toHaveLength(40);
    await clock.until(Promise.all(storm));
    // 160 more at 5 a second, and the 8 that safety took are filled up first.
    expect(clock.nowS()).toBeCloseTo((160 + 8) / 5, 6);
  });
});

describe("an error", () => {
  it.each([
    ["InsufficientInstanceCapacity", 500, { is: "refused", reason: "capacity", scope: "market" }],
    ["InsufficientInstanceCapacity", 400, { is: "refused", reason: "capacity", scope: "market" }],
    ["InsufficientFreeAddressesInSubnet", 400, { is: "refused", reason: "capacity", scope: "zone" }],
    ["MaxSpotInstanceCountExceeded", 400, { is: "refused", reason: "quota", scope: "family" }],
    ["Unsupported", 400, { is: "refused", reason: "unsupported", scope: "type" }],
    ["InvalidInstanceID.NotFound", 400, { is: "absent" }],
    ["IdempotentInstanceTerminated", 400, { is: "spent" }],
    ["SomethingNew", 400, { is: "wrong" }],
    ["SomethingNew", 403, { is: "denied" }],
    ["SomethingNew", 429, { is: "throttled" }],
    ["SomethingNew", 503, { is: "unknown" }],
  ] as const)("%s (HTTP %i) is judged by its code first", (name, status, verdict) => {
    expect(verdictOf(awsError(name, status))).toEqual(verdict);
  });

  it("of the connection is unknown: the request may have arrived", () => {
    const reset = Object.assign(new Error("socket hang up"), { name: "Error", code: "ECONNRESET" });
    expect(verdictOf(reset)).toEqual({ is: "unknown" });
    expect(codeOf(awsError("Throttling"))).toBe("Throttling");
  });
});
