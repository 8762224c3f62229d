import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import type { PromotionManifest } from "../policies/manifest/manifest.ts";
import { ScenarioError } from "../policies/registry.ts";
import { REMOTE_VERBS } from "./aws/ssm-document.ts";
import { pricesSeen } from "./export.ts";
import { type Fleet, FleetError, readFleet } from "./fleet-file.ts";
import { FleetStory } from "./fleet-story.ts";
import { readJournal } from "./journal.ts";
import { JournalError, type JournalRecord } from "./journal-lines.ts";
import { ResumeError } from "./loop.ts";
import { type Replayed, replay } from "./replay.ts";
import { statusText } from "./status.ts";
import type { Stopped } from "./stop-switch.ts";
import { WebhookError } from "./webhook.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A command line that says nothing we can do. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What is told in one line, since whoever typed it can mend it. */
const TOLD = [JournalError, ScenarioError, UsageError, FleetError, ResumeError, WebhookError];
/** The same, of what is loaded only where it is needed. */
const TOLD_TOO = ["PromotionError", "PreflightError", "OperateError", "InitError"];

/**
 * `npm run orchestrate -- ...`. @returns the exit code: 0, 1 for a replay that came out otherwise, 2 for bad input, which is
 * named in one line on stderr.
 */
export async function orchestrateCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  try {
    await yargs([...args])
      .scriptName("npm run orchestrate --")
      .usage("$0 COMMAND\n\nThe live loop: the policy that a study compared, as the same object.")
      .command(
        "shadow <fleet>",
        "decide for a fleet at today's prices, and carry out nothing",
        (y) =>
          y
            .positional("fleet", { type: "string", demandOption: true, describe: "the fleet's file" })
            .option("journal", { type: "string", demandOption: true, requiresArg: true, describe: "a new file" })
            .option("manifest", {
              type: "string",
              requiresArg: true,
              describe: "of this fleet: begins only if it holds",
            })
            .option("port", { type: "number", requiresArg: true, describe: "of /metrics and /healthz, on 127.0.0.1" })
            .option("endpoint", { type: "string", requiresArg: true, describe: "of a double of AWS, for trials" })
            .option("for", { type: "number", requiresArg: true, describe: "seconds; until it is ended where absent" }),
        async ({ fleet, journal, manifest, port, endpoint, for: forS }) => {
          const read = readFleet(fleet);
          if (manifest !== undefined) await verified(manifest, read);
          const { runShadow } = await import("./shadow.ts");
          await runShadow({
            fleet: read,
            journal,
            signal: untilEnded(forS),
            ...(port === undefined ? {} : { port }),
            ...(endpoint === undefined ? {} : { endpoint }),
          });
        },
      )
      .command(
        "run <fleet>",
        "act for a fleet on its account, as far as its manifest allows",
        (y) =>
          y
            .positional("fleet", { type: "string", demandOption: true, describe: "the fleet's file" })
            .option("live", { type: "boolean", default: false, describe: "needed: without it nothing may be changed" })
            .option("manifest", { type: "string", requiresArg: true, describe: "needed: of a stage that acts" })
            .option("journal", {
              type: "string",
              demandOption: true,
              requiresArg: true,
              describe: "this host's file of it: gone on with where it is there, or where there is a copy",
            })
            .option("new-run", {
              type: "boolean",
              default: false,
              describe: "begin another run, as after a change of the fleet's file; the journal of before is set aside",
            })
            .option("port", { type: "number", requiresArg: true, describe: "of /metrics and /healthz, on 127.0.0.1" })
            .option("endpoint", { type: "string", requiresArg: true, describe: "of a double of AWS, for trials" })
            .option("for", { type: "number", requiresArg: true, describe: "seconds; until it is ended where absent" }),
        async ({ fleet, live, manifest: path, journal, newRun, port, endpoint, for: forS }) => {
          const read = readFleet(fleet);
          const lacking = [...(live ? [] : ["--live"]), ...(path === undefined ? ["--manifest"] : [])];
          if (path === undefined || lacking.length > 0) {
            throw new UsageError(
              `${lacking.join(" and ")} missing: acting needs both; shadow decides and changes nothing`,
            );
          }
          const manifest = await verified(path, read);
          if (manifest.stage === "shadow") {
            throw new UsageError(
              `${path}: its stage is shadow; acting needs canary or full, which promote-stage writes`,
            );
          }
          const { runLive } = await import("./live.ts");
          await runLive({
            fleet: read,
            manifest,
            journal,
            anew: newRun,
            signal: untilEnded(forS),
            ...(port === undefined ? {} : { port }),
            ...(endpoint === undefined ? {} : { endpoint }),
          });
        },
      )
      .command(
        "init <folder>",
        "write what a fleet begins with: its file, a role's policy, SSM's document, and the commands that set it up",
        (y) =>
          y
            .positional("folder", { type: "string", demandOption: true, describe: "a new one" })
            .option("fleet", { type: "string", demandOption: true, requiresArg: true, describe: "its name" })
            .option("region", { type: "string", demandOption: true, requiresArg: true, describe: "such as us-east-1" })
            .option("account", { type: "string", demandOption: true, requiresArg: true, describe: "its 12 digits" })
            .option("type", { type: "string", default: "g5.xlarge", requiresArg: true, describe: "of its instances" }),
        async ({ folder, fleet, region, account, type: instanceType }) => {
          const { initFleet } = await import("./init.ts");
          for (const path of initFleet(folder, { fleet, region, account, instanceType })) console.log(path);
        },
      )
      .command(
        "stop-acting <fleet>",
        "let a fleet launch nothing more; drains and terminations go on",
        (y) =>
          y
            .positional("fleet", fleetOption)
            .option("everything", { type: "boolean", default: false, describe: "let nothing at all be changed" })
            .options(whereOptions),
        async ({ everything, ...where }) => {
          await operated(where, everything ? "everything" : "launches");
        },
      )
      .command(
        "go-on <fleet>",
        "end what stop-acting began",
        (y) => y.positional("fleet", fleetOption).options(whereOptions),
        (where) => operated(where, "no"),
      )
      .command(
        "remote <fleet> <verb> <instance>",
        "one of four fixed commands on an instance of a fleet, by SSM",
        (y) =>
          y
            .positional("fleet", fleetOption)
            .positional("verb", { choices: REMOTE_VERBS, demandOption: true, describe: "what to do" })
            .positional("instance", { type: "string", demandOption: true, describe: "by its id of EC2" })
            .option("endpoint", whereOptions.endpoint),
        async ({ fleet, verb, instance, endpoint }) => {
          if (!/^i-[0-9a-f]{8,17}$/.test(instance))
            throw new UsageError(`${instance}: expected an id such as i-0123abcd`);
          const { remoteCommand } = await import("./operate.ts");
          const read = readFleet(fleet);
          await remoteCommand({ fleet: read, signal: untilEnded(300), ...(endpoint && { endpoint }) }, verb, instance);
          console.log(`${verb} on ${instance}: done`);
        },
      )
      .command(
        "check <fleet>",
        "say what is wrong with a fleet's file, if anything",
        (y) => y.positional("fleet", { type: "string", demandOption: true, describe: "the fleet's file" }),
        ({ fleet }) => {
          const { file, spec, sha256 } = readFleet(fleet);
          console.log(`${file.fleet}: ${spec.markets.length} markets in ${file.region}, sha256 ${sha256}`);
        },
      )
      .command(
        "status <journal>",
        "what a journal says of its fleet, with nobody asked",
        (y) => y.positional("journal", journalOption),
        async ({ journal }) => {
          const story = new FleetStory();
          for await (const { entry } of records(journal)) story.see(entry);
          console.log(statusText(story));
        },
      )
      .command(
        "replay <journal>",
        "decide again from the facts of a journal and compare the actions byte for byte",
        (y) => y.positional("journal", journalOption),
        async ({ journal }) => {
          const replayed = await replay(records(journal));
          console.log(told(replayed));
          exitCode = replayed.difference === undefined ? 0 : 1;
        },
      )
      .command(
        "export <journal>",
        "the spot prices that a loop has seen, as a file that `npm run traces -- import` reads",
        (y) =>
          y
            .positional("journal", journalOption)
            .option("out", { type: "string", demandOption: true, requiresArg: true, describe: "a new file, .json" }),
        async ({ journal, out }) => {
          const seen = await pricesSeen(records(journal));
          try {
            writeFileSync(out, `${JSON.stringify(seen)}\n`, { flag: "wx" });
          } catch (error) {
            throw new UsageError(
              `${out}: cannot be written (${(error as NodeJS.ErrnoException).code}); name a new file`,
            );
          }
          console.log(`${seen.SpotPriceHistory.length} prices written: ${out}`);
        },
      )
      .command(
        "promote <results>",
        "hold a policy of a study against gates, and write down for which fleet it has passed them",
        (y) =>
          y
            .positional("results", { type: "string", demandOption: true, describe: "the results folder of a study" })
            .option("policy", {
              type: "string",
              demandOption: true,
              requiresArg: true,
              describe: "as the study calls it",
            })
            .option("fleet", { type: "string", demandOption: true, requiresArg: true, describe: "the fleet's file" })
            .option("gate", {
              type: "string",
              array: true,
              default: [] as string[],
              describe: 'on the worse end of an interval, such as "costUsd ratio <= 0.8"; may be repeated',
            })
            .option("days", { type: "number", default: 30, requiresArg: true, describe: "how long it holds" })
            .option("out", { type: "string", demandOption: true, requiresArg: true, describe: "a new file, .json" }),
        async ({ results, policy, fleet, gate, days, out }) => {
          if (!(days > 0 && days <= 366))
            throw new UsageError(`--days ${days}: expected a number above 0, at most 366`);
          const { parseGate, promote, writeManifest } = await import("./promote.ts");
          const gates = gate.map(parseGate);
          const manifest = await promote({
            results,
            policyId: policy,
            fleet: readFleet(fleet),
            gates,
            days,
            nowMs: Date.now(),
            root: ROOT,
          });
          writeManifest(out, manifest);
          console.log(
            `${policy} may run for ${manifest.fleet} until ${manifest.expires}, after ${manifest.looks} looks: ${out}`,
          );
        },
      )
      .command(
        "promote-stage <manifest>",
        "from shadow to canary, from canary to full: if the journal of the present stage is evidence enough",
        (y) =>
          y
            .positional("manifest", { type: "string", demandOption: true, describe: "of the present stage" })
            .option("fleet", { type: "string", demandOption: true, requiresArg: true, describe: "the fleet's file" })
            .option("journal", { type: "string", demandOption: true, requiresArg: true, describe: "of that stage" })
            .option("out", { type: "string", demandOption: true, requiresArg: true, describe: "a new file, .json" }),
        async ({ manifest, fleet, journal, out }) => {
          const read = readFleet(fleet);
          const [{ promoteStage }, { writeManifest }] = await Promise.all([
            import("./promote-stage.ts"),
            import("./promote.ts"),
          ]);
          const next = await promoteStage(await verified(manifest, read), read, journal);
          writeManifest(out, next);
          console.log(`${next.fleet} may run as ${next.stage} until ${next.expires}: ${out}`);
        },
      )
      .command(
        "verify-manifest <manifest>",
        "compute a manifest anew for a fleet, and name every field that does not match",
        (y) =>
          y
            .positional("manifest", { type: "string", demandOption: true, describe: "written by promote" })
            .option("fleet", { type: "string", demandOption: true, requiresArg: true, describe: "the fleet's file" }),
        async ({ manifest, fleet }) => {
          const { expires, stage } = await verified(manifest, readFleet(fleet));
          console.log(`${manifest}: holds until ${expires}, stage ${stage}`);
        },
      )
      .command(
        "iam-policy <fleet>",
        "the least that a role must be allowed to act for a fleet, as JSON",
        (y) =>
          y
            .positional("fleet", { type: "string", demandOption: true, describe: "the fleet's file" })
            .option("account", { type: "string", demandOption: true, requiresArg: true, describe: "its 12 digits" })
            .option("node-role", { type: "string", requiresArg: true, describe: "ARN of the instance profile's role" }),
        async ({ fleet, account, nodeRole }) => {
          const { file } = readFleet(fleet);
          if (!/^\d{12}$/.test(account)) throw new UsageError(`--account ${account}: expected 12 digits`);
          if (file.template?.instanceProfileArn !== undefined && nodeRole === undefined) {
            throw new UsageError(
              "--node-role is missing: the template has an instance profile, whose role a launch hands on",
            );
          }
          const { actingPolicy, roleOf } = await import("./aws/iam-policy.ts");
          const policy = actingPolicy(roleOf(file, account, nodeRole));
          console.log(JSON.stringify(policy, null, 2));
        },
      )
      .demandCommand(
        1,
        1,
        "name a command: init, shadow, run, stop-acting, go-on, remote, check, status, replay, export, promote, promote-stage, verify-manifest or iam-policy",
      )
      .strict()
      .version(false)
      .parserConfiguration({ "parse-positional-numbers": false })
      .fail((message, error) => {
        throw error ?? new UsageError(`${message}; see npm run orchestrate -- --help`);
      })
      .parseAsync();
    return exitCode;
  } catch (error) {
    if (!TOLD.some((kind) => error instanceof kind) && !TOLD_TOO.includes((error as Error).name)) throw error;
    const { name, message } = error as Error;
    console.error(`${name}: ${message}`);
    return 2;
  }
}

