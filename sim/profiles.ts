import type { Distribution, LaunchParts, ProfileName } from "../policies/contract/scenario.ts";
import type { Seconds } from "../policies/contract/units.ts";

/** What happens within one instant, in order. due: answers, boots, completions whose time has come. trace: capacity and reclaims. answer: launches of this instant whose answer takes no time. */
export type Phase = "due" | "trace" | "decide" | "answer";

/** How a provider (or a paper) times things. Data, never code: the one engine reads it. */
export interface TimingProfile {
  readonly name: ProfileName;
  readonly phases: readonly Phase[];
  /** grid: policies are asked, and the trace's capacity is read, at regular times only. study: as the study says. */
  readonly cadence: "grid" | "study";
  /** How often at one of these times. until settled: as often as `asksMax` allows, the last of which asks for nothing. */
  readonly asks: "once" | "until settled";
  /** Which instances go when a market's capacity falls. keyed: a draw of their slots says. */
  readonly victim: "newest" | "keyed";
  /** deadline: the run ends with the last deadline, rounded up to the grid. horizon: with the study's window. */
  /** From a fall of the capacity, after which nothing more is granted, to the notice. */
  readonly noticeAfterS: Seconds;
  readonly end: "deadline" | "horizon";
  readonly billing: {
    /** Each incarnation costs at least this. */
    readonly minimumS: Seconds;
    /** Taken back by the provider before this much up-time: free. */
    readonly freeWhenReclaimedWithinS: Seconds;
  };
  /** Where the CloudSpec is silent. */
  readonly answerS: Distribution;
  readonly noticeLeadS: Distribution;
  readonly launchS: LaunchParts;
}

const aws: TimingProfile = {
  name: "aws",
  // Event-driven: the notice comes when the trace's capacity drops, the end one lead later.
  phases: ["due", "trace", "decide", "answer"],
  cadence: "study",
  asks: "until settled",
  victim: "keyed",
  noticeAfterS: 0,
  end: "horizon",
  // AWS User Guide, "Billing for interrupted Spot Instances"; API_StopInstances: at least one minute a start.
  billing: { minimumS: 60, freeWhenReclaimedWithinS: 3600 },
  // Assumes 4 s from request to grant or refusal: no published distribution was found.
  answerS: { kind: "constant", value: 4 },
  // Best effort up to 120 s. 108 s: runs-on/runs-on#277; 119 s: aws-node-termination-handler#701. Assumes these weights.
  noticeLeadS: { kind: "empirical", values: [120, 120, 120, 120, 120, 120, 120, 120, 119, 108] },
  // 183 s from launch to ready was measured for a 7B endpoint (SkyServe, EuroSys 2025, section 2.3). Assumes this split.
  launchS: {
    boot: { kind: "lognormal", median: 45, p95: 90 },
    imagePull: { kind: "lognormal", median: 60, p95: 120 },
    engineStart: { kind: "lognormal", median: 75, p95: 150 },
  },
};

const none = { kind: "constant", value: 0 } as const;

/**
 * Time in ticks, as in Can't Be Late's simulator: what the tick's probe says, then the policy; launches are granted in the
 * same tick and take exactly the job's restart overhead, reclaims come without notice. Bills have no rule of their own: an
 * instance is up for whole ticks because only the next ask can end it.
 * Source: Wu et al., NSDI 2024, 3.2 and 7.1, and the simulator of its artifact.
 */
const cblTickV1: TimingProfile = {
  name: "cbl-tick-v1",
  phases: ["due", "trace", "decide", "answer"],
  cadence: "grid",
  asks: "until settled",
  victim: "newest",
  noticeAfterS: 0,
  end: "deadline",
  billing: { minimumS: 0, freeWhenReclaimedWithinS: 0 },
  answerS: none,
  noticeLeadS: none,
  launchS: { boot: none, imagePull: none, engineStart: none },
};

/**
 * Time in ticks, as in SkyServe's simulator: the policy decides on what the last tick left behind, once, before the tick's
 * capacity is known; what is not granted then is asked for again at the next. A launch takes the replica's cold start and nothing
 * more, billed from the grant. That simulator counts replicas, it does not know them: the newest go first, so that a count that
 * has been held long enough to be ready is ready here too.
 * Source: Mao et al., "SkyServe", EuroSys 2025, 5.2, and the simulator of its artifact.
 */
const skyserveTick: TimingProfile = {
  name: "skyserve-tick",
  phases: ["decide", "trace", "answer", "due"],
  cadence: "grid",
  asks: "once",
  victim: "newest",
  noticeAfterS: 0,
  end: "horizon",
  billing: { minimumS: 0, freeWhenReclaimedWithinS: 0 },
  answerS: none,
  noticeLeadS: none,
  launchS: { boot: none, imagePull: none, engineStart: { kind: "constant", value: 120 } },
};

/**
 * SkyNomad's ticks are Can't Be Late's: what was up in the last tick has made its progress, then the trace takes back, then the
 * policy; launches are answered within the tick, one after another, and the tick is billed to what is up at its end. A launch
 * that only learns whether a zone grants ends in its own tick, for a minute of the price. Assumes ticks of a minute or more,
 * so that this minimum is that of nothing else.
 * Source: SkyNomad, NSDI 2027, and the simulator of its artifact (docs/multi_region_progress_model.md).
 */
const skynomadTick: TimingProfile = {
  ...cblTickV1,
  name: "skynomad-tick",
  billing: { minimumS: 60, freeWhenReclaimedWithinS: 0 },
};

/**
 * SpotServe's time: its traces tell when instances join and when they are gone. Each was asked for 120 s before it joins and is billed
 * from then on, and is told 30 s before it goes; so a run is 120 s behind its trace, what the trace adds is granted when the trace
 * has it, and what it removes is told 90 s after. Neither the first hour is free nor is there a minimum.
 * Source: Miao et al., ASPLOS 2024, 3.2 and 6.1, and the traces and the bill of its artifact.
 */
const spotserve: TimingProfile = {
  ...aws,
  name: "spotserve",
  noticeAfterS: 90,
  billing: { minimumS: 0, freeWhenReclaimedWithinS: 0 },
  answerS: none,
  noticeLeadS: { kind: "constant", value: 30 },
  launchS: { boot: none, imagePull: none, engineStart: { kind: "constant", value: 120 } },
};

export const profiles: Readonly<Record<ProfileName, TimingProfile>> = {
  aws,
  "cbl-tick-v1": cblTickV1,
  "skyserve-tick": skyserveTick,
  "skynomad-tick": skynomadTick,
  spotserve,
};
