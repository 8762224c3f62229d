import { z } from "zod";
import { replicaMix } from "../../../policies/scheduling/spot-hedge.ts";
import { defineKind } from "../kind.ts";

const count = z.int().nonnegative();

export const fallback = defineKind({
  name: "fallback",
  summary: "SkyPilot's arithmetic of the fallback: replicas on spot and on-demand for so many that are ready on spot.",
  policies: ["skypilot"],
  inputs: z.object({}),
  params: z.object({
    target: count,
    numOverprovision: count,
    baseOndemand: count,
    dynamic: z.boolean(),
    readySpot: count,
  }),
  compute: (_inputs, { target, numOverprovision: extra, baseOndemand: base, dynamic, readySpot }) => ({
    ...replicaMix({ wanted: target, extra, base, fallback: dynamic }, readySpot),
  }),
});