async function verified(manifest: string, fleet: Fleet): Promise<PromotionManifest> {
  const { verifiedManifest } = await import("./promote.ts");
  return verifiedManifest(manifest, fleet, Date.now(), ROOT);
}

const fleetOption = { type: "string", demandOption: true, describe: "the fleet's file" } as const;
const whereOptions = {
  journal: { type: "string", requiresArg: true, describe: "of a loop on this host alone: by the file JOURNAL.stop" },
  endpoint: { type: "string", requiresArg: true, describe: "of a double of AWS, for trials" },
} as const;

async function operated(
  {
    fleet,
    journal,
    endpoint,
  }: { readonly fleet: string; readonly journal?: string | undefined; readonly endpoint?: string | undefined },
  to: Stopped,
): Promise<void> {
  const read = readFleet(fleet);
  const { switchByFile, switchFleet } = await import("./operate.ts");
  if (journal === undefined)
    await switchFleet({ fleet: read, signal: untilEnded(60), ...(endpoint && { endpoint }) }, to);
  else switchByFile(journal, to);
  console.log(`${read.file.fleet}: ${to === "no" ? "goes on" : `stopped: ${to}`}`);
}

const journalOption = { type: "string", demandOption: true, describe: "a journal of the live loop" } as const;

const records = (path: string): AsyncIterable<JournalRecord> =>
  readJournal(path, (warning) => console.error(`warning: ${warning}`));

/** Aborts when the process is asked to end, or after a time. */
function untilEnded(seconds: number | undefined): AbortSignal {
  if (seconds !== undefined && !(seconds > 0)) throw new UsageError(`--for ${seconds}: expected seconds above 0`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  return seconds === undefined ? stop.signal : AbortSignal.any([stop.signal, AbortSignal.timeout(seconds * 1000)]);
}

function told({ facts, asks, actions, difference }: Replayed): string {
  const counted = `replayed ${facts} facts, ${asks} asks, ${actions} actions`;
  if (difference === undefined) return `${counted}: byte-equal`;
  const { seq, expected, got } = difference;
  return `${counted}, then record ${seq} (line ${seq + 1}) differs\nexpected ${expected}\ngot      ${got}`;
}
