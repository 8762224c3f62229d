import { z } from "zod";
import { defineFailover } from "../contract/failover.ts";
import { earlyStart } from "./early-start.ts";

export const serveOn = defineFailover({
  name: "serve-on",
  summary:
    "A replica under notice takes requests until its end; what is then in flight is lost. The replacement starts at the notice.",
  source: "Mao et al., SkyServe, EuroSys 2025, section 4: notices are not used, clients retry",
  details: ["What a study that names no failover does."],
  params: z.strictObject({ earlyStart }),
  rules: (params) => ({ atNotice: "serve", drainMaxS: 0, marginS: 0, ...params }),
});
