import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scratchFolder } from "../experiments/support/studies.ts";
import { start } from "../support/command.ts";

const advise = (args: readonly string[], cwd: string) => start("experiments/advice/main.ts", args, { cwd }).ended;

/** Invented: thirty days of two zones, a price that steps up and down once a day. */
function history(folder: string): string {
  const SpotPriceHistory = ["us-west-2a", "us-west-2b"].flatMap((AvailabilityZone, zone) =>
    Array.from({ length: 30 }, (_, day) => ({
      AvailabilityZone,
      InstanceType: "g5.xlarge",
      ProductDescription: "Linux/UNIX",
      SpotPrice: (0.4 + 0.1 * ((day + zone) % 2)).toFixed(4),
      Timestamp: new Date(Date.UTC(2026, 0, 1 + day)).toISOString(),
    })),
  );
  const path = join(folder, "aws.json");
  writeFileSync(path, JSON.stringify({ SpotPriceHistory }));
  return path;
}

describe("a question on the command line", () => {
  test("of one's own prices opens with the answer, and says what was assumed that prices do not tell", async () => {
    const cwd = scratchFolder();
    const args = ["--type", "g5.xlarge", "--history", history(cwd), "--tasks", "5", "--hours", "3", "--over", "12"];
    const unpriced = await advise(args, cwd);
    expect(unpriced.err).toMatch(/UsageError: .*no on-demand price of g5\.xlarge in us-west-2.*--on-demand-usd PRICE/);
    const { code, out } = await advise([...args, "--on-demand-usd", "1.006"], cwd);
    expect(code).toBe(0);
    const [answer] = out.split("\n");
    expect(answer).toMatch(
      /^[\w -]+ is the cheapest for 5 tasks of 3 h, begun over 12 h: \d+\.\d\d USD \(95 % interval .*\), \d+\.\d % of the tasks done; \d+\.\d % less than on-demand/,
    );
    // Spot costs 0.4 or 0.5, on-demand 1.006: what is saved is near one half.
    expect(Number(/; (\d+\.\d) % less/.exec(answer!)![1])).toBeGreaterThan(40);
    expect(out).toContain("As a study names it: {");
    expect(out).toMatch(/with cloud\.interruptions\.perHour at 0\.2: /);
    expect(out).toContain("every launch is granted, and 0.05 reclaims an instance-hour are assumed");
    const report = /report: (.*)/.exec(out)![1]!;
    expect(existsSync(join(cwd, report))).toBe(true);
    // The study is there to be changed.
    expect(readFileSync(join(cwd, "results", "advice-tasks-g5.xlarge.yaml"), "utf8")).toContain(
      "question: Which policy runs 5 tasks",
    );
  });

  test("of a preset is a study of a job, or of a service", async () => {
    const cwd = scratchFolder();
    const common = ["--type", "p3.2xlarge", "--regions", "us-west-2", "--seeds", "6"];
    const job = await advise([...common, "--job", "6", "--deadline", "9"], cwd);
    expect(job.out).toMatch(/^[\w -]+ is the cheapest for a job of 6 h within 9 h: .*in time in 100\.0 % of the runs/);
    expect(job.code).toBe(0);
    const service = await advise([...common, "--replicas", "2", "--service", "0.9"], cwd);
    expect(service.out).toMatch(/^(No policy here|[\w -]+ is the cheapest for a service of 2 replicas for a day: )/);
    expect(service.out).toContain("the markets are drawn from a model, not from today");
    expect(service.code).toBe(0);
  });

  test.each([
    [
      ["--job", "6", "--deadline", "9", "--type", "g9.huge"],
      /no preset has g9\.huge; give its prices with --history FILE/,
    ],
    [["--job", "6", "--deadline", "3", "--type", "p3.2xlarge"], /--deadline: 3 h are too few for 6 h of work/],
    [["--job", "6", "--replicas", "3", "--type", "p3.2xlarge"], /expected one of --job, --tasks and --replicas/],
    [["--type", "p3.2xlarge", "--job", "6", "--deadline", "9", "--regions", "mars"], /has no mars; it has us-east-1/],
    [["--type", "p3.2xlarge", "--tasks", "6"], /--hours: expected a number above 0/],
  ])("%j is refused with what is lacking", async (args, message) => {
    const cwd = scratchFolder();
    const { code, err, out } = await advise(args, cwd);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
    expect(existsSync(join(cwd, "results"))).toBe(false);
  });
});
