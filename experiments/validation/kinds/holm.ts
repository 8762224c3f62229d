import { z } from "zod";
import { holm as adjusted } from "../../statistics/holm.ts";
import { defineKind } from "../kind.ts";

export const holm = defineKind({
  name: "holm",
  summary: "p values adjusted for their number by Holm's step-down method, in the order given.",
  inputs: z.object({ p: z.array(z.number()) }),
  params: z.object({}),
  compute: ({ p }) => ({ adjusted: adjusted(p) }),
});
