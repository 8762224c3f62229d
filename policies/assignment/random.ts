import { inOrder } from "./in-order.ts";

/**
 * Any target with room, each as likely. The draw belongs to the work and to how often it has been placed: other work that
 * comes or goes moves the choice only by the room that it takes.
 */
export const random = inOrder(
  {
    name: "random",
    summary: "Each piece of work, in order of arrival, on any instance with room, all equally likely.",
    source: "Synkti, `Random` (synkti-orchestrator, assign.rs), drawn by (work, its k-th placement), not from a clock",
    details: [
      "The seed is that of the trace and the replicate, so every policy meets the same luck; in the live loop it is the name of the run.",
    ],
  },
  (work, targets, room, _costS, luck) => {
    let fitting = 0;
    for (let t = room.first; t < targets.length; t++) if (room.fits(t, work)) fitting++;
    let left = Math.floor(luck(work) * fitting);
    for (let t = room.first; t < targets.length; t++) if (room.fits(t, work) && left-- === 0) return t;
    return -1;
  },
);
