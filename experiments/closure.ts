import { readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { isForeign, type Named, nameOf, type Scenario } from "../policies/contract/scenario.ts";
import { DEFAULT_FAILOVER, DEFAULT_ROUTER } from "../policies/registry.ts";
import { pythonClosure } from "./bridge/python-closure.ts";
import { digestOf, sha256 } from "./digest.ts";
import { ImportError, importClosure, importsOf } from "./import-graph.ts";
import { OWN_FILE, ownFilesOf, PYTHON_MODULE } from "./own-policy.ts";
import { sourceTokens } from "./source-tokens.ts";

/**
 * Digests of the code that a cell runs: the bytes of every file that its entry loads, and the versions of the packages they
 * import. So editing one policy changes the digest of what names it, and of nothing else.
 *
 * The lists of policies are left out, and each named policy enters by its own file instead: `greedy` by
 * policies/scheduling/greedy.ts. Adding a policy changes no digest.
 */
export class CodeDigests {
  readonly #root: string;
  readonly #studyFolder: string;
  readonly #files = new Map<string, Promise<string>>();
  readonly #known = new Map<string, Promise<string>>();

  /** @param root of the workbench; @param studyFolder that policies in files of the user's own are relative to. */
  constructor(root: string, studyFolder: string) {
    this.#root = resolve(root);
    this.#studyFolder = resolve(studyFolder);
  }

  /** Of what turns a specification into a result: engine, cloud, meter, workloads, state, decider, tables. */
  engine(): Promise<string> {
    // Tables are handed to a run as they are, so that its file does not import the code that reads them.
    return Promise.all([
      this.#of(join(this.#root, "experiments", "run-cell.ts")),
      this.#of(join(this.#root, "traces", "columns.ts")),
    ]).then(digestOf);
  }

  /** Of what makes a table from a seed. */
  generator(): Promise<string> {
    return this.#of(join(this.#root, "traces", "generate.ts"));
  }

  /** Of all that a scenario names. @throws ImportError for a file that is not there. */
  async scenario({
    scheduling,
    wrappers = [],
    assignment,
    routing = DEFAULT_ROUTER,
    failover = DEFAULT_FAILOVER,
  }: Scenario): Promise<string> {
    return digestOf({
      scheduling: isForeign({ scheduling })
        ? await this.#foreign({ scheduling })
        : await this.#named("scheduling", scheduling as Named),
      wrappers: await Promise.all(wrappers.map((wrapper) => this.#named("wrappers", wrapper))),
      assignment: await this.#named("assignment", assignment),
      routing: await this.#named("routing", routing),
      failover: await this.#named("failover", failover),
    });
  }

  #named(folder: string, named: Named): Promise<string> {
    const name = nameOf(named);
    return this.#of(
      OWN_FILE.test(name) ? resolve(this.#studyFolder, name) : join(this.#root, "policies", folder, `${name}.ts`),
    );
  }

  #of(entry: string): Promise<string> {
    return kept(this.#known, entry, async () => {
      const files = await importClosure(entry, (file) => LISTS.test(this.#place(file)));
      const digests = await Promise.all(
        files.map(async (file) => [this.#place(file), await kept(this.#files, file, () => this.#digestOf(file))]),
      );
      return digestOf(digests);
    });
  }

  /** Its own files, what carries its lines, and in Python what it imports. What else its command starts is the machine's. */
  async #foreign(scenario: Pick<Scenario, "scheduling">): Promise<string> {
    const own = ownFilesOf(scenario).map((file) => resolve(this.#studyFolder, file));
    const files = await Promise.all(
      own.map(async (file) =>
        (file.endsWith(".py") ? pythonClosure(file) : Promise.resolve([file])).catch(
          ({ code }: NodeJS.ErrnoException) => {
            throw new ImportError(`cannot read ${file} (${code}); correct the path or restore the file`);
          },
        ),
      ),
    );
    const bytes = [...new Set([...files.flat(), PYTHON_MODULE])].map(
      async (file) => [this.#place(file), sha256(await readFile(file))] as const,
    );
    const bridge = join(this.#root, "experiments", "bridge");
    const carriers = ["foreign-policy.ts", "command-thread.ts"].map((file) => this.#of(join(bridge, file)));
    return digestOf([await Promise.all(bytes), await Promise.all(carriers)]);
  }

  async #digestOf(file: string): Promise<string> {
    const source = await readFile(file, "utf8");
    refuseComputedImports(file, source);
    const packages = importsOf(source)
      .filter(({ specifier, typeOnly }) => !typeOnly && !/^(\.|node:)/.test(specifier))
      .map(({ specifier }) => this.#packageVersion(specifier));
    return digestOf([sha256(source), ...(await Promise.all(packages))]);
  }

  async #packageVersion(specifier: string): Promise<string> {
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    const manifest = await readFile(join(this.#root, "node_modules", name, "package.json"), "utf8").catch(() => "{}");
    return `${name}@${(JSON.parse(manifest) as { readonly version?: string }).version ?? "unknown"}`;
  }

  /** The same on every machine: relative to the workbench, or to the study for what lies outside. */
  #place(file: string): string {
    const inside = relative(this.#root, file);
    const place = inside.startsWith("..") ? join("study", relative(this.#studyFolder, file)) : inside;
    return place.split(sep).join("/");
  }
}

const LISTS = /^policies\/(scheduling|assignment|wrappers|routing|failover)\/index\.ts$/;

/** What only runs when it is reached cannot be known beforehand, so a cell that runs it could not be told from one that does not. */
function refuseComputedImports(file: string, source: string): void {
  const tokens = sourceTokens(source);
  tokens.forEach(({ text, line }, i) => {
    if (text !== "import" || tokens[i - 1]?.text === "." || tokens[i + 1]?.text !== "(") return;
    const named = tokens[i + 2];
    if (named?.kind === "string" || (named?.kind === "template" && named.text.endsWith("`"))) return;
    throw new ImportError(`${file}:${line}: import() of a computed name; write the name out, or import it at the top`);
  });
}

function kept<T>(memory: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}
