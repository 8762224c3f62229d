import type { RouterSpec } from "../contract/routing.ts";
import { leastLoaded } from "./least-loaded.ts";
import { leastOutstanding } from "./least-outstanding.ts";
import { powerOfTwo } from "./power-of-two.ts";
import { random } from "./random.ts";
import { roundRobin } from "./round-robin.ts";

// A router is one file and one line here.
export const routers = [
  leastOutstanding,
  leastLoaded,
  roundRobin,
  powerOfTwo,
  random,
] as unknown as readonly RouterSpec<unknown>[];
