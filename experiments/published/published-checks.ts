import { canonicalJson } from "../digest.ts";
import { oneOf } from "../faults.ts";
import type { Path } from "../paths.ts";
import type { Expected, Published, Quantity } from "./published-schema.ts";

/** What a study's published or expected figures rest on: names that are there, and one point of the sweep each. */
export function publishedFaults(
  key: "published" | "expected",
  figures: readonly (Published | Expected)[],
  known: {
    readonly policies: readonly string[] | undefined;
    readonly metrics: readonly string[];
    /** By axis, what its values are called. */
    readonly sweep: Readonly<Record<string, readonly unknown[]>>;
  },
  fault: (path: Path, text: string) => void,
): void {
  for (const [i, { id, ours, steps }] of figures.entries()) {
    const first = figures.findIndex((each) => each.id === id);
    if (first !== i) fault([key, i, "id"], `${key}.${first} is called "${id}" too; ids must differ`);
    quantityFaults(ours, known, (path, text) => fault([key, i, "ours", ...path], text));
    for (const [k, step] of steps.entries()) {
      if (step.ours.as !== ours.as)
        fault([key, i, "steps", k, "ours", "as"], `is a ${step.ours.as}, and the figure's own a ${ours.as}`);
      quantityFaults(step.ours, known, (path, text) => fault([key, i, "steps", k, "ours", ...path], text));
    }
    const last = steps.at(-1);
    if (last !== undefined && canonicalJson(last.ours) !== canonicalJson(ours)) {
      fault(
        [key, i, "steps", steps.length - 1, "ours"],
        "differs from the figure's own `ours`, at which the steps must arrive",
      );
    }
  }
}

function quantityFaults(
  { metric, policy, against, againstMetric, as, at, againstAt }: Quantity,
  { policies, metrics, sweep }: Parameters<typeof publishedFaults>[2],
  fault: (path: Path, text: string) => void,
): void {
  const listed = (key: string, names: readonly string[] | undefined, name: string | undefined): void => {
    if (name !== undefined && names?.includes(name) === false) fault([key], oneOf(names, name));
  };
  listed("metric", metrics, metric);
  listed("againstMetric", metrics, againstMetric);
  listed("policy", policies, policy);
  listed("against", policies, against);
  if (as === "mean" && [against, againstMetric, againstAt].some((each) => each !== undefined)) {
    fault(["as"], "a mean has nothing it is against; say difference, ratio or saving");
  }
  pointFaults("at", at, sweep, fault);
  if (againstAt !== undefined) pointFaults("againstAt", againstAt, sweep, fault);
}

function pointFaults(
  key: string,
  at: Quantity["at"],
  sweep: Readonly<Record<string, readonly unknown[]>>,
  fault: (path: Path, text: string) => void,
): void {
  for (const [axis, value] of Object.entries(at)) {
    if (Object.keys(sweep).length === 0) fault([key, axis], "the study has no sweep; remove this");
    else if (!(axis in sweep)) fault([key, axis], oneOf(Object.keys(sweep), axis));
    else if (!sweep[axis]!.some((each) => canonicalJson(each) === canonicalJson(value))) {
      fault([key, axis], `the sweep's values there are ${sweep[axis]!.map((each) => JSON.stringify(each)).join(", ")}`);
    }
  }
  const open = Object.keys(sweep).filter((axis) => !(axis in at) && sweep[axis]!.length > 1);
  if (open.length > 0) fault([key], `names several points of the sweep; add ${open.join(" and ")}`);
}
