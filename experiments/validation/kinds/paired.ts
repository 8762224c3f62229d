import { z } from "zod";
import { paired as described } from "../../statistics/paired.ts";
import { signFlip } from "../../statistics/sign-flip.ts";
import { defineKind } from "../kind.ts";

/** 2^24 sign vectors are counted within a second or two. */
const PAIRS_MAX = 24;

export const paired = defineKind({
  name: "paired",
  summary: "Paired differences, their exact sign-flip p values, and the shares of pairs below and equal.",
  inputs: z.object({
    baseline: z.array(z.number()),
    candidate: z.array(z.number()).max(PAIRS_MAX),
  }),
  params: z.object({}),
  compute: ({ baseline, candidate }) => {
    const { differences, n, meanDifference, ratioOfMeans, sdDifference, shareBelow, shareEqual } = described(
      candidate,
      baseline,
    );
    const { p, less, greater } = signFlip(differences, "not drawn from", PAIRS_MAX);
    return {
      n,
      meanDifference,
      ratioOfMeans,
      sdDifference,
      signFlipP: p,
      signFlipPLess: less,
      signFlipPGreater: greater,
      shareBelow,
      shareEqual,
    };
  },
});
