import seedrandom from "seedrandom";
import type { RunRecord, TracedRun } from "../../experiments/record.ts";
import type {
  Comparison,
  Estimate,
  PolicySummary,
  PublishedFigure,
  Saving,
  Summary,
  SummaryGroup,
} from "../../experiments/summary.ts";
import type { ReportInput } from "../../reports/page.ts";
import type { Timeline, TimelineInstance, TimelineWork } from "../../sim/simulation.ts";

/** Results that nobody measured, for the page's tests: seeded, and consistent enough to look at. */
export interface Invention {
  readonly policyIds?: readonly string[];
  readonly units?: number;
  readonly groups?: readonly Readonly<Record<string, unknown>>[];
  readonly failed?: number;
  readonly zone?: string;
  readonly note?: string;
  readonly instances?: number;
}

export const POLICIES = [
  "on-demand-only",
  "greedy+kuhn-munkres",
  "greedy+earliest-node",
  "on-demand-fallback",
] as const;

/** Cost per hour of work, share completed and hours to completion that each policy is invented around. */
const CHARACTERS = [
  { usdPerWorkHour: 3.31, completedShare: 1, p95H: 5.2, hours: 262 },
  { usdPerWorkHour: 1.27, completedShare: 0.962, p95H: 9.8, hours: 281 },
  { usdPerWorkHour: 1.41, completedShare: 0.955, p95H: 10.6, hours: 290 },
  { usdPerWorkHour: 1.72, completedShare: 0.994, p95H: 7.1, hours: 277 },
] as const;

const METRICS = [
  "costUsd",
  "listUsd",
  "usdPerWorkHour",
  "workHoursDone",
  "upHours",
  "idleHours",
  "lostWorkHours",
  "tasksArrived",
  "tasksCompleted",
  "completedShare",
  "completionMeanH",
  "completionP95H",
  "reclaims",
  "launches",
  "refusals",
] as const;

export function inventedRecords({
  policyIds = POLICIES,
  units = 20,
  groups = [{}],
  failed = 0,
}: Invention = {}): RunRecord[] {
  const records: RunRecord[] = [];
  groups.forEach((axes, g) => {
    for (let unit = 0; unit < units; unit++) {
      const shared = seedrandom(`market ${unit}`);
      const market = 1 + 0.35 * (shared() - 0.5);
      policyIds.forEach((policyId, i) => {
        const own = seedrandom(`${unit}/${i}/${g}`);
        const character = CHARACTERS[i % CHARACTERS.length]!;
        const around = (value: number, spread: number) => value * (1 + spread * (own() - 0.5));
        const usdPerWorkHour = around(character.usdPerWorkHour, 0.06) * (i === 0 ? 1 : market) * (1 + 0.1 * g);
        const completedShare = Math.min(1, around(character.completedShare, i === 0 ? 0 : 0.03));
        const upHours = around(character.hours, 0.05);
        const workHoursDone = 250 * completedShare;
        const reclaims = i === 0 ? 0 : Math.round(around(14, 0.8));
        const spec: RunRecord["spec"] = {
          trace: "us-west-2",
          traceDigest: "9f2c41d07ab3",
          fromS: unit * 1_209_600,
          lengthS: 1_209_600,
          unit: `weeks ${2 * unit + 1} and ${2 * unit + 2}`,
          replicate: 0,
          seed: `study/us-west-2/${unit}`,
          workload: { model: "tasks", params: { count: 200 } },
          cloud: {
            profile: "aws",
            interruptions: { model: "capacity" },
            visibility: "tried",
            depth: "observed",
            slotsPerInstance: 2,
            instanceTypes: { "p3.2xlarge": { gpuMemoryMiB: 16_384, networkMiBPerS: 1_250 } },
          },
          cadence: { onChange: true, everyS: 60 },
          drainS: 14_400,
          policyId,
          policy: { id: policyId, scheduling: "greedy", assignment: "kuhn-munkres" },
          axes,
          closureDigest: "c0ffee",
        };
        const head = { key: `${g}-${unit}-${i}`, spec, versions: { engine: "0.1.0", node: "v24.21.0" } };
        if (records.filter(({ ok }) => !ok).length < failed && i === 2) {
          records.push({
            ...head,
            ok: false,
            error: 'PolicyError: greedy: cannot read "zone" of undefined',
            replay: `npm run experiment -- study.yaml --only 'policy=${policyId}' --cell ${head.key}`,
          });
          return;
        }
        records.push({
          ...head,
          ok: true,
          fingerprint: "ab12",
          assumptions: [
            "on-demand capacity is unlimited",
            "31 % of instance-hours lie beyond the depth that the data observed",
          ],
          metrics: {
            costUsd: usdPerWorkHour * workHoursDone,
            listUsd: 3.06 * upHours,
            usdPerWorkHour,
            workHoursDone,
            upHours,
            idleHours: around(9, 0.6),
            lostWorkHours: reclaims * 0.4,
            tasksArrived: 200,
            tasksCompleted: Math.round(200 * completedShare),
            completedShare,
            completionMeanH: around(character.p95H / 2.4, 0.1),
            completionP95H: around(character.p95H, 0.2),
            reclaims,
            launches: Math.round(around(60, 0.4)),
            refusals: i === 0 ? 0 : Math.round(around(23, 0.9)),
          },
        });
      });
    }
  });
  return records;
}

