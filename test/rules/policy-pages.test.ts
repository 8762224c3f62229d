import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { parsedArguments } from "../../experiments/arguments.ts";
import { policyPages, policyText } from "../../experiments/policy-pages.ts";
import { scenarioSchema } from "../../experiments/scenario-schema.ts";
import { assignmentStrategies } from "../../policies/assignment/index.ts";
import { failovers } from "../../policies/failover/index.ts";
import { routers } from "../../policies/routing/index.ts";
import { schedulingPolicies } from "../../policies/scheduling/index.ts";
import { wrappers } from "../../policies/wrappers/index.ts";
import { root } from "./project-files.ts";

const listed = [
  ...[...schedulingPolicies, ...wrappers, ...assignmentStrategies, ...failovers].map((each) => ({
    file: `${each.name}.md`,
    ...each,
  })),
  ...routers.map((each) => ({ file: `routing-${each.name}.md`, ...each })),
];
const pages = policyPages();

describe("the pages of policies, wrappers and strategies", () => {
  test("are what the definitions give, one for each and an index; else: npm run experiment -- policies --write", () => {
    const folder = join(root, "docs", "policies");
    const shipped = Object.fromEntries(
      readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
    );
    expect(shipped).toEqual(Object.fromEntries(pages));
    expect([...pages.keys()].sort()).toEqual(["README.md", ...listed.map(({ file }) => file)].sort());
  });

  test.each(listed)("$name: its page says what it does, where it is from, and what every parameter means", (each) => {
    const page = pages.get(each.file)!;
    for (const text of [each.summary, each.source, ...(each.details ?? [])]) expect(page).toContain(text);
    const parameters = page.split("\n").filter((line) => line.startsWith("| `"));
    const shape = "params" in each ? Object.keys((each.params as z.ZodObject).shape) : [];
    expect(parameters.map((line) => /^\| `(\w+)`/.exec(line)![1])).toEqual(shape);
    for (const line of parameters) expect(line).toMatch(/^\| `\w+` \| [^|]+ \| [^|]* \| \w[^|]{10,} \|$/);
  });

  test.each(listed)("$name: a study takes it as its page writes it", ({ name, file }) => {
    const yaml = /```yaml\n(.*?)```/s.exec(pages.get(file)!)![1]!;
    const [scenario] = (parse(yaml) as { readonly policies: readonly unknown[] }).policies;
    expect(JSON.stringify(scenario)).toContain(`"${name}"`);
    expect(scenarioSchema.safeParse(scenario).error).toBeUndefined();
  });

  test("the terminal lists all, tells about one, and knows what a mistyped name meant", () => {
    for (const { name, file, summary } of listed) {
      expect(policyText()).toContain(`  ${name} `);
      expect(policyText()).toContain(summary);
      // All that bear the name, each as its page has it.
      expect(policyText(name)).toContain(pages.get(file)!.split("\n").slice(1).join("\n").trim());
    }
    expect(parsedArguments(["policies", "greedy"], root)).toEqual({ do: "policies", name: "greedy", write: false });
    expect(() => parsedArguments(["policies", "greedy", "--write"], root)).toThrow("--write writes all pages");
    expect(() => policyText("karpenter")).toThrow('is called "karpenter"; did you mean "karpenter-like"?');
  });
});
