import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { schedulingPolicies } from "../policies/scheduling/index.ts";
import { makeFolder } from "./results.ts";
import { unwritable } from "./store.ts";
import { UsageError } from "./usage-error.ts";

/** A commented study to begin from. @returns its path. @throws UsageError where there is a file already; ResultsError */
export function newStudy(root: string, path: string): string {
  const text = readFileSync(join(root, "experiments", "templates", "study.yaml"), "utf8");
  const schema = leading(path, join(root, "experiments", "configs", "study.schema.json"));
  written([[path, text.replace("=study.schema.json", `=${schema}`).replaceAll("-- study.yaml", `-- ${path}`)]]);
  return path;
}

export const languages = ["typescript", "python"] as const;
export type Language = (typeof languages)[number];

/** Of each language: the ending of its files, and of their test's. */
const ENDINGS = {
  typescript: { policy: ".ts", test: ".test.ts" },
  python: { policy: ".py", test: ".python.test.ts" },
} as const satisfies Record<Language, unknown>;

/**
 * A policy in a file of its own and its test, both of which run as they are.
 * @param name kebab-case: what the policy and its file are called.
 * @param folder that studies lie in which will name it.
 * @returns the paths of both.
 * @throws UsageError for a name that is none or a listed policy's, or where there is a file already; ResultsError
 */
export function newPolicy(root: string, name: string, folder: string, language: Language): readonly string[] {
  if (!/^[a-z]\w*(-\w+)*$/.test(name)) {
    throw new UsageError(`new policy ${name}: expected a name in lower case, its words joined by "-"`);
  }
  if (schedulingPolicies.some((listed) => listed.name === name)) {
    throw new UsageError(`new policy ${name}: a listed policy is called so; choose another name`);
  }
  const endings = ENDINGS[language];
  const policy = join(folder, `${name}${endings.policy}`);
  const test = join(root, "test", "own", `${name}${endings.test}`);
  const renamed = (template: string): string =>
    readFileSync(join(root, template), "utf8")
      .replaceAll("template-policy", name)
      .replaceAll("templatePolicy", camel(name));
  const contract = join(root, "policies", "contract");
  written([
    [
      policy,
      renamed(`experiments/templates/template-policy${endings.policy}`).replaceAll(
        '"../../policies/contract',
        `"${leading(policy, contract)}`,
      ),
    ],
    [
      test,
      renamed(`test/own/template-policy${endings.test}`).replace(
        `../../experiments/templates/${name}${endings.policy}`,
        leading(test, policy),
      ),
    ],
  ]);
  return [policy, test].map((path) => relative("", path));
}

/** All or none: none where one is there already. */
function written(files: readonly (readonly [path: string, text: string])[]): void {
  const done: string[] = [];
  for (const [path, text] of files) {
    makeFolder(dirname(path));
    try {
      writeFileSync(path, text, { flag: "wx" });
      done.push(path);
    } catch (error) {
      for (const each of done) rmSync(each);
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unwritable(path, error);
      throw new UsageError(`${path} is there already; name another, or delete it`);
    }
  }
}

/** How a file names another, with a dot in front. */
function leading(from: string, to: string): string {
  const path = relative(resolve(dirname(from)), resolve(to))
    .split(sep)
    .join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
