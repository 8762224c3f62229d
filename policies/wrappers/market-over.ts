import type { MarketView } from "../contract/view.ts";

/** What of a market the actions of the ask under way change. */
type Changing = "obtainable" | "held" | "unanswered";

/**
 * A market as a wrapper hands it on: some things are read through the wrapper, the rest is the market's. Both are read anew each
 * time, so that the policy inside sees the effect of what it does.
 */
export const marketOver = (
  market: MarketView,
  changed: { readonly [K in Changing]?: () => MarketView[K] },
): MarketView => ({
  ...market,
  get obtainable() {
    return changed.obtainable === undefined ? market.obtainable : changed.obtainable();
  },
  get held() {
    return changed.held === undefined ? market.held : changed.held();
  },
  get unanswered() {
    return changed.unanswered === undefined ? market.unanswered : changed.unanswered();
  },
});