/** As the statistics would, but with plain normal intervals: these numbers are to be drawn, not believed. */
export function inventedSummary(records: readonly RunRecord[]): Summary {
  const groups = [...Map.groupBy(records, ({ spec }) => JSON.stringify(spec.axes)).values()].map(inventedGroup);
  const failed = records.filter(({ ok }) => !ok).length;
  return {
    question:
      "On p3.2xlarge in us-west-2, which policy finishes 200 training tasks at the lowest cost per hour of work?",
    baseline: records[0]!.spec.policyId,
    primaryMetric: "usdPerWorkHour",
    better: "lower",
    groups,
    look: null,
    sweepAnswers: groups.length > 1 ? ["greedy against on-demand, cost at 2 points by slots: lower at 2 (1, 4)."] : [],
    variance:
      groups.length > 1
        ? [
            {
              quantity: "value",
              policies: groups[0]!.policies.map(({ policyId }) => policyId),
              shares: [
                { of: ["policy"], share: 0.7 },
                { of: ["policy", ...Object.keys(groups[0]!.axes)], share: 0.3 },
              ],
            },
          ]
        : [],
    published: inventedFigures(),
    expected: [],
    warnings: [
      "31 % of instance-hours lie beyond what the trace observed (one instance per zone); run fewer tasks at a time, or name the depth as an assumption",
      ...(failed > 0 ? [`${failed} runs failed and are left out; repeat them with the commands below`] : []),
    ],
    cells: { ok: records.length - failed, failed },
  };
}

/** One of each verdict; the first with steps that lead to ours. @param text what its words are */
export function inventedFigures(text = "Spot saves 80 %"): PublishedFigure[] {
  const at = (mean: number): Estimate => ({ mean, low: mean - 0.02, high: mean + 0.03, kind: "interval", n: 20 });
  const common = {
    source: text,
    of: "mean",
    within: 0.02,
    quantity: text,
    unit: "share",
    why: text,
    steps: [],
  } as const;
  const runs = { n: 20, low: 0.4, median: 0.6, high: 0.85, shareAtLeast: 0.25 };
  const step = (label: string, mean: number, change: Estimate | null) => ({
    label,
    quantity: text,
    ours: at(mean),
    change,
    why: text,
  });
  return [
    {
      ...common,
      id: "spot-saves",
      claim: text,
      from: 0.8,
      to: 0.8,
      ours: at(0.6),
      offBy: -0.2,
      runs,
      verdict: "does not hold",
      steps: [step(text, 0.7, null), step("then less", 0.55, at(-0.15)), step("then more", 0.6, at(0.05))],
    },
    {
      ...common,
      id: "saves-most",
      claim: "At least half",
      from: 0.5,
      to: null,
      ours: at(0.6),
      offBy: 0,
      runs,
      verdict: "holds",
    },
    {
      ...common,
      id: "nobody",
      claim: "Not in these runs",
      from: 0.1,
      to: 0.2,
      ours: null,
      offBy: null,
      runs: null,
      verdict: "cannot be told",
      why: null,
    },
  ];
}

