import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { TraceTable } from "../../traces/trace-table.ts";
import { digestOf } from "../digest.ts";
import type { PreparedStudy } from "../prepared-study.ts";
import { tableOf } from "../tables.ts";
import { readYaml } from "../yaml-file.ts";

const digest = z.string().regex(/^[\da-f]{64}$/, "expected a sha256 in hex");

const suiteSchema = z.strictObject({
  suite: z.string().regex(/^[a-z\d-]+$/),
  about: z.string(),
  tracks: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z\d-]+$/),
        study: z
          .string()
          .regex(/^[\w-]+\.yaml$/)
          .describe("beside this file"),
        settings: digest.describe("of all that the study says but its policies and what is compared"),
        traces: digest.describe("of every price and capacity that its runs meet"),
      }),
    )
    .min(1),
});
export type Suite = z.infer<typeof suiteSchema> & { readonly folder: string };
export type Track = Suite["tracks"][number];

/** What a suite froze is not what is found. */
export class SuiteError extends Error {
  override readonly name = "SuiteError";
}

/** @param root of the workbench. @param name of one that ships, or the path of a suite.yaml. @throws StudyError */
export function readSuite(root: string, name: string): Suite {
  const path = /^[a-z\d-]+$/.test(name) ? join(root, "experiments", "suites", name, "suite.yaml") : name;
  return { ...readYaml(path, suiteSchema), folder: dirname(path) };
}

/** What a track's study comes to on this machine. */
export type World = Pick<Track, "settings" | "traces">;

/**
 * Digests of the world that policies are compared in. Times are taken in milliseconds and values to nine digits, so that the last bit of a
 * logarithm, which differs between builds of Node, does not make another suite.
 */
export function worldOf({ loaded, grid }: Pick<PreparedStudy, "loaded" | "grid">): World {
  // As it is written, so that a setting that studies come to have, with a default, makes no other suite.
  const written = parse(readFileSync(loaded.path, "utf8")) as Readonly<Record<string, unknown>>;
  const { policies: _, baseline: __, question: ___, primary: ____, ...settings } = written;
  const units = new Map(grid.cells.map(({ spec, table }) => [`${spec.trace}/${spec.unit}/${spec.fromS}`, table]));
  return {
    settings: digestOf({ ...settings, metric: loaded.study.primary.metric }),
    traces: digestOf([...units].map(([unit, table]) => [unit, contents(tableOf(grid.tables.get(table)!))])),
  };
}

/** Every step of every market. */
function contents(table: TraceTable): string {
  return digestOf(
    table.markets.map(({ instanceType, region, zone, capacityType }, market) => [
      [instanceType, region, zone, capacityType],
      steps(
        (timeS) => table.nextPriceChangeS(market, timeS),
        (timeS) => table.priceUsdPerHourAt(market, timeS),
      ),
      steps(
        (timeS) => table.nextCapacityChangeS(market, timeS),
        (timeS) => table.capacityAt(market, timeS),
      ),
    ]),
  );
}

function steps(next: (timeS: number) => number, value: (timeS: number) => number): string[] {
  const found: string[] = [];
  for (let timeS = 0; timeS !== Infinity; timeS = next(timeS)) {
    found.push(`${timeS.toFixed(3)} ${value(timeS).toPrecision(9)}`);
  }
  return found;
}

/** @throws SuiteError that says which of the two differs, and what then. */
export function assertFrozen({ id, settings, traces }: Track, suite: string, found: World): void {
  const differs = (what: string, frozen: string, ours: string, remedy: string) =>
    new SuiteError(
      `${suite}, ${id}: its ${what} come to ${ours.slice(0, 12)}, and ${frozen.slice(0, 12)} was frozen; ${remedy}`,
    );
  if (found.settings !== settings) {
    throw differs("settings", settings, found.settings, "restore its study, or make a suite of another name");
  }
  if (found.traces !== traces) {
    throw differs(
      "traces",
      traces,
      found.traces,
      "get the data set anew, or use the workbench that the suite came with",
    );
  }
}
