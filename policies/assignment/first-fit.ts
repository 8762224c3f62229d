import { type Choose, inOrder } from "./in-order.ts";

/** Targets come in id order, which is the order of their launch: the first that fits was launched first. */
export const firstWithRoom: Choose = (work, targets, room) => {
  for (let t = room.first; t < targets.length; t++) if (room.fits(t, work)) return t;
  return -1;
};

export const firstFit = inOrder(
  {
    name: "first-fit",
    summary: "Each piece of work, in order of arrival, on the first instance with room, in order of launch.",
    source: "Synkti, first-fit, also called naive (crates/synkti-simulation)",
    details: [
      "The floor that the others are measured against. Synkti's own walked a randomised hash map, so it was a random fit; with the order of launch it is the same rule as earliest-node, and the two names share one piece of code.",
    ],
  },
  firstWithRoom,
);