function inventedGroup(records: readonly RunRecord[]): SummaryGroup {
  const runs = records.filter((record) => record.ok);
  const ids = [...new Set(records.map(({ spec }) => spec.policyId))];
  const units = [...new Set(records.map(({ spec }) => spec.unit))];
  const value = new Map(runs.map((run) => [JSON.stringify([run.spec.policyId, run.spec.unit]), run.metrics]));
  const of = (id: string, metric: string) => units.map((unit) => value.get(JSON.stringify([id, unit]))?.[metric]);
  const policies: PolicySummary[] = ids.map((policyId) => ({
    policyId,
    metrics: Object.fromEntries(
      METRICS.map((metric) => [metric, estimate(of(policyId, metric).filter((x) => x !== undefined))]),
    ),
  }));
  const by = (policy: PolicySummary, metric: string) => policy.metrics[metric]!.mean;
  policies.sort((a, b) => by(a, "usdPerWorkHour") - by(b, "usdPerWorkHour"));
  const [baseline] = ids;
  const compare = (policyId: string, metric: string, i: number): Comparison => {
    const [a, b] = [of(policyId, metric), of(baseline!, metric)];
    const pairs = a.flatMap((x, u) => (x === undefined || b[u] === undefined ? [] : [[x, b[u]] as const]));
    const saving = estimate(pairs.map(([x, y]) => y - x)).mean;
    const total = (k: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[k], 0);
    const ratio = total(0) / total(1);
    const role = metric === "usdPerWorkHour" && i < 2 ? "primary" : "exploratory";
    return {
      metric,
      policyId,
      against: baseline!,
      role,
      n: pairs.length,
      difference: estimate(pairs.map(([x, y]) => x - y)),
      ratio: {
        mean: ratio,
        low: ratio - 0.02,
        high: ratio + 0.025,
        kind: pairs.length < 6 ? "range" : "interval",
        n: pairs.length,
      },
      p: saving > 0 ? 0.0002 : 0.31,
      pHolm: role === "primary" ? 0.0004 : null,
      pSmallest: 0.0001,
      betterShare: { mean: 0.9, low: 0.7, high: 0.97, kind: "interval", n: units.length },
      detectable: 0.01,
      correlation: 0.42 - 0.1 * i,
      convergence:
        role === "primary" && pairs.length >= 6
          ? [6, 9, 13, pairs.length]
              .filter((n, k, all) => n <= pairs.length && all.indexOf(n) === k)
              .map((n) => estimate(pairs.slice(0, n).map(([x, y]) => x - y)))
          : [],
    };
  };
  /** Each part is so much of the saving, and as uncertain in itself as the whole. */
  const savingOf = (policyId: string): Saving => {
    const usd = of(policyId, "costUsd").flatMap((x, u) => (x === undefined ? [] : [of(baseline!, "costUsd")[u]! - x]));
    const part = (share: number, noise: number) =>
      estimate(usd.map((each, u) => share * each + noise * (u % 2 === 0 ? 1 : -1)));
    return {
      policyId,
      against: baseline!,
      savingUsd: estimate(usd),
      parts: {
        priceUsd: part(1.1, 5),
        hoursUsd: part(-0.16, -5),
        freeHoursUsd: part(0.02, 40),
        workNotDoneUsd: part(0.04, -40),
      },
    };
  };
  const others = ids.slice(1);
  const best = policies[0]!;
  return {
    axes: records[0]!.spec.axes,
    units: units.length,
    replicates: 1,
    policies,
    comparisons: [
      ...others.map((id, i) => compare(id, "usdPerWorkHour", i)),
      ...others.map((id, i) => compare(id, "completedShare", i)),
    ],
    savings: others.map(savingOf),
    traces: [
      {
        trace: "us-west-2",
        units,
        values: Object.fromEntries(ids.map((id) => [id, of(id, "usdPerWorkHour").map((x) => x ?? null)])),
      },
    ],
    answer: `${best.policyId} is cheapest: ${by(best, "usdPerWorkHour").toFixed(2)} USD per hour of work, against ${by(policies.at(-1)!, "usdPerWorkHour").toFixed(2)} for ${policies.at(-1)!.policyId} (n = ${units.length}), and completes ${(100 * by(best, "completedShare")).toFixed(1)} % of the tasks.`,
  };
}

function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  if (n < 6) return { mean, low: Math.min(...values), high: Math.max(...values), kind: "range", n };
  const half = (2.1 * Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1))) / Math.sqrt(n);
  return { mean, low: mean - half, high: mean + half, kind: "interval", n };
}

const HOUR = 3600;

