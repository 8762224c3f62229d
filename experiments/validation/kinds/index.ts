import type { Kind } from "../kind.ts";
import { assignment } from "./assignment.ts";
import { assignmentSlots } from "./assignment-slots.ts";
import { availability } from "./availability.ts";
import { deadlineJob } from "./deadline-job.ts";
import { holm } from "./holm.ts";
import { paired } from "./paired.ts";
import { priceAvailability } from "./price-availability.ts";
import { priceHistory } from "./price-history.ts";
import { quantile } from "./quantile.ts";

// A kind is one file and one line here.
export const kinds: readonly Kind[] = [
  // suite assignment
  assignment,
  assignmentSlots,
  // suite cant-be-late
  deadlineJob,
  // suite statistics
  paired,
  holm,
  quantile,
  // suite traces
  priceHistory,
  availability,
  priceAvailability,
];
