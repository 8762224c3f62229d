import { z } from "zod";
import { defineKind } from "../kind.ts";
import { costMatrix, solved } from "./assignment.ts";

export const assignmentSlots = defineKind({
  name: "assignment-slots",
  summary: "As assignment, where target j takes up to slots[j] pieces.",
  inputs: z
    .object({ cost: costMatrix, slots: z.array(z.int().nonnegative()) })
    .refine(
      ({ cost, slots }) => cost.every((row) => row.length === slots.length),
      "slots and rows of cost are of different length; give one number for each target",
    ),
  params: z.object({}),
  compute: ({ cost, slots }) =>
    solved(
      cost,
      slots.flatMap((count, target) => new Array<number>(count).fill(target)),
    ),
});
