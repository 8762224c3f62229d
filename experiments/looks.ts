import type { Study } from "./study-schema.ts";
import type { Summary } from "./summary.ts";

/** Replicates of each unit at the looks of `replicates: auto`: fixed beforehand, each on all cells up to it, whatever order they came in. */
export const LOOKS: readonly number[] = [1, 2, 4, 8];

/**
 * The chance of a false positive that each look may spend, of 0.05 in all. Assumes nothing of how looks depend on one another: that
 * one of four intervals misses is at most four times as likely as that each does (Bonferroni), so whichever look ends the study, its
 * intervals hold with 95 %.
 */
export const ALPHA_OF_A_LOOK = 0.05 / LOOKS.length;

/** The first look that sees a replicate, counted from 0. */
export const lookOf = (replicate: number): number => LOOKS.findIndex((replicates) => replicate < replicates);

/** How many replicates a study may come to. */
export const replicatesMax = ({ replicates }: Pick<Study, "replicates">): number =>
  replicates === "auto" ? LOOKS.at(-1)! : replicates;

/** The primary comparisons that are not told apart yet, as "policy against other". */
export const undecided = ({ groups }: Pick<Summary, "groups">): string[] => [
  ...new Set(
    groups.flatMap(({ comparisons }) =>
      comparisons
        .filter(
          ({ role, difference: { kind, low, high } }) =>
            role === "primary" && (kind === "range" || (low <= 0 && high >= 0)),
        )
        .map(({ policyId, against }) => `${policyId} against ${against}`),
    ),
  ),
];
