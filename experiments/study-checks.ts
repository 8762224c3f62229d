import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { nearestName } from "../policies/contract/nearest.ts";
import { scenarioLabel } from "../policies/contract/scenario.ts";
import { resolveScenario, unfitFor } from "../policies/registry.ts";
import { isCutOverGpus } from "../sim/workloads/serving-params.ts";
import { type Fault, oneOf } from "./faults.ts";
import { metrics } from "./metrics.ts";
import { isOwn, ownFilesOf } from "./own-policy.ts";
import { type Path, pathText } from "./paths.ts";
import { publishedFaults } from "./published/published-checks.ts";
import { scenarioSchema } from "./scenario-schema.ts";
import { axisValues, type Study, studySchema } from "./study-schema.ts";
import type { StudyTrace } from "./trace-schema.ts";

/** Ids of a study's policies, in its order. */
export const policyIds = ({ policies }: Pick<Study, "policies">): string[] => policies.map(scenarioLabel);

/** What no part of a study shows alone. Parts that do not fit their schema are passed over: their faults are told already. */
export function crossFaults(value: Readonly<Record<string, unknown>>, folder: string): Fault[] {
  const part = <Key extends keyof Study>(key: Key): Study[Key] | undefined =>
    studySchema.shape[key].safeParse(value[key]).data as Study[Key] | undefined;
  const faults: Fault[] = [];
  const fault = (path: Path, text: string) =>
    void faults.push({ path, atKey: false, text: `${pathText(path)}: ${text}` });

  const entries = Array.isArray(value.policies) ? value.policies : [];
  const policies = entries.map((entry: unknown) => scenarioSchema.safeParse(entry).data);
  const known = policies.filter((policy) => policy !== undefined);
  // Names cannot be looked up while some of them are not known.
  const ids = known.length < policies.length ? undefined : policyIds({ policies: known });
  for (const [i, policy] of policies.entries()) {
    const first = ids?.indexOf(ids[i]!) ?? i;
    if (first !== i) fault(["policies", i], `is called "${ids![i]}", as policies.${first} is; give one of them an id`);
    for (const file of policy === undefined ? [] : ownFilesOf(policy)) {
      if (existsSync(resolve(folder, file))) continue;
      fault(["policies", i, "scheduling"], `there is no file ${relative("", resolve(folder, file))}; correct the path`);
    }
  }
  const [workload, cloud, cadence] = [part("workload"), part("cloud"), part("cadence")];
  for (const [i, policy] of policies.entries()) {
    if (policy === undefined || workload === undefined || cloud === undefined || cadence === undefined) continue;
    if (isOwn(policy)) continue;
    const unfit = unfitFor(resolveScenario(policy), workload.model, cloud, cadence, isCutOverGpus(workload.params));
    if (unfit !== undefined) fault(["policies", i, "scheduling"], unfit);
  }
  const answers = workload?.model === "serving" && workload.params.requests !== undefined;
  for (const [i, policy] of policies.entries()) {
    if (policy?.routing === undefined || workload === undefined || answers) continue;
    fault(
      ["policies", i, "routing"],
      "routes requests, and the workload has none; remove it, or give workload.params.requests",
    );
  }
  const isPolicy = (path: Path, id: string): void => {
    if (ids !== undefined && !ids.includes(id)) fault(path, oneOf(ids, id));
  };
  const baseline = part("baseline");
  if (baseline !== undefined) isPolicy(["baseline"], baseline);
  const primary = part("primary");
  for (const [i, [policy, against]] of (primary?.comparisons ?? []).entries()) {
    isPolicy(["primary", "comparisons", i, 0], policy);
    isPolicy(["primary", "comparisons", i, 1], against);
    if (policy === against) fault(["primary", "comparisons", i], `compares "${policy}" with itself`);
  }
  if (part("replicates") === "auto" && primary?.comparisons.length === 0) {
    fault(
      ["replicates"],
      "auto goes on until the primary comparisons are decided, and there is none; name one, or say a number",
    );
  }
  const ranked = metrics.filter(({ better }) => better !== undefined).map(({ name }) => name);
  if (primary !== undefined && !ranked.includes(primary.metric)) {
    const near = nearestName(primary.metric, ranked);
    fault(
      ["primary", "metric"],
      `no metric "${primary.metric}" that is better high or low; did you mean "${near}"? There are ${ranked.join(", ")}`,
    );
  }
  if (part("accounting") !== undefined && workload !== undefined && workload.model !== "tasks") {
    fault(["accounting"], `is an account of tasks, not of a ${workload.model}; remove it`);
  }
  const sweep = Object.entries(part("sweep") ?? {}).map(
    ([axis, values]) => [axis, axisValues(values).map(({ called }) => called)] as const,
  );
  const names = { policies: ids, metrics: metrics.map(({ name }) => name), sweep: Object.fromEntries(sweep) };
  for (const [axis, values] of sweep) {
    for (const [i, value] of values.entries()) {
      const text = JSON.stringify(value);
      const first = values.findIndex((other) => JSON.stringify(other) === text);
      if (first !== i) fault(["sweep", axis, i], `${text} is there twice; remove one`);
    }
  }
  for (const key of ["published", "expected"] as const) publishedFaults(key, part(key) ?? [], names, fault);
  const traces = part("traces");
  const drainH = part("drainH") ?? 0;
  for (const [i, trace] of (traces ?? []).entries()) {
    const first = traces!.findIndex(({ name }) => name === trace.name);
    if (first !== i) fault(["traces", i, "name"], `traces.${first} is called "${trace.name}" too; names must differ`);
    overlaps(trace, drainH, (path, text) => fault(["traces", i, "windows", ...path], text));
  }
  return faults;
}

/** Units of inference share no time, drain included. */
function overlaps(trace: StudyTrace, drainH: number, fault: (path: Path, text: string) => void): void {
  const { windows } = trace;
  if (Array.isArray(windows)) {
    for (const [i, { fromH }] of windows.entries()) {
      for (const [k, other] of windows.slice(0, i).entries()) {
        const endsH = other.fromH + other.lengthH + drainH;
        const ownEndH = fromH + windows[i]!.lengthH + drainH;
        if (fromH < endsH && other.fromH < ownEndH) {
          fault(
            [i],
            `shares time with windows.${k}, which lasts from ${other.fromH} h to ${endsH} h, drainH included; move it apart`,
          );
        }
      }
    }
    return;
  }
  const needH = windows.lengthH + drainH;
  if ("random" in windows && windows.random !== undefined) {
    if (windows.everyH !== undefined) fault(["everyH"], "goes without random; say random.unitH");
    const { unitH = needH } = windows.random;
    if (unitH < needH) {
      fault(
        ["random", "unitH"],
        `expected at least ${needH} (lengthH and drainH), found ${unitH}: a window lies in one unit`,
      );
    }
  } else if ("everyH" in windows && windows.everyH !== undefined) {
    if (windows.everyH < needH) {
      fault(
        ["everyH"],
        `expected at least ${needH} (lengthH and drainH), found ${windows.everyH}: windows must not share time`,
      );
    }
  }
}
