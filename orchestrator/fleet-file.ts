import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
// boundary-ok: a fleet names its policy and its cadence as a study does, by the same schema and with the same messages
import { cadenceSchema } from "../experiments/cloud-schema.ts";
import { faultsOf } from "../experiments/faults.ts"; // boundary-ok: as above
import { scenarioSchema } from "../experiments/scenario-schema.ts"; // boundary-ok: as above
import { parseStudyText } from "../experiments/study-text.ts"; // boundary-ok: as above
import type { FleetSpec, MarketSpec } from "../policies/contract/fleet.ts";
import { LIVE_CLOUD } from "../policies/contract/scenario.ts";
import type { UsdPerHour } from "../policies/contract/units.ts";
import { resolveScenario, ScenarioError, unfitFor } from "../policies/registry.ts";
import { catalogOf } from "../traces/catalog/catalog.ts";
import { TraceError } from "../traces/columns.ts";
import { TELEMETRY_EVENTS } from "./webhook.ts";

/** A fleet's file cannot be used: every fault with its place and what helps. */
export class FleetError extends Error {
  override readonly name = "FleetError";
}

const seconds = z.number().positive();
const pattern = (regex: RegExp, expected: string) => z.string().regex(regex, { error: `expected ${expected}` });

/** A fleet: one service in one region, where it may run, what decides, and what its instances are made of. Holds no secrets. */
export const fleetSchema = z.strictObject({
  fleet: pattern(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower case letters, digits and hyphens").describe(
    "its name, and the tag that marks what belongs to it",
  ),
  region: pattern(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region such as us-east-1"),
  markets: z
    .array(
      z.strictObject({
        instanceType: pattern(/^[a-z0-9-]+\.[a-z0-9-]+$/, "an instance type such as g5.xlarge"),
        zones: z.array(pattern(/^[a-z0-9-]+[a-z]$/, "a zone such as us-east-1a")).min(1),
        capacityTypes: z
          .array(z.enum(["spot", "onDemand"]))
          .min(1)
          .default(["spot"]),
        onDemandUsdPerHour: z.number().positive().exactOptional().describe("the catalog's where it is not here"),
      }),
    )
    .min(1)
    .describe("where it may run"),
  service: z
    .strictObject({
      name: pattern(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower case letters, digits and hyphens"),
      replicas: z.int().min(1).max(1000).describe("wanted ready"),
    })
    .describe("what runs: equal replicas of one model, one an instance"),
  policy: scenarioSchema.describe("what decides, as in a study"),
  cadence: cadenceSchema.default({ onChange: true, everyS: 60 }).describe("when it is asked"),
  launch: z
    .strictObject({ answerS: seconds, bootS: seconds, warmS: seconds, warmAgainS: seconds })
    .default({ answerS: 5, bootS: 60, warmS: 180, warmAgainS: 60 })
    .describe(
      "how long a launch is expected to take: answer, boot, weights and engine, the same from a disk that holds them",
    ),
  template: z
    .strictObject({
      imageId: pattern(/^ami-[0-9a-f]{8,17}$/, "an image such as ami-0123456789abcdef0"),
      subnets: z
        .record(z.string(), pattern(/^subnet-[0-9a-f]{8,17}$/, "a subnet"))
        .default({})
        .describe("by zone"),
      securityGroupIds: z.array(pattern(/^sg-[0-9a-f]{8,17}$/, "a security group")).default([]),
      instanceProfileArn: pattern(/^arn:aws[a-z-]*:iam::\d{12}:instance-profile\/\S+$/, "an ARN").exactOptional(),
    })
    .exactOptional()
    .describe("what instances are made of; needed to launch any"),
  webhook: z
    .strictObject({ events: z.array(z.enum(TELEMETRY_EVENTS)).min(1) })
    .exactOptional()
    .describe("what is posted as JSON to the address in SYNKTI_WEBHOOK_URL, as it happens"),
  live: z
    .strictObject({
      targetGroupArn: pattern(
        /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/\S+$/,
        "the ARN of a target group",
      ).describe("of the balancer: which replicas are sent requests"),
      engine: z.strictObject({
        url: pattern(/^https?:\/\/[^\s/]+$/, "such as http://ADDRESS:8000")
          .default("http://ADDRESS:8000")
          .describe("of the model server on an instance; ADDRESS is the instance's own"),
        port: z.int().min(1).max(65535).default(8000).describe("where the balancer sends requests"),
        model: z.string().min(1).describe("as the model server lists it"),
      }),
      queueUrl: z.url({ error: "expected the URL of a queue" }).exactOptional().describe("of EventBridge's notices"),
      store: z
        .strictObject({
          bucket: pattern(/^[a-z0-9][a-z0-9.-]{2,62}$/, "the name of a bucket"),
          prefix: pattern(/^[\w./-]+\/$/, "a prefix that ends with /"),
        })
        .describe("where the lease and the journal's copy lie: of this fleet alone"),
      ssmDocument: pattern(/^[\w.-]{3,128}$/, "the name of a document")
        .exactOptional()
        .describe("what `orchestrate init` writes, in SSM: for fixed commands on an instance"),
      door: z
        .strictObject({
          account: pattern(/^\d{12}$/, "12 digits").describe("whose instances they are"),
          host: z.string().default("0.0.0.0").describe("the address it listens on"),
          port: z.int().min(0).max(65535).default(8443),
          identityCertificate: z.string().describe("a file: AWS's for RSA-2048 identity documents in this region"),
          certificate: z.string().describe("a file: the door's own certificate, for TLS"),
          key: z.string().describe("a file: its key, readable by this program's user alone"),
        })
        .exactOptional()
        .describe("where agents speak to the controller; files are named from where the command is started"),
      leaseS: z
        .number()
        .min(36) // an attempt of 10 s fits between two renewals, with the margin of 10 s before the end
        .max(600)
        .default(60)
        .describe("after so long without a word another host may take over"),
    })
    .exactOptional()
    .describe("where it acts; needed to act"),
  pollS: seconds.default(5).describe("between two looks at the fleet"),
  pricesEveryS: seconds.default(60).describe("between two looks at the prices"),
});
export type FleetFile = z.infer<typeof fleetSchema>;

/** A fleet's file, read and looked up. */
export interface Fleet {
  readonly file: FleetFile;
  readonly spec: FleetSpec;
  readonly onDemandUsdPerHour: Readonly<Record<string, UsdPerHour>>;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/** @throws FleetError with every fault, as file:line:column: what was expected. */
export function readFleet(path: string): Fleet {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FleetError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); correct the path`);
  }
  const written = parseStudyText(text, path);
  if (written.faults.length > 0) throw new FleetError(written.faults.join("\n"));
  const parsed = fleetSchema.safeParse(written.value);
  if (!parsed.success) {
    const faults = faultsOf(parsed.error, written.value, z.toJSONSchema(fleetSchema, { io: "input" }));
    throw new FleetError(faults.map(({ path, atKey, text }) => `${written.place(path, atKey)}: ${text}`).join("\n"));
  }
  const faults = faultsIn(parsed.data);
  if (faults.length > 0) throw new FleetError(faults.map(({ at, text }) => `${written.place(at)}: ${text}`).join("\n"));
  const { markets, onDemandUsdPerHour } = marketsOf(parsed.data, (at) => written.place(at));
  return {
    file: parsed.data,
    spec: { markets, launch: parsed.data.launch },
    onDemandUsdPerHour,
    sha256: createHash("sha256").update(text).digest("hex"),
  };
}

interface FaultAt {
  readonly at: readonly (string | number)[];
  readonly text: string;
}

function faultsIn(file: FleetFile): FaultAt[] {
  const faults: FaultAt[] = [];
  const seen = new Set<string>();
  for (const [m, { instanceType, zones, capacityTypes }] of file.markets.entries()) {
    for (const [z, zone] of zones.entries()) {
      const at = ["markets", m, "zones", z];
      if (!zone.startsWith(file.region)) {
        faults.push({
          at,
          text: `${zone} is not in ${file.region}; a fleet has one region, so give each its own file`,
        });
      }
      for (const capacityType of capacityTypes) {
        const key = `${instanceType} ${zone} ${capacityType}`;
        if (seen.has(key)) faults.push({ at, text: `the market ${key} is there twice; remove one` });
        seen.add(key);
      }
    }
  }
  const groupRegion = file.live?.targetGroupArn.split(":")[3];
  if (groupRegion !== undefined && groupRegion !== file.region) {
    faults.push({
      at: ["live", "targetGroupArn"],
      text: `the target group is in ${groupRegion}, the fleet in ${file.region}; name one there`,
    });
  }
  for (const zone of Object.keys(file.template?.subnets ?? {})) {
    if (file.markets.some(({ zones }) => zones.includes(zone))) continue;
    faults.push({
      at: ["template", "subnets", zone],
      text: `no market is in ${zone}; remove the subnet, or add the zone`,
    });
  }
  try {
    const decisions = resolveScenario(file.policy);
    const unfit =
      decisions.scheduling.sight === "clairvoyant"
        ? `${decisions.label} plans with the future; choose a causal policy`
        : unfitFor(decisions, "serving", LIVE_CLOUD, file.cadence);
    if (unfit !== undefined) faults.push({ at: ["policy"], text: unfit });
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    faults.push({ at: ["policy"], text: error.message });
  }
  return [...faults, ...secretsIn(file, [])];
}

/** What looks like a key of AWS has no place in a file that is shown and stored. */
const SECRET = /\b(AKIA|ASIA)[A-Z0-9]{16}\b|aws_secret_access_key/;

function secretsIn(value: unknown, at: readonly (string | number)[]): FaultAt[] {
  if (typeof value === "string") {
    if (!SECRET.test(value)) return [];
    return [
      { at, text: "this looks like a credential; take it out, and give it by the environment or an instance role" },
    ];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, [...at, key]));
}

function marketsOf(
  { region, markets }: FleetFile,
  place: (at: readonly (string | number)[]) => string,
): { readonly markets: MarketSpec[]; readonly onDemandUsdPerHour: Record<string, UsdPerHour> } {
  const catalog = catalogOf([]);
  const specs: MarketSpec[] = [];
  const onDemandUsdPerHour: Record<string, UsdPerHour> = {};
  for (const [m, market] of markets.entries()) {
    try {
      const { instanceType, zones, capacityTypes } = market;
      const { gpuMemoryMiB, networkMiBPerS } = catalog.type(instanceType);
      for (const zone of zones) {
        for (const capacityType of capacityTypes) {
          specs.push({ instanceType, region, zone, capacityType, slots: 1, gpuMemoryMiB, networkMiBPerS });
        }
      }
      if (!capacityTypes.includes("onDemand")) continue;
      onDemandUsdPerHour[instanceType] = market.onDemandUsdPerHour ?? catalog.usdPerHour(instanceType, region);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      throw new FleetError(`${place(["markets", m, "instanceType"])}: ${error.message}`);
    }
  }
  return { markets: specs, onDemandUsdPerHour };
}
