import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * The files that a Python script runs of those beside it: itself and, transitively, the modules that it imports; of a package, which
 * is a folder, all there are. Packages from elsewhere are not followed. Absolute paths, sorted. @param script an absolute path
 * @throws what `readFile` throws for a script that is not there.
 */
export async function pythonClosure(script: string): Promise<string[]> {
  const folder = dirname(script);
  const seen = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const name of importedModules(await readFile(file, "utf8"))) {
      for (const found of await filesOf(folder, name)) await visit(found);
    }
  };
  await visit(script);
  return [...seen].sort();
}

/** Of absolute imports, the first name: relative ones stay inside a package. */
function importedModules(source: string): string[] {
  return [...source.matchAll(/^[ \t]*(?:import[ \t]+([^#\n]+)|from[ \t]+(\w[\w.]*)[ \t]+import\b)/gm)].flatMap(
    ([, list, one]) => (list?.split(",") ?? [one!]).flatMap((each) => /\w+/.exec(each)?.[0] ?? []),
  );
}

async function filesOf(folder: string, name: string): Promise<string[]> {
  const beside = (await readdir(folder)).includes(`${name}.py`) ? [join(folder, `${name}.py`)] : [];
  const inside = await readdir(join(folder, name), { recursive: true }).catch(() => []);
  return [...beside, ...inside.filter((file) => file.endsWith(".py")).map((file) => join(folder, name, file))];
}
