import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../rules/project-files.ts";
import { start } from "../support/command.ts";

// From a study to a manifest: a service of two replicas on generated markets, eight of them.

const POLICY = `
    scheduling: { name: spot-hedge, params: { extraReplicas: 1 } }
    wrappers: [{ name: with-capacity-memory }]
    assignment: earliest-node
    caps: { instances: 8 }`;
const STUDY = `question: May the hedge run?
traces:
  - { name: p3-like, generate: { preset: p3-2023 }, windows: { lengthH: 12, seeds: 8 } }
onDemandUsdPerHour: 3.06
workload: { model: serving, params: { replicas: 2 } }
cloud:
  profile: aws
  interruptions: { model: capacity }
  visibility: tried
  depth: observed
  slotsPerInstance: 1
  noticeLeadS: { kind: constant, value: 110 }
  launchS:
    boot: { kind: constant, value: 40 }
    imagePull: { kind: constant, value: 20 }
    engineStart: { kind: constant, value: 60 }
cadence: { onChange: true, everyS: 60 }
policies:
  - { id: on-demand, scheduling: on-demand-only, assignment: earliest-node }
  - id: hedge${POLICY}
baseline: on-demand
primary: { metric: costUsd, comparisons: [[hedge, on-demand]] }
`;
const FLEET = `fleet: chat
region: us-east-1
markets:
  - { instanceType: p3.2xlarge, zones: [us-east-1a, us-east-1b], capacityTypes: [spot, onDemand] }
service: { name: chat, replicas: 2 }
policy:${POLICY}
cadence: { onChange: true, everyS: 60 }
`;

let folder: string;
const at = (name: string) => join(folder, name);
const orchestrate = (...args: string[]) => start("orchestrator/main.ts", args).ended;
const promote = (...more: string[]) =>
  orchestrate("promote", at("results"), "--policy", "hedge", "--fleet", at("fleet.yaml"), ...more);
const edit = (name: string, from: string, to: string) =>
  writeFileSync(at(name), readFileSync(at(name), "utf8").replace(from, to));

describe("from a study to a manifest", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "promote-"));
    writeFileSync(at("study.yaml"), STUDY);
    writeFileSync(at("fleet.yaml"), FLEET);
    const args = ["experiments/main.ts", at("study.yaml"), "--out", at("results"), "--jobs", "1"];
    const study = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(study.status, study.stderr).toBe(0);
    // This test may run on changes that are not committed; that they count is shown in test/policies/manifest.test.ts.
    edit("results/manifest.json", '"dirty": true', '"dirty": false');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it("a policy that passes its gates gets one, which holds for its fleet and no other, and for its code", async () => {
    const gates = ["--gate", "costUsd ratio <= 0.99", "--gate", "availableShare >= 0.5"];
    const promoted = await promote(...gates, "--out", at("m.json"));
    expect(promoted, promoted.err).toMatchObject({ code: 0 });
    const manifest = JSON.parse(readFileSync(at("m.json"), "utf8"));
    expect(manifest).toMatchObject({ fleet: "chat", region: "us-east-1", looks: 1, stage: "shadow" });
    expect(manifest.gates[0].end).toBeLessThan(0.99);
    expect(await orchestrate("verify-manifest", at("m.json"), "--fleet", at("fleet.yaml"))).toMatchObject({ code: 0 });

    writeFileSync(at("other.yaml"), FLEET.replace("fleet: chat", "fleet: search"));
    const other = await orchestrate("verify-manifest", at("m.json"), "--fleet", at("other.yaml"));
    expect(other).toMatchObject({ code: 2 });
    expect(other.err).toContain("fleet does not match: it allows another fleet; promote for this one");

    writeFileSync(at("forged.json"), JSON.stringify({ ...manifest, expires: "2099-01-01T00:00:00.000Z" }));
    const forged = await orchestrate("verify-manifest", at("forged.json"), "--fleet", at("fleet.yaml"));
    expect(forged.err).toContain("sha256 does not match: it was changed after it was written; promote again");
    // Nothing is written over, and each look counts.
    expect(await promote(...gates, "--out", at("m.json"))).toMatchObject({ code: 2 });
    await promote(...gates, "--out", at("m2.json"));
    expect(JSON.parse(readFileSync(at("m2.json"), "utf8")).looks).toBe(3);
  }, 60_000);

  it.each([
    [
      "a gate that does not hold on the interval's end",
      ["--gate", "costUsd ratio <= 0.01"],
      "does not hold: the interval is",
    ],
    ["a gate on what the study did not measure", ["--gate", "happiness >= 1"], "the study has no interval of it"],
    ["no gate", [], "no gate: say what the policy must have proved"],
    ["a gate that is none", ["--gate", "cheap"], "expected METRIC [ratio] <= NUMBER"],
  ])(
    "and none for %s",
    async (_, gates, message) => {
      const refused = await promote(...gates, "--out", at("none.json"));
      expect(refused.code).toBe(2);
      expect(refused.err).toContain(message);
      expect(refused.err).not.toContain("    at ");
    },
    30_000,
  );

  it("and none for a fleet that would run something else", async () => {
    writeFileSync(at("looser.yaml"), FLEET.replace("instances: 8", "instances: 80"));
    const refused = await orchestrate(
      ...["promote", at("results"), "--policy", "hedge", "--fleet", at("looser.yaml")],
      ...["--gate", "costUsd ratio <= 0.99", "--out", at("none.json")],
    );
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("caps differs between study and fleet");
  }, 30_000);
});
