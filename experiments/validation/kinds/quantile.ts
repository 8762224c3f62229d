import { z } from "zod";
import { quantile as ofSorted } from "../../../sim/quantile.ts";
import { defineKind } from "../kind.ts";

export const quantile = defineKind({
  name: "quantile",
  summary: "Quantiles of type 7, linear between order statistics.",
  inputs: z.object({ x: z.array(z.number()).min(1) }),
  params: z.object({ q: z.array(z.number().min(0).max(1)) }),
  compute: ({ x }, { q }) => {
    const sorted = Float64Array.from(x).sort();
    return { values: q.map((each) => ofSorted(sorted, each)) };
  },
});
