import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
// boundary-ok: what a study ran and what will run are compared by the same digests of code
import { CodeDigests } from "../experiments/closure.ts";
import { canonicalJson, digestOf, sha256 } from "../experiments/digest.ts"; // boundary-ok: as above
import type { Scenario } from "../policies/contract/scenario.ts";
import { scenarioLabel } from "../policies/contract/scenario.ts";
import {
  type Found,
  type Gate,
  gateEnd,
  type Measured,
  manifestFaults,
  type PromotionManifest,
} from "../policies/manifest/manifest.ts";
import { type Simulated, unpromotable } from "../policies/manifest/promotable.ts";
import type { Fleet } from "./fleet-file.ts";

/** A policy cannot be promoted, or a manifest does not hold: every reason, each with what helps. */
export class PromotionError extends Error {
  override readonly name = "PromotionError";
}

export interface PromoteOptions {
  /** A results folder. */
  readonly results: string;
  readonly policyId: string;
  readonly fleet: Fleet;
  readonly gates: readonly Gate[];
  /** How long the manifest holds. */
  readonly days: number;
  readonly nowMs: number;
  /** The workbench's folder. */
  readonly root: string;
}

const estimate = z.object({ mean: z.number(), low: z.number(), high: z.number(), kind: z.string(), n: z.number() });
/** The parts of a results folder that count here; whatever else it holds is its own business. */
const resultsSchema = {
  "manifest.json": z.object({
    dirty: z.boolean().nullable(),
    codeDigests: z.record(z.string(), z.string()),
    seeds: z.unknown(),
    traces: z.array(z.object({ digest: z.string().optional() })),
    config: z.object({
      workload: z.object({ model: z.string() }),
      cloud: z.unknown(),
      cadence: z.unknown(),
      policies: z.array(z.unknown()),
      baseline: z.string(),
    }),
  }),
  "summary.json": z.object({
    cells: z.object({ failed: z.number() }),
    groups: z.array(
      z.object({
        units: z.number(),
        policies: z.array(z.object({ policyId: z.string(), metrics: z.record(z.string(), estimate) })),
        comparisons: z.array(
          z.object({ metric: z.string(), policyId: z.string(), against: z.string(), ratio: estimate.nullable() }),
        ),
      }),
    ),
  }),
};

/** One line a look, beside the results: whoever looks often finds something in the end. */
const LOOKS = "promotions.ndjson";

/**
 * Holds a policy of a study against gates, and writes down for which fleet it has passed them. What was simulated must be what will
 * run. The look is recorded whether it passes or not.
 * @throws PromotionError with every reason
 */
export async function promote(options: PromoteOptions): Promise<PromotionManifest> {
  const { results, policyId, fleet, gates, days, nowMs, root } = options;
  const { file } = fleet;
  const study = read(results, "manifest.json");
  const summary = read(results, "summary.json");
  const { config } = study;
  const policies = config.policies as readonly Scenario[];
  const policy = policies.find((each) => scenarioLabel(each) === policyId);
  if (policy === undefined) {
    throw new PromotionError(
      `${results}: no policy is called "${policyId}"; there are ${policies.map(scenarioLabel).join(", ")}`,
    );
  }
  if (gates.length === 0)
    throw new PromotionError("no gate: say what the policy must have proved, such as --gate 'costUsd ratio <= 0.8'");
  const group = summary.groups[0];
  const simulated: Simulated = {
    workload: config.workload.model as Simulated["workload"],
    cloud: config.cloud as Simulated["cloud"],
    cadence: config.cadence as Simulated["cadence"],
    policy,
    points: summary.groups.length,
    failedCells: summary.cells.failed,
    units: group?.units ?? 0,
    dirty: study.dirty,
  };
  const same = (a: unknown, b: unknown) =>
    a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
  const why = unpromotable(simulated, { policy: file.policy, cadence: file.cadence }, same);
  const codeSha256 = study.codeDigests[policyId] ?? "";
  if ((await new CodeDigests(root, root).scenario(policy)) !== codeSha256) {
    why.push("the policy's code has changed since the study ran: run it again");
  }
  const metrics = measuredOf(group?.policies.find((each) => each.policyId === policyId)?.metrics ?? {});
  const held = gates.map((gate) => {
    const measured =
      gate.of === "value" ? metrics[gate.metric] : ratioOf(group, gate.metric, policyId, config.baseline);
    if (measured === undefined) {
      why.push(
        `gate ${gateText(gate)}: the study has no interval of it; name a metric of its primary comparison, or one it measures`,
      );
      return { ...gate, end: 0 };
    }
    const { end, holds } = gateEnd(gate, measured);
    if (!holds) why.push(`gate ${gateText(gate)} does not hold: the interval is ${measured.low} to ${measured.high}`);
    return { ...gate, end };
  });
  const looks = looked(results, {
    policyId,
    gates: gates.map(gateText),
    at: new Date(nowMs).toISOString(),
    passed: why.length === 0,
  });
  if (why.length > 0) throw new PromotionError(why.join("\n"));
  const unsigned = {
    format: 1,
    policy,
    cloud: simulated.cloud,
    cadence: simulated.cadence,
    codeSha256,
    lockfileSha256: lockfileSha256(root),
    traceSha256: study.traces.flatMap(({ digest }) => digest ?? []),
    seeds: study.seeds,
    looks,
    metrics,
    gates: held,
    fleet: file.fleet,
    region: file.region,
    fleetSha256: fleet.sha256,
    expires: new Date(nowMs + days * 86_400_000).toISOString(),
    stage: "shadow",
  } as const;
  return { ...unsigned, sha256: digestOf(unsigned) };
}

