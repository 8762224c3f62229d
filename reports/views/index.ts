import { costAgainstService } from "./cost-against-service.ts";
import { differences } from "./differences.ts";
import { savingSplit } from "./saving-split.ts";
import { timeline } from "./timeline.ts";
import type { GroupScene, RunScene, View } from "./view.ts";

/** Drawn once for each point of the sweep, in this order. */
export const groupViews: readonly View<GroupScene>[] = [differences, savingSplit, costAgainstService];

/** Drawn once for each traced run. */
export const runViews: readonly View<RunScene>[] = [timeline];
