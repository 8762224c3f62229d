import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { preparedStudy } from "../../../experiments/prepared-study.ts";
import { loadStudy } from "../../../experiments/study.ts";
import { scoreboardJsonSchema } from "../../../experiments/suite/scoreboard.ts";
import { assertFrozen, readSuite, worldOf } from "../../../experiments/suite/suite-file.ts";
import { root } from "../../rules/project-files.ts";
import { describeReal, skynomadRoot } from "../../traces/real-data.ts";
import { studyFile } from "../support/studies.ts";

const suite = readSuite(root, "spot-2026");
const worldOfStudy = async (path: string, sets: readonly string[] = []) =>
  worldOf(await preparedStudy(loadStudy(path, sets), root));
const tracks = (where: string) => suite.tracks.filter(({ id }) => id.endsWith(where));

// A change that makes these fail has made another suite: what papers have compared on this one would mean something else.
describe("spot-2026 is what it was when it was frozen", () => {
  test("in three kinds of work, drawn and measured", () => {
    expect(suite.tracks.map(({ id }) => id)).toEqual(
      ["drawn", "measured"].flatMap((where) => ["tasks", "job", "service"].map((work) => `${work}-${where}`)),
    );
  });

  test.each(tracks("-drawn"))("$id", async (track) => {
    expect(await worldOfStudy(join(suite.folder, track.study))).toEqual({
      settings: track.settings,
      traces: track.traces,
    });
  });
});

describeReal("spot-2026 on its data set", () => {
  test.each(tracks("-measured"))("$id is what it was", async (track) => {
    expect(await worldOfStudy(join(suite.folder, track.study), [`traces.root=${skynomadRoot}`])).toEqual({
      settings: track.settings,
      traces: track.traces,
    });
  });
});

describe("a frozen world", () => {
  test("is the same whoever is compared in it and however it is described, and another with another setting or price", async () => {
    const world = await worldOfStudy(studyFile());
    const track = { id: "small", study: "study.yaml", ...world };
    const changed = (...changes: readonly (readonly [string, string])[]) => worldOfStudy(studyFile(changes));
    const others = await changed(["question: Which is cheaper?", "# said anew\nquestion: Which?"], [
      "  - { id: greedy, scheduling: greedy, ", // biome-ignore format: a line of the study
      "  - { id: other, scheduling: random-policy, ".replace("random-policy", "on-demand-fallback"),
    ], ["[[greedy, on-demand]]", "[[other, on-demand]]"]); // biome-ignore format: pairs
    expect(others).toEqual(world);
    assertFrozen(track, "a suite", others);
    const drained = await changed(["drainH: 12", "drainH: 13"]);
    expect(() => assertFrozen(track, "a suite", drained)).toThrow(
      /^a suite, small: its settings come to \w+, and \w+ was frozen/,
    );
    const seeded = await changed(["seeds: 2", "seeds: 3"]);
    expect(() => assertFrozen({ ...track, settings: seeded.settings }, "a suite", seeded)).toThrow(
      /its traces come to/,
    );
  });

  test("of which one price of a measured trace is another is refused", async () => {
    const csv = (usd: number) =>
      `timestamp,price\n2023-01-01T00:00:00Z,${usd}\n2023-01-01T12:00:00Z,0.5\n2023-01-03T00:00:00Z,0.4\n`;
    const study = studyFile([
      ["    generate: { preset: synkti-seed }\n    windows: { lengthH: 24, seeds: 2 }", "    files: [p.csv]\n    map: { time: timestamp, price: price }\n    instanceType: seed.24gb\n    zone: z\n    windows: { lengthH: 12 }"],
    ]); // biome-ignore format: lines of the study
    const of = async (usd: number) => {
      writeFileSync(join(dirname(study), "p.csv"), csv(usd));
      return worldOfStudy(study);
    };
    const world = await of(0.3);
    expect((await of(0.3)).traces).toBe(world.traces);
    expect((await of(0.31)).traces).not.toBe(world.traces);
  });
});

test("the scoreboard's schema that ships is the one that is written and read", () => {
  const shipped = readFileSync(join(root, "experiments", "suites", "scoreboard.schema.json"), "utf8");
  expect(JSON.parse(shipped)).toEqual(scoreboardJsonSchema());
});
