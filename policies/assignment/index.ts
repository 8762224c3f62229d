import type { AssignmentStrategy } from "../contract/assignment.ts";
import { earliestNode } from "./earliest-node.ts";
import { firstFit } from "./first-fit.ts";
import { globalGreedy } from "./global-greedy.ts";
import { kuhnMunkres } from "./kuhn-munkres.ts";
import { leastLoaded } from "./least-loaded.ts";
import { random } from "./random.ts";
import { rowGreedy } from "./row-greedy.ts";
import { warmLeastLoaded } from "./warm-least-loaded.ts";

// A strategy is one file and one line here.
export const assignmentStrategies: readonly AssignmentStrategy[] = [
  firstFit,
  earliestNode,
  leastLoaded,
  warmLeastLoaded,
  random,
  rowGreedy,
  globalGreedy,
  kuhnMunkres,
];
