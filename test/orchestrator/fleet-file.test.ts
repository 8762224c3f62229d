import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FleetError, readFleet } from "../../orchestrator/fleet-file.ts";

const GOOD = `fleet: chat
region: us-east-1
markets:
  - instanceType: g5.xlarge
    zones: [us-east-1a, us-east-1b]
    capacityTypes: [spot, onDemand]
service: { name: chat, replicas: 2 }
policy:
  scheduling: { name: spot-hedge, params: { extraReplicas: 1 } }
  wrappers: [{ name: with-capacity-memory }]
  assignment: earliest-node
  caps: { instances: 5 }
cadence: { onChange: true, everyS: 5 }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(text: string) {
  const path = join(folder, "fleet.yaml");
  writeFileSync(path, text);
  return readFleet(path);
}

function faultOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(FleetError);
    return (error as Error).message.replaceAll(`${folder}/`, "");
  }
  throw new Error("nothing is wrong with it");
}

describe("a fleet's file", () => {
  it("gives a market for each type, zone and capacity type, with what the catalog knows of the type", () => {
    const { spec, onDemandUsdPerHour } = read(GOOD);
    expect(spec.markets.map(({ zone, capacityType }) => `${zone} ${capacityType}`)).toEqual([
      "us-east-1a spot",
      "us-east-1a onDemand",
      "us-east-1b spot",
      "us-east-1b onDemand",
    ]);
    expect(spec.markets[0]).toMatchObject({ instanceType: "g5.xlarge", region: "us-east-1", slots: 1 });
    expect(onDemandUsdPerHour["g5.xlarge"]).toBeGreaterThan(0.5);
  });

  it.each([
    ["an unknown key, and the one that was meant", GOOD.replace("region:", "regoin:"), 'did you mean "region"'],
    [
      "a region that is none",
      GOOD.replace("region: us-east-1", "region: Virginia"),
      "fleet.yaml:2:9: region: expected a region such as us-east-1",
    ],
    [
      "a zone of another region",
      GOOD.replace("us-east-1b", "us-west-2b"),
      "fleet.yaml:5:25: us-west-2b is not in us-east-1",
    ],
    ["a market that is there twice", GOOD.replace("us-east-1b", "us-east-1a"), "is there twice; remove one"],
    ["an instance type that nobody knows", GOOD.replace("g5.xlarge", "g55.xlarge"), "did you mean g5.xlarge"],
    ["a policy that is not listed", GOOD.replace("name: spot-hedge", "name: spot-hedg"), 'did you mean "spot-hedge"'],
    [
      "a policy for other work",
      GOOD.replace("{ name: spot-hedge, params: { extraReplicas: 1 } }", "greedy"),
      "(greedy) does not decide for the workload serving",
    ],
    [
      "a policy that knows the future",
      GOOD.replace("{ name: spot-hedge, params: { extraReplicas: 1 } }", "omniscient-replicas"),
      "plans with the future; choose a causal policy",
    ],
    [
      "a policy without the grid it needs",
      GOOD.replace(", everyS: 5", ""),
      "(spot-hedge) must be asked at regular times; set cadence.everyS",
    ],
    ["parameters that do not fit", GOOD.replace("extraReplicas: 1", "extraReplicas: -1"), "extraReplicas"],
    [
      "a subnet where no market is",
      `${GOOD}template: { imageId: ami-0123456789abcdef0, subnets: { us-east-1f: subnet-01234567 } }\n`,
      "no market is in us-east-1f",
    ],
    [
      "a credential, wherever it stands",
      GOOD.replace("  assignment: earliest-node", "  id: AKIAIOSFODNN7EXAMPLE\n  assignment: earliest-node"),
      "this looks like a credential; take it out",
    ],
    ["what is no YAML", "fleet: [", "not YAML"],
    [
      "hostile text in a name",
      GOOD.replace("fleet: chat", 'fleet: "$(rm -rf .)"'),
      "expected lower case letters, digits and hyphens",
    ],
  ])("is refused for %s, at its place", (_, text, message) => {
    expect(faultOf(text)).toContain(message);
    expect(faultOf(text)).toMatch(/^fleet\.yaml:\d+:\d+: /);
  });

  it("as the page shows one can be used as it stands", () => {
    const page = readFileSync(new URL("../../docs/live.md", import.meta.url), "utf8");
    const [shown = ""] = /^ {4}fleet: chat\n(?: {4}.*\n)+/m.exec(page) ?? [];
    expect(read(shown.replace(/^ {4}/gm, "")).spec.markets).toHaveLength(4);
  });

  it("that is not there is named", () => {
    expect(() => readFleet(join(folder, "none.yaml"))).toThrow("none.yaml: cannot be read (ENOENT); correct the path");
  });
});