/** @throws PromotionError where it exists or cannot be written */
export function writeManifest(path: string, manifest: PromotionManifest): void {
  try {
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`, { flag: "wx" });
  } catch (error) {
    throw new PromotionError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code}); name a new file`);
  }
}

/**
 * A manifest, computed anew for where it is to run.
 * @throws PromotionError with every field that does not match
 */
export async function verifiedManifest(
  path: string,
  fleet: Fleet,
  nowMs: number,
  root: string,
): Promise<PromotionManifest> {
  let manifest: PromotionManifest;
  try {
    manifest = JSON.parse(readFileSync(path, "utf8")) as PromotionManifest;
  } catch (error) {
    throw new PromotionError(
      `${path}: cannot be read as a manifest (${(error as Error).message}); name one that promote has written`,
    );
  }
  if (manifest?.format !== 1 || typeof manifest.policy !== "object") {
    throw new PromotionError(`${path}: format: expected 1; name a manifest that promote of this version has written`);
  }
  const { sha256: _, ...unsigned } = manifest;
  const found: Found = {
    sha256: digestOf(unsigned),
    codeSha256: await new CodeDigests(root, root).scenario(manifest.policy),
    lockfileSha256: lockfileSha256(root),
    fleet: fleet.file.fleet,
    region: fleet.file.region,
    fleetSha256: fleet.sha256,
    now: new Date(nowMs).toISOString(),
  };
  const faults = manifestFaults(manifest, found);
  if (faults.length > 0) throw new PromotionError(faults.map((fault) => `${path}: ${fault}`).join("\n"));
  return manifest;
}

/**
 * A gate as it is typed: a metric, `ratio` for its ratio to the baseline's, <= or >=, a number.
 * @example parseGate("costUsd ratio <= 0.8") // { metric: "costUsd", of: "ratio", atMost: 0.8 }
 */
export function parseGate(text: string): Gate {
  const [, metric, ratio, how, number] = /^\s*(\w+)(\s+ratio)?\s*(<=|>=)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text) ?? [];
  if (metric === undefined) {
    throw new PromotionError(
      `--gate "${text}": expected METRIC [ratio] <= NUMBER, or >=, such as "costUsd ratio <= 0.8"`,
    );
  }
  const of = ratio === undefined ? "value" : "ratio";
  return { metric, of, ...(how === "<=" ? { atMost: Number(number) } : { atLeast: Number(number) }) };
}

const gateText = ({ metric, of, atMost, atLeast }: Gate): string =>
  `"${metric}${of === "ratio" ? " ratio" : ""} ${atMost === undefined ? `>= ${atLeast}` : `<= ${atMost}`}"`;

const lockfileSha256 = (root: string): string => sha256(readFileSync(join(root, "package-lock.json")));

function read<Name extends keyof typeof resultsSchema>(
  folder: string,
  name: Name,
): z.infer<(typeof resultsSchema)[Name]> {
  const path = join(folder, name);
  try {
    return resultsSchema[name].parse(JSON.parse(readFileSync(path, "utf8"))) as z.infer<(typeof resultsSchema)[Name]>;
  } catch (error) {
    const why = error instanceof z.ZodError ? "is not as a study of this version writes it" : (error as Error).message;
    throw new PromotionError(`${path}: ${why}; name the results folder of a study that has ended`);
  }
}

type Estimate = z.infer<typeof estimate>;

const measured = ({ mean, low, high, n }: Estimate): Measured => ({ mean, low, high, units: n });

const measuredOf = (metrics: Readonly<Record<string, Estimate>>): Record<string, Measured> =>
  Object.fromEntries(Object.entries(metrics).map(([name, each]) => [name, measured(each)]));

function ratioOf(
  group: z.infer<(typeof resultsSchema)["summary.json"]>["groups"][number] | undefined,
  metric: string,
  policyId: string,
  baseline: string,
): Measured | undefined {
  const found = group?.comparisons.find(
    (each) => each.metric === metric && each.policyId === policyId && each.against === baseline,
  );
  return found?.ratio ? measured(found.ratio) : undefined;
}

/** Writes the look down. @returns how many there have been, this one included */
function looked(results: string, look: unknown): number {
  const path = join(results, LOOKS);
  appendFileSync(path, `${JSON.stringify(look)}\n`);
  return readFileSync(path, "utf8").trim().split("\n").length;
}
