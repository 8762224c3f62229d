import type { ReportInput } from "./page.ts";
import { ReportError } from "./results-folder.ts";
import { axesOf, axisText } from "./sweep.ts";

/**
 * The results at some points of a sweep alone, so that they get the charts that a page of all of them leaves out.
 * @param at `path=value` for each axis that is to be fixed, the value as the report writes it.
 * @throws ReportError for an axis or a value that the sweep does not have.
 */
export function atPoint(input: ReportInput, at: readonly string[]): ReportInput {
  const axes = axesOf(input.summary);
  const fixed = at.map((text) => {
    const axis = axes.find(({ path }) => text.startsWith(`${path}=`));
    const value = axis && text.slice(axis.path.length + 1);
    if (axis?.values.some((each) => axisText(each) === value)) return { path: axis.path, value };
    const known = axis === undefined ? axes.map(({ path }) => `${path}=VALUE`) : axis.values.map(axisText);
    const what = axis === undefined ? "no axis of the sweep" : `no value of ${axis.path}`;
    throw new ReportError(`--at ${text}: ${what}; expected one of ${known.join(", ") || "none, there is no sweep"}`);
  });
  const isThere = ({ axes }: { readonly axes: Readonly<Record<string, unknown>> }): boolean =>
    fixed.every(({ path, value }) => axisText(axes[path]) === value);
  const groups = input.summary.groups.filter(isThere);
  const records = input.records.filter(({ spec }) => isThere(spec));
  const ok = records.filter((record) => record.ok).length;
  return {
    ...input,
    summary: { ...input.summary, groups, sweepAnswers: [], variance: [], cells: { ok, failed: records.length - ok } },
    records,
    timelines: input.timelines.filter(isThere),
  };
}
