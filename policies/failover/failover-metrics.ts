import type { FailoverTally } from "../contract/failover.ts";

/**
 * What came of the failovers, under the names of docs/METRICS.md; a mean over none is absent.
 * @example failoverMetrics({ begun: 2, covered: 1, inTime: 0, late: 1, notReplaced: 0, gapS: 90, drained: 1, cutShort: 0 }).failoverGapMeanS // 45
 */
export function failoverMetrics(tally: FailoverTally): Record<string, number> {
  const { begun, covered, inTime, late, notReplaced, gapS, drained, cutShort } = tally;
  const replaced = covered + inTime + late;
  return {
    failovers: begun,
    failoversCovered: covered,
    failoversInTime: inTime,
    failoversLate: late,
    failoversNotReplaced: notReplaced,
    drainsDone: drained,
    drainsCutShort: cutShort,
    ...(replaced > 0 && { failoverGapMeanS: gapS / replaced }),
    ...(replaced + notReplaced > 0 && { failoverGaplessShare: (covered + inTime) / (replaced + notReplaced) }),
  };
}