export function inventedTimeline(
  seed: string,
  { zone = "us-west-2a", note = "spot is obtainable", instances: count = 26 }: Invention = {},
): Timeline {
  const random = seedrandom(seed);
  const endS = 72 * HOUR;
  const markets: Timeline["markets"] = [
    { name: `p3.2xlarge ${zone} spot`, capacityType: "spot" },
    { name: "p3.2xlarge us-west-2b spot", capacityType: "spot" },
    { name: "p3.2xlarge us-west-2c spot", capacityType: "spot" },
    { name: "p3.2xlarge us-west-2a on-demand", capacityType: "onDemand" },
  ];
  const prices: Timeline["prices"][number][] = [{ market: 3, timeS: 0, usdPerHour: 3.06 }];
  const capacity: Timeline["capacity"][number][] = [{ market: 3, timeS: 0, count: null }];
  for (let market = 0; market < 3; market++) {
    let usdPerHour = 0.95 + 0.1 * market;
    for (let timeS = 0; timeS < endS; timeS += HOUR * (0.5 + 3 * random())) {
      usdPerHour = Math.max(0.9, usdPerHour + 0.12 * (random() - 0.5));
      prices.push({ market, timeS, usdPerHour });
    }
    for (let timeS = 0; timeS < endS; timeS += HOUR * (1 + 9 * random())) {
      capacity.push({ market, timeS, count: Math.floor(random() * 5) });
    }
  }
  const instances: TimelineInstance[] = [];
  const work: TimelineWork[] = [];
  const asks: Timeline["asks"][number][] = [];
  for (let id = 0; id < count; id++) {
    const requestedS = (id * endS * 0.85) / count;
    const market = id % 5 === 4 ? 3 : Math.floor(random() * 2);
    const why = { action: 0, by: "policy" as const, why: market === 3 ? "two reclaims: on-demand" : note };
    asks.push({
      timeS: requestedS,
      actions: [`launch instance ${id} on ${markets[market]!.name}`, `place task ${id} on instance ${id}`],
      notes: id % 2 === 0 ? [why] : [],
    });
    if (market === 1 && id % 3 === 0) {
      instances.push({
        id,
        market,
        requestedS,
        runningS: null,
        readyS: null,
        noticeS: null,
        endS: requestedS + 4,
        endedBy: "refused",
        usd: 0,
      });
      continue;
    }
    const [runningS, readyS] = [requestedS + 40, requestedS + 1500 * random() + 300];
    const reclaimed = market !== 3 && random() < 0.5;
    const lastS = Math.min(endS, readyS + HOUR * (4 + 14 * random()));
    instances.push({
      id,
      market,
      requestedS,
      runningS,
      readyS,
      noticeS: reclaimed ? lastS - 120 : null,
      endS: lastS,
      endedBy: reclaimed ? "reclaimed" : lastS === endS ? "cut" : "terminated",
      usd: ((lastS - runningS) / HOUR) * (market === 3 ? 3.06 : 1.02),
    });
    for (let lane = 0, fromS = readyS; lane < 2 && fromS < lastS; lane++, fromS += 1800) {
      const toS = Math.min(lastS, fromS + (lastS - readyS) * (0.6 + 0.5 * random()));
      work.push({
        work: 2 * id + lane,
        instance: id,
        fromS,
        toS,
        ended: toS < lastS ? "completed" : reclaimed ? "stopped" : "cut",
      });
    }
  }
  return { endS, markets, prices, capacity, instances, work, asks };
}

export const MANIFEST = {
  command: "npm run experiment -- experiments/configs/real-p3.yaml --set traces.root=../data",
  commit: "3f1c2ab9d0",
  dirty: true,
  node: "v24.21.0",
  os: "linux 6.1",
  cpu: "AMD EPYC, 2 cores",
  seeds: ["2024", "2025"],
  traces: [
    {
      name: "us-west-2",
      digest: "9f2c41d07ab3e6c4",
      files: [
        { path: "prices.json", bytes: 812_344 },
        { path: "capacity.json", bytes: 91_222 },
      ],
      rowsRead: 118_204,
      rowsKept: 117_990,
      rowsCollapsed: 211,
      rowsDropped: 3,
      span: "2023-02-15 to 2023-04-19",
      warnings: ["3 rows with a price of 0 dropped"],
      licence: "CC BY 4.0",
    },
  ],
  config: {
    question: "which policy is cheapest?",
    baseline: "on-demand-only",
    sweep: {},
    policies: [{ id: "greedy", scheduling: "greedy" }],
  },
} as const;

export function inventedReport(invention: Invention = {}): ReportInput {
  const records = inventedRecords(invention);
  const policyIds = invention.policyIds ?? POLICIES;
  const timelines: TracedRun[] = policyIds.slice(1, 3).map((policyId, i) => ({
    policyId,
    trace: "us-west-2",
    unit: "weeks 1 and 2",
    replicate: 0,
    axes: {},
    timeline: inventedTimeline(`timeline ${i}`, invention),
  }));
  return { summary: inventedSummary(records), records, manifest: MANIFEST, timelines };
}
