import type { WrapperSpec } from "../contract/policy.ts";
import type { Json } from "../contract/units.ts";
import { withAutoscaler } from "./with-autoscaler.ts";
import { withCapacityMemory } from "./with-capacity-memory.ts";
import { withProbing } from "./with-probing.ts";
import { withSafetyNet } from "./with-safety-net.ts";
import { withStandby } from "./with-standby.ts";

// As in scheduling/index.ts: the list erases the types that each definition has checked.
export const wrappers = [
  withAutoscaler,
  withCapacityMemory,
  withProbing,
  withSafetyNet,
  withStandby,
] as unknown as readonly WrapperSpec<unknown, Json>[];
