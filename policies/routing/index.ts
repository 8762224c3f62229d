import type { RouterSpec } from "../contract/routing.ts";
import { leastLoaded } from "./least-loaded.ts";
import { leastOutstanding } from "./least-outstanding.ts";
import { powerOfTwo } from "./power-of-two.ts";
import { prefixAffinity } from "./prefix-affinity.ts";
import { random } from "./random.ts";
import { roundRobin } from "./round-robin.ts";
import { warmLeastLoaded } from "./warm-least-loaded.ts";

// A router is one file and one line here.
export const routers = [
  leastOutstanding,
  leastLoaded,
  warmLeastLoaded,
  roundRobin,
  powerOfTwo,
  prefixAffinity,
  random,
] as unknown as readonly RouterSpec<unknown>[];
