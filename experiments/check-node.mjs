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
