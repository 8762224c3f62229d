import { z } from "zod";
import { defineFailover } from "../contract/failover.ts";
import { earlyStart } from "./early-start.ts";

const share = z.number().min(0).max(1);

export const migrate = defineFailover({
  name: "migrate",
  summary:
    "What a replica under notice has in flight moves to the others with its caches, as far as the time left allows; the rest begins again.",
  source:
    "Synkti (synkti-simulation, checkpoint.rs): full from 0.8, partial from 0.3, else restart. Moving caches: Miao et al., SpotServe, ASPLOS 2024, section 4",
  details: [
    "The share of its caches that passes its card in the time left: from `fullFrom` on all of it is sent, and what does not arrive is read again; from `partialFrom` on as much of each cache, from its beginning, as is through `marginS` before the reclaim; below, requests begin again elsewhere at once.",
    "It takes requests until a move of all it holds would just be through `marginS` before the reclaim (as long as `drain` does where nobody tells what that is), or until the service has enough other replicas. While it moves it answers those on whose caches it is not their turn.",
    "Synkti takes the whole notice as the time left, whatever is left of it, and the whole card for each task.",
    "`through: storage` writes checkpoints that whoever takes the requests later reads back: nobody has to be there yet. Where nobody else takes requests, the replica serves to its last moment and does the same.",
    "The caches of other replicas' requests pass the same cards, one after the other. On a host whose engines give no caches away a move is a restart.",
  ],
  params: z
    .strictObject({
      fullFrom: share.default(0.8).describe("from this share on, all of it"),
      partialFrom: share.default(0.3).describe("from this share on, as much as that; below, nothing"),
      otherwise: z
        .enum(["restart", "recompute"])
        .default("restart")
        .describe("restart: from the first token on; recompute: prompt and tokens so far are read again, and kept"),
      through: z
        .enum(["replicas", "storage", "nothing"])
        .default("replicas")
        .describe("which way caches go; nothing: they stay, and all of it is read again"),
      drainMaxS: z.number().nonnegative().default(115).describe("longest time that a move may take, seconds"),
      marginS: z
        .number()
        .nonnegative()
        .default(10)
        .describe(
          "how long before the reclaim a move is to be through, seconds; what is not through by the reclaim is read again",
        ),
      earlyStart,
    })
    .refine(({ fullFrom, partialFrom }) => partialFrom <= fullFrom, {
      path: ["partialFrom"],
      message: "expected at most fullFrom",
    }),
  rules: ({ fullFrom, partialFrom, otherwise, through, ...rest }) => ({
    atNotice: "move",
    move: { fullFrom, partialFrom, otherwise, through },
    ...rest,
  }),
});
