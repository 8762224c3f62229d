import { convergence } from "./convergence.ts";
import { costAgainstService } from "./cost-against-service.ts";
import { differences } from "./differences.ts";
import { savingSplit } from "./saving-split.ts";
import { timeline } from "./timeline.ts";
import { unitByUnit } from "./unit-by-unit.ts";
import type { FigureScene, GroupScene, RunScene, View } from "./view.ts";
import { waterfall } from "./waterfall.ts";

/** Drawn once for each point of the sweep, in this order. */
export const groupViews: readonly View<GroupScene>[] = [
  differences,
  convergence,
  unitByUnit,
  savingSplit,
  costAgainstService,
];

/** Drawn once for each traced run. */
export const runViews: readonly View<RunScene>[] = [timeline];

/** Drawn once for each published figure. */
export const figureViews: readonly View<FigureScene>[] = [waterfall];
