import { existsSync } from "node:fs";
import { describe } from "vitest";

/** The shared data folder beside the project. Nothing of it is in the tree. */
export const sharedData = new URL("../../../shared/data", import.meta.url).pathname;
export const skynomadRoot = `${sharedData}/skynomad`;
export const dimeRoot = `${sharedData}/training-on-a-dime/logs/aws/cost`;
export const skypilotRoot = `${sharedData}/skypilot-spot-traces`;
export const convertedRoot = `${skynomadRoot}/data/converted_v100_4node_600s`;

const missing = ![skynomadRoot, dimeRoot, skypilotRoot].every(existsSync) && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: tests on real traces, ../shared/data is not there; REQUIRE_ALL=1 makes them fail");

/** Runs where the data is there, is skipped aloud where it is not, and fails then under REQUIRE_ALL=1. */
export const describeReal = describe.skipIf(missing);
