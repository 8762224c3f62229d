import { readFileSync } from "node:fs";

// Preloaded by every npm script, before any TypeScript is read: Node 24 comes with `npm ci` where a platform package
// exists (package.json, optionalDependencies). Plain JavaScript, so that an older Node can say what is wrong.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `error: this is Node ${process.versions.node}, the workbench needs Node 24\n` +
      `remedy: run the npm scripts after \`npm ci\`, which brings Node 24 for Linux (x64, arm64), Windows (x64) and macOS (x64);\n` +
      `        on ${process.platform}-${process.arch}, if it did not, install Node 24 and put it first in PATH\n`,
  );
  process.exit(2);
}

/** @param {string} file from the workbench's folder */
const versionsIn = (file) => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
/** @param {string} name */
const installed = (name) => {
  try {
    return versionsIn(`node_modules/${name}/package.json`).version;
  } catch {
    return "missing";
  }
};
const stale = Object.entries(versionsIn("package.json").dependencies).filter(
  ([name, version]) => installed(name) !== version,
);
if (stale.length > 0) {
  const names = stale.map(([name, version]) => `${name} ${version} (${installed(name)})`);
  process.stderr.write(`error: node_modules is not what package.json asks for: ${names.join(", ")}\nremedy: npm ci\n`);
  process.exit(2);
}
