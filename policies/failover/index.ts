import type { FailoverSpec } from "../contract/failover.ts";
import { drain } from "./drain.ts";
import { migrate } from "./migrate.ts";
import { reroute } from "./reroute.ts";
import { serveOn } from "./serve-on.ts";

// As in scheduling/index.ts: the list erases the types that each definition has checked.
export const failovers = [serveOn, drain, reroute, migrate] as unknown as readonly FailoverSpec<unknown>[];
