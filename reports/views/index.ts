import { convergence } from "./convergence.ts";
import { costAgainstService } from "./cost-against-service.ts";
import { differences } from "./differences.ts";
import { savingSplit } from "./saving-split.ts";
import { differenceOverAxis, valueOverAxis } from "./sweep-line.ts";
import { sweepMap } from "./sweep-map.ts";
import { timeline } from "./timeline.ts";
import { unitByUnit } from "./unit-by-unit.ts";
import type { FigureScene, GroupScene, LuckScene, SweepScene, View } from "./view.ts";
import { waterfall } from "./waterfall.ts";

/** Drawn once, over all points of the sweep. */
export const sweepViews: readonly View<SweepScene>[] = [valueOverAxis, differenceOverAxis, sweepMap];

/** Drawn once for each point of the sweep, in this order. */
export const groupViews: readonly View<GroupScene>[] = [
  differences,
  convergence,
  unitByUnit,
  savingSplit,
  costAgainstService,
];

/** Drawn once for all traced runs that met the same luck. */
export const luckViews: readonly View<LuckScene>[] = [timeline];

/** Drawn once for each published figure. */
export const figureViews: readonly View<FigureScene>[] = [waterfall];
