import { z } from "zod";

/** The parameter of every way to fail over. */
export const earlyStart = z
  .boolean()
  .default(false)
  .describe("a recommendation to rebalance starts the replacement; the replica serves on until that is there");
