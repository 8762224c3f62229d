import { z } from "zod";
import { defineFailover } from "../contract/failover.ts";
import { earlyStart } from "./early-start.ts";

export const reroute = defineFailover({
  name: "reroute",
  summary: "A replica under notice is stopped at once; its requests begin again on the others.",
  source: "Miao et al., SpotServe, ASPLOS 2024, section 6.1: Rerouting",
  params: z.strictObject({ earlyStart }),
  rules: (params) => ({ atNotice: "cut", drainMaxS: 0, marginS: 0, ...params }),
});
