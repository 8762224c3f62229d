import type { AssignmentStrategy } from "../contract/assignment.ts";
import { earliestNode } from "./earliest-node.ts";
import { kuhnMunkres } from "./kuhn-munkres.ts";
import { warmLeastLoaded } from "./warm-least-loaded.ts";

// A strategy is one file and one line here.
export const assignmentStrategies: readonly AssignmentStrategy[] = [earliestNode, warmLeastLoaded, kuhnMunkres];
