import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { NODE_SCRIPT, REMOTE_VERBS, ssmDocument } from "../../../orchestrator/aws/ssm-document.ts";
import { scratchFolder } from "../../experiments/support/studies.ts";
import { root } from "../../rules/project-files.ts";

// The command of the document, run by a shell as SSM's agent runs it, with the script in its place and systemctl written down.

let folder: string;
beforeEach(() => {
  folder = scratchFolder();
  const systemctl = join(folder, "systemctl");
  writeFileSync(systemctl, `#!/bin/sh\necho "$*" >>${join(folder, "done")}\n`);
  chmodSync(systemctl, 0o755);
});

function run(verb: string, epoch: string) {
  const { mainSteps } = ssmDocument() as { mainSteps: { inputs: { runCommand: string[] } }[] };
  const command = mainSteps[0]!.inputs.runCommand
    .join("\n")
    .replace(NODE_SCRIPT, join(root, "orchestrator/node/synkti-node.sh"));
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    SYNKTI_STATE: join(folder, "state"),
    SSM_verb: verb,
    SSM_epoch: epoch,
  };
  const { status, stderr } = spawnSync("sh", ["-c", command], { env, encoding: "utf8" });
  return { status, stderr };
}
const done = () =>
  existsSync(join(folder, "done")) ? readFileSync(join(folder, "done"), "utf8").trim().split("\n") : [];

describe("what may be done to an instance from afar", () => {
  it("is each of four verbs, by one command of systemd", () => {
    for (const verb of REMOTE_VERBS) expect(run(verb, "3")).toEqual({ status: 0, stderr: "" });
    expect(done()).toEqual([
      "kill --signal=SIGUSR2 synkti-agent",
      "restart synkti-agent",
      "start synkti-engine",
      "stop synkti-engine",
    ]);
  });

  it("is nothing for a controller that another one has followed (fault 26)", () => {
    expect(run("drain", "9").status).toBe(0);
    expect(run("drain", "9").status).toBe(0);
    const { status, stderr } = run("stop-engine", "8");
    expect(status).toBe(3);
    expect(stderr).toContain("epoch 8 is older than 9");
    expect(run("restart-agent", "10").status).toBe(0);
    expect(done()).toHaveLength(3);
  });

  it.each([
    ["reboot", "1"],
    ["drain; touch pwned", "1"],
    ["$(touch pwned)", "1"],
    ['drain" "2', "1"],
    ["drain", "$(touch pwned)"],
    ["drain", "-1"],
    ["drain", "1 2"],
    ["drain", "9999999999"],
    ["drain", ""],
    ["", "1"],
  ])("is nothing else: %j %j (fault 31)", (verb, epoch) => {
    const { status, stderr } = run(verb, epoch);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^(verb|epoch): expected/);
    expect(done()).toEqual([]);
    expect(existsSync(join(root, "pwned"))).toBe(false);
  });
});
