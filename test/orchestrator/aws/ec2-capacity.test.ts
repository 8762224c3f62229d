import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Calls } from "../../../orchestrator/aws/calls.ts";
import { Ec2Capacity, ec2Client } from "../../../orchestrator/aws/ec2-capacity.ts";
import { Ec2Prices } from "../../../orchestrator/aws/ec2-prices.ts";
import type { InstanceReport, LaunchRequest, MarketName } from "../../../orchestrator/ports.ts";
import { FakeEc2 } from "../../doubles/fake-ec2.ts";
import { ScaledClock } from "../../doubles/scaled-clock.ts";

// EC2 as it is on a bad day (systems of the house: our own stateful double over a socket, with the SDK's real client).

process.env.AWS_ACCESS_KEY_ID = "test";
process.env.AWS_SECRET_ACCESS_KEY = "test";

const region = "us-east-1";
const spot: MarketName = { instanceType: "g5.xlarge", region, zone: "us-east-1a", capacityType: "spot" };
const onDemand: MarketName = { ...spot, capacityType: "onDemand" };

let ec2: FakeEc2;
let clock: ScaledClock;
let capacity: Ec2Capacity;
let alarms: string[];
let over: AbortController;
beforeEach(async () => {
  ec2 = await new FakeEc2().start();
  clock = new ScaledClock(40);
  ec2.nowS = () => clock.nowS();
  ec2.bootS = 2;
  alarms = [];
  over = new AbortController();
  capacity = await ours();
});
afterEach(async () => {
  over.abort();
  await ec2.stop();
});

const ours = async (): Promise<Ec2Capacity> =>
  new Ec2Capacity({
    client: await ec2Client(region, ec2.url),
    calls: new Calls(clock, { random: () => 0.1 }),
    clock,
    region,
    fleet: "f",
    template: {
      imageId: "ami-1",
      subnets: { "us-east-1a": "subnet-a" },
      securityGroupIds: ["sg-1"],
      instanceProfileArn: "arn:aws:iam::1:instance-profile/node",
    },
    pollS: 2,
    alarm: (what) => alarms.push(what),
  });

const request = (token: string, market = spot): LaunchRequest => ({
  market,
  clientToken: token,
  tags: { run: "r", instance: "0", epoch: "7" },
});
const launch = (token: string, market = spot) => capacity.launch(request(token, market), over.signal);
const faults = (action: string, ...list: NonNullable<ReturnType<FakeEc2["faults"]["get"]>>) =>
  ec2.faults.set(action, list);

