import { join } from "node:path";
import { expect, test } from "vitest";
import { parsedArguments } from "../../experiments/arguments.ts";
import { projectPaths, readProjectFile, root } from "../rules/project-files.ts";

/** The words of a command as a shell would hand them on. */
const words = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => (single ?? double ?? bare)!);

const commands = ["docs/SUITES.md", ...projectPaths().filter((path) => path.startsWith("docs/guide/"))].flatMap(
  (file) =>
    [...readProjectFile(file).source.matchAll(/^ {4}npm run experiment -- (.*?)(?: +# .*)?$/gm)].map(([, text]) => ({
      file,
      text: text!,
    })),
);

test("the guide was read", () => {
  expect(commands.length).toBeGreaterThan(12);
});

test.each(commands)("$file: experiment -- $text is understood, and a study that it names is there", ({ text }) => {
  const parsed = parsedArguments(words(text), root)!;
  if (!("study" in parsed) || parsed.study.endsWith("/mine.yaml")) return;
  expect(projectPaths()).toContain(parsed.study.replace(`${join(root)}/`, ""));
});
