import { canonicalJson } from "../digest.ts";
import { oneOf } from "../faults.ts";
import type { Path } from "../paths.ts";
import type { Published, Quantity } from "./published-schema.ts";

/** What a study's published figures rest on: names that are there, and one point of the sweep each. */
export function publishedFaults(
  published: readonly Published[],
  known: {
    readonly policies: readonly string[] | undefined;
    readonly metrics: readonly string[];
    /** By axis, what its values are called. */
    readonly sweep: Readonly<Record<string, readonly unknown[]>>;
  },
  fault: (path: Path, text: string) => void,
): void {
  for (const [i, { id, ours, steps }] of published.entries()) {
    const first = published.findIndex((each) => each.id === id);
    if (first !== i) fault(["published", i, "id"], `published.${first} is called "${id}" too; ids must differ`);
    quantityFaults(ours, known, (path, text) => fault(["published", i, "ours", ...path], text));
    for (const [k, step] of steps.entries()) {
      quantityFaults(step.ours, known, (path, text) => fault(["published", i, "steps", k, "ours", ...path], text));
    }
    const last = steps.at(-1);
    if (last !== undefined && canonicalJson(last.ours) !== canonicalJson(ours)) {
      fault(
        ["published", i, "steps", steps.length - 1, "ours"],
        "differs from the figure's own `ours`, at which the steps must arrive",
      );
    }
  }
}

function quantityFaults(
  { metric, policy, against, againstMetric, as, at }: Quantity,
  { policies, metrics, sweep }: Parameters<typeof publishedFaults>[1],
  fault: (path: Path, text: string) => void,
): void {
  const listed = (key: string, names: readonly string[] | undefined, name: string | undefined): void => {
    if (name !== undefined && names?.includes(name) === false) fault([key], oneOf(names, name));
  };
  listed("metric", metrics, metric);
  listed("againstMetric", metrics, againstMetric);
  listed("policy", policies, policy);
  listed("against", policies, against);
  if (as === "mean" && (against !== undefined || againstMetric !== undefined)) {
    fault(["as"], "a mean has nothing it is against; say difference, ratio or saving");
  }
  for (const [axis, value] of Object.entries(at)) {
    if (!(axis in sweep)) fault(["at", axis], oneOf(Object.keys(sweep), axis));
    else if (!sweep[axis]!.some((each) => canonicalJson(each) === canonicalJson(value))) {
      fault(
        ["at", axis],
        `the sweep's values there are ${sweep[axis]!.map((each) => JSON.stringify(each)).join(", ")}`,
      );
    }
  }
  const open = Object.keys(sweep).filter((axis) => !(axis in at) && sweep[axis]!.length > 1);
  if (open.length > 0) fault(["at"], `names several points of the sweep; add ${open.join(" and ")}`);
}