describe("a launch", () => {
  it("names one type and zone, one-time spot, IMDSv2 at hop limit 1, and tags all four kinds of resources", async () => {
    await launch("t1");
    const sent = ec2.calls[0]!;
    expect(Object.fromEntries(sent)).toMatchObject({
      Action: "RunInstances",
      MinCount: "1",
      MaxCount: "1",
      InstanceType: "g5.xlarge",
      "Placement.AvailabilityZone": "us-east-1a",
      SubnetId: "subnet-a",
      "InstanceMarketOptions.MarketType": "spot",
      "InstanceMarketOptions.SpotOptions.SpotInstanceType": "one-time",
      "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior": "terminate",
      "MetadataOptions.HttpTokens": "required",
      "MetadataOptions.HttpPutResponseHopLimit": "1",
      ClientToken: "t1",
    });
    const kinds = [1, 2, 3, 4].map((n) => sent.get(`TagSpecification.${n}.ResourceType`));
    expect(kinds).toEqual(["instance", "volume", "network-interface", "spot-instances-request"]);
    expect(ec2.instances[0]!.tags).toEqual({
      "synkti:fleet": "f",
      "synkti:run": "r",
      "synkti:instance": "0",
      "synkti:epoch": "7",
      "synkti:launch": "t1",
    });
  });

  it("on demand asks for no spot request and tags none", async () => {
    await launch("t1", onDemand);
    const sent = ec2.calls[0]!;
    expect(sent.get("InstanceMarketOptions.MarketType")).toBeNull();
    expect(sent.get("TagSpecification.4.ResourceType")).toBeNull();
  });

  it("that was throttled is repeated with the same token and the same bytes", async () => {
    faults(
      "RunInstances",
      { code: "RequestLimitExceeded", status: 503 },
      { code: "RequestLimitExceeded", status: 503 },
    );
    expect(await launch("t1")).toMatchObject({ ok: true });
    const sent = ec2.calls.map((call) => call.toString());
    expect(sent).toHaveLength(3);
    expect(new Set(sent).size).toBe(1);
  });

  it("whose answer was lost on the way is the same launch when it is repeated (fault 12)", async () => {
    for (const fault of ["apply, then hang", "hang", "reset"] as const) {
      faults("RunInstances", fault);
      const outcome = await launch(fault);
      expect(outcome).toEqual({ ok: true, providerId: ec2.instances.find(({ token }) => token === fault)!.id });
    }
    expect(ec2.instances).toHaveLength(3);
  });

  it("that was never answered is looked for by its token, and found", async () => {
    faults("RunInstances", "apply, then hang", ...Array(20).fill("hang"));
    expect(await launch("t1")).toEqual({ ok: true, providerId: ec2.instances[0]!.id });
  });

  it("that was never answered and cannot be found is lost; what appears under its token later is ended", async () => {
    ec2.lagS = 90;
    faults("RunInstances", "apply, then hang", ...Array(20).fill("hang"));
    expect(await launch("t1")).toMatchObject({ ok: false, reason: "lost", scope: "market" });
    expect(ec2.live).toHaveLength(1);
    const reports = capacity.instances(over.signal, []);
    const ended = (async () => {
      for await (const { status } of reports) if (status === "ended") return;
    })();
    await ended;
    expect(ec2.live).toEqual([]);
    expect(alarms.join("\n")).toContain("was launched after all, and is ended");
  });

  it("is refused for its whole family by a quota, for the type by what is not offered, for the zone by a full subnet", async () => {
    ec2.quota = 0;
    expect(await launch("q")).toMatchObject({
      ok: false,
      reason: "quota",
      scope: "family",
      code: "MaxSpotInstanceCountExceeded",
    });
    ec2.quota = Infinity;
    ec2.unsupported.add("g5.xlarge us-east-1a");
    expect(await launch("u")).toMatchObject({ ok: false, reason: "unsupported", scope: "type" });
    faults("RunInstances", { code: "InsufficientFreeAddressesInSubnet" });
    expect(await launch("s")).toMatchObject({ ok: false, reason: "capacity", scope: "zone" });
    expect(alarms).toHaveLength(3);
  });

  it("under a token whose instance has ended is lost: the next attempt needs another token (fault 13)", async () => {
    const first = await launch("t1");
    await capacity.terminate((first as { providerId: string }).providerId, over.signal);
    expect(await launch("t1")).toMatchObject({ ok: false, reason: "lost", code: "IdempotentInstanceTerminated" });
  });

  it("that differs from an earlier one under its token is our defect, and stops the loop (fault 13)", async () => {
    await launch("t1");
    await expect(launch("t1", onDemand)).rejects.toThrow("IdempotentParameterMismatch");
  });

  it("is not tried again once we are not allowed to launch, and the alarm is raised once (fault 20)", async () => {
    faults("RunInstances", { code: "UnauthorizedOperation", status: 403 });
    expect(await launch("t1")).toMatchObject({ ok: false, reason: "denied", scope: "all" });
    expect(await launch("t2")).toMatchObject({ ok: false, reason: "denied", scope: "all" });
    expect(ec2.count("RunInstances")).toBe(1);
    expect(alarms).toHaveLength(1);
  });
});

describe("a termination", () => {
  const launched = async (token = "t1") => ((await launch(token)) as { providerId: string }).providerId;

  it("knows whose an instance is by its tag as of now, and asks once about all that are asked for together", async () => {
    const ids = await Promise.all(["a", "b", "c"].map(launched));
    ec2.retag(ids[1]!, { "synkti:fleet": "another" });
    ec2.retag(ids[2]!, {});
    const asked = [...ids, "i-0123456789abcdef0"].map((id) => capacity.ownerOf(id, over.signal));
    expect(await Promise.all(asked)).toEqual(["ours", "foreign", "foreign", "absent"]);
    expect(ec2.count("DescribeInstances")).toBe(1);
    faults("DescribeInstances", { code: "UnauthorizedOperation", status: 403 });
    expect(await capacity.ownerOf(ids[0]!, over.signal)).toBe("unknown");
    expect(await capacity.ownerOf(ids[0]!, over.signal)).toBe("ours");
  });

  it("goes on through throttling, failures and a denial until it is done", async () => {
    const id = await launched();
    faults("DescribeInstances", { code: "InternalError", status: 500 });
    faults(
      "TerminateInstances",
      { code: "RequestLimitExceeded", status: 503 },
      { code: "UnauthorizedOperation", status: 403 },
      "reset",
    );
    expect(await capacity.terminate(id, over.signal)).toBe("done");
    expect(ec2.live).toEqual([]);
  });

  it("of an instance that is not described yet waits for it (fault 14)", async () => {
    ec2.lagS = 4;
    const id = await launched();
    expect(await capacity.terminate(id, over.signal)).toBe("done");
    expect(ec2.live).toEqual([]);
  });

  it("of what nobody knows is told as such", async () => {
    expect(await capacity.terminate("i-0", over.signal)).toBe("absent");
  });
});

