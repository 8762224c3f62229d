import { describe, expect, test } from "vitest";
import { profiles } from "../../sim/profiles.ts";
import { projectPaths, readProjectFile } from "./project-files.ts";

// All policies and all validation targets run through the one engine, cloud and meter; what differs between a provider and a
// paper is a timing profile, which is data. A second loop would be a second set of bugs to compare with.

const modules = projectPaths()
  .filter((file) => /^(policies|sim|traces|experiments|reports|orchestrator)\/.*\.ts$/.test(file))
  .map(readProjectFile);
const holding = (pattern: RegExp) => modules.filter(({ source }) => pattern.test(source)).map(({ file }) => file);

describe("there is one engine", () => {
  test.each([
    // What asks policies: the engine, the live loop, and the replay of its journal.
    ["Decider", ["orchestrator/loop.ts", "orchestrator/replay.ts", "sim/simulate.ts"]],
    // Tried out by the grid for its refusals, run by the engine.
    ["SimWorld", ["experiments/grid.ts", "sim/simulate.ts"]],
    ["SimulatedCloud", ["sim/world.ts"]],
    ["Meter", ["experiments/backtest/lives.ts", "sim/world.ts"]],
    ["EventQueue", ["sim/world.ts"]],
  ])("a %s is made where it is expected, and nowhere else", (made, files) => {
    expect(holding(new RegExp(`new ${made}\\(`))).toEqual(files);
  });

  test("a policy's decide is called by the decider, and by policies around policies: wrappers and laws", () => {
    const callers = holding(/\.decide\(/).filter((file) => !file.startsWith("policies/wrappers/"));
    expect(callers).toEqual(["experiments/validation/kinds/serving-toy.ts", "policies/decider.ts", "policies/laws.ts"]);
  });
});

describe("a timing profile is data", () => {
  const named = new RegExp(`"(${Object.keys(profiles).join("|")})"`);

  test("no code of engine or decisions names one: they are listed, chosen by a study, named by a bound and by what may go live", () => {
    const lines = modules
      .filter(({ file }) => /^(policies|sim|orchestrator)\//.test(file) && file !== "sim/profiles.ts")
      .flatMap(({ file, source }) =>
        source.split("\n").flatMap((line) => (named.test(line) ? [`${file}: ${line.trim()}`] : [])),
      );
    const others = lines.filter(
      // One policy is called as its paper is, and so is the paper's profile.
      (line) =>
        !/: (export type ProfileName = |bound: \{|export const LIVE_CLOUD)/.test(line) &&
        line !== 'policies/scheduling/spotserve.ts: name: "spotserve",',
    );
    expect(lines.length).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });

  test("and none is told from another by its name, but to say what a policy is fit for", () => {
    expect(holding(/profile(\.name|Name)?\s*[!=]==?|switch \((\w+\.)*profile/)).toEqual([
      "policies/manifest/promotable.ts",
      "policies/registry.ts",
    ]);
  });
});
