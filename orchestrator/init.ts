import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shadowPolicy } from "./aws/iam-policy.ts";
import { ssmDocument } from "./aws/ssm-document.ts";

export interface NewFleet {
  readonly fleet: string;
  readonly region: string;
  readonly account: string;
  readonly instanceType: string;
}

/** The files of a fleet cannot be written: says which, and what helps. */
export class InitError extends Error {
  override readonly name = "InitError";
}

/**
 * Writes what a fleet begins with into a folder: its commented file, the policy of a role that watches it, the document of SSM, and
 * the commands of AWS's own client that make what it acts on.
 * @returns the paths
 * @throws InitError for a name that is none, or where one of the files is there already; then none is written
 */
export function initFleet(folder: string, about: NewFleet): readonly string[] {
  const { fleet, region, account } = about;
  for (const [name, { pattern, expected }] of Object.entries(EXPECTED)) {
    const value = about[name as keyof NewFleet];
    if (!pattern.test(value)) throw new InitError(`${name} ${JSON.stringify(value)}: expected ${expected}`);
  }
  const filled = (template: string): string =>
    readFileSync(new URL(`./templates/${template}`, import.meta.url), "utf8").replace(
      /\{\{(\w+)\}\}/g,
      (_, name: keyof NewFleet) => about[name],
    );
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  const arn = (service: string, name: string) => `arn:aws:${service}:${region}:${account}:${name}`;
  const queuePolicy = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: arn("sqs", `synkti-${fleet}`),
        Condition: { ArnEquals: { "aws:SourceArn": arn("events", `rule/synkti-${fleet}`) } },
      },
    ],
  };
  return written(folder, [
    ["fleet.yaml", filled("fleet.yaml"), 0o644],
    ["shadow-policy.json", json(shadowPolicy()), 0o644],
    ["ssm-document.json", json(ssmDocument()), 0o644],
    ["queue-policy.json", json({ Policy: JSON.stringify(queuePolicy) }), 0o644],
    ["setup.sh", filled("setup.sh"), 0o755],
  ]);
}

/** All of it goes into a script, so nothing but such names. */
const EXPECTED: Readonly<Record<keyof NewFleet, { readonly pattern: RegExp; readonly expected: string }>> = {
  fleet: { pattern: /^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/, expected: "2 to 32 lower case letters, digits and hyphens" },
  region: { pattern: /^[a-z]{2}(-[a-z]+)+-\d$/, expected: "a region such as us-east-1" },
  account: { pattern: /^\d{12}$/, expected: "12 digits" },
  instanceType: { pattern: /^[a-z0-9-]+\.[a-z0-9-]+$/, expected: "an instance type such as g5.xlarge" },
};

function written(folder: string, files: readonly (readonly [name: string, text: string, mode: number])[]): string[] {
  const done: string[] = [];
  for (const [name, text, mode] of files) {
    const path = join(folder, name);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, text, { flag: "wx", mode });
      done.push(path);
    } catch (error) {
      for (const each of done) rmSync(each);
      const { code } = error as NodeJS.ErrnoException;
      const why = code === "EEXIST" ? "is there already" : `cannot be written (${code})`;
      throw new InitError(`${path}: ${why}; name a new folder`);
    }
  }
  return done;
}
