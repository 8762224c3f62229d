import type { Actions } from "../contract/actions.ts";
import type { MarketId } from "../contract/units.ts";
import type { FleetView, MarketView } from "../contract/view.ts";

// Launches that do no work and end as soon as they run, for policies that choose by themselves when to probe: how many samples they have,
// and of what age, is what they decide by. One that only has to be told is wrapped in with-probing.

/** Markets with a probe under way. */
export type Probing = MarketId[];

export function probe(act: Actions, probing: Probing, market: MarketView): void {
  act.note("to learn whether it grants");
  act.launch(market, "probe");
  probing.push(market.id);
}

/** Ends probes that run, and says of each that was answered whether it was granted. */
export function hearProbes(
  view: FleetView,
  act: Actions,
  probing: Probing,
  heard: (market: MarketView, granted: boolean) => void,
): void {
  for (const id of [...probing]) {
    const probe = view.instances.probes.find(({ market }) => market.id === id);
    if (probe !== undefined && probe.runningS === undefined) continue;
    probing.splice(probing.indexOf(id), 1);
    heard(view.markets[id]!, probe !== undefined);
    // Under notice it is the provider's to end.
    if (probe === undefined || probe.reclaimS !== undefined) continue;
    act.note("the probe has answered");
    act.terminate(probe);
  }
}