describe("reports", () => {
  const firstReports = async (n: number): Promise<readonly InstanceReport[]> => {
    const reports: InstanceReport[] = [];
    for await (const report of capacity.instances(over.signal, [])) if (reports.push(report) === n) break;
    return reports;
  };

  it("go on when the fleet cannot be seen for a while, and take nothing for ended because of it", async () => {
    const outcome = await launch("t1");
    faults("DescribeInstances", ...Array(9).fill({ code: "InternalError", status: 500 }));
    expect(await firstReports(1)).toEqual([
      { providerId: (outcome as { providerId: string }).providerId, status: "warming" },
    ]);
  });

  it("tell who ended an instance: EC2, or somebody through the API", async () => {
    const [a, b] = [await launch("t1"), await launch("t2")] as { providerId: string }[];
    const reports = firstReports(4);
    await clock.sleepUntil(clock.nowS() + 6, over.signal);
    ec2.reclaim(a!.providerId);
    await capacity.terminate(b!.providerId, over.signal);
    expect((await reports).slice(2)).toEqual(
      expect.arrayContaining([
        { providerId: a!.providerId, status: "ended", why: "reclaimed" },
        { providerId: b!.providerId, status: "ended", why: "terminated" },
      ]),
    );
  });
});

describe("a probe", () => {
  it("asks by DryRun for each kind of launch, and launches nothing", async () => {
    expect(await capacity.probe([spot, onDemand], over.signal)).toEqual([
      { call: "RunInstances (spot)", allowed: true, code: "DryRunOperation" },
      { call: "RunInstances (onDemand)", allowed: true, code: "DryRunOperation" },
    ]);
    faults("RunInstances", { code: "UnauthorizedOperation", status: 403 });
    expect(await capacity.probe([spot], over.signal)).toMatchObject([{ allowed: false }]);
    expect(ec2.instances).toEqual([]);
  });
});

describe("prices", () => {
  it("are the newest of each type and zone, and on-demand as configured; one that is not known is left out", async () => {
    const row = (zone: string, usd: string, time: string) => ec2.prices.push({ type: "g5.xlarge", zone, usd, time });
    row("us-east-1a", "0.41", "2026-11-23T07:00:00Z");
    row("us-east-1a", "0.43", "2026-11-23T07:30:00Z");
    row("us-east-1b", "0.40", "2026-11-23T07:30:00Z");
    const markets = [spot, onDemand, { ...spot, zone: "us-east-1c" }];
    const prices = new Ec2Prices({
      client: await ec2Client(region, ec2.url),
      calls: new Calls(clock, { random: () => 0.1 }),
      clock,
      markets,
      onDemandUsdPerHour: { "g5.xlarge": 1.006 },
      everyS: 5,
      alarm: (what) => alarms.push(what),
    });
    const expected = [
      { market: spot, priceUsdPerHour: 0.43 },
      { market: onDemand, priceUsdPerHour: 1.006 },
    ];
    expect(await prices.latest(over.signal)).toEqual(expected);
    expect(await prices.latest(over.signal)).toEqual(expected);
    expect(ec2.count("DescribeSpotPriceHistory")).toBe(1);
    // Old prices are given while newer ones cannot be had.
    faults("DescribeSpotPriceHistory", { code: "UnauthorizedOperation", status: 403 });
    await clock.sleepUntil(clock.nowS() + 6, over.signal);
    expect(await prices.latest(over.signal)).toEqual(expected);
    await clock.sleepUntil(clock.nowS() + 2, over.signal);
    expect(alarms).toHaveLength(1);
  });
});
