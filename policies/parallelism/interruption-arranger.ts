import type { Seconds } from "../contract/units.ts";

/** What a running batch still has before it. */
export interface BatchAhead {
  /** 0 once it decodes. */
  readonly prefillLeftS: Seconds;
  readonly perTokenS: Seconds;
  readonly tokensLeft: number;
}

/**
 * How many tokens a batch decodes before an instance is taken back, so that what it has by then can still be moved away: the
 * most that take less than the time there is.
 * Source: SpotServe's just-in-time arrangement (Miao et al., ASPLOS 2024): arg max S with l_exe(S) < T- - T_mig.
 * @param slotS until the instance goes, less what the move takes. Below 0 the move comes too late.
 * @example tokensBefore(10, { prefillLeftS: 1, perTokenS: 2, tokensLeft: 9 }) // 4: 1 + 4 x 2 < 10
 */
export function tokensBefore(slotS: Seconds, { prefillLeftS, perTokenS, tokensLeft }: BatchAhead): number {
  const tokens = Math.ceil((slotS - prefillLeftS) / perTokenS) - 1;
  return Math.min(tokensLeft, Math.max(0, tokens));
}
