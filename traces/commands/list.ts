import type { Argv } from "yargs";
import { dataSets } from "../datasets.ts";
import { presets } from "../presets.ts";
import { isPresent, manualSets, publicSets, userSetFolder } from "../public-sets.ts";
import { requestPresets } from "../request-presets.ts";
import { json, print } from "../terminal.ts";

export const addList = (cli: Argv): Argv =>
  cli.command(
    "list",
    "presets and public data sets",
    (y) => y.option("json", json),
    ({ json: asJson }) => list(asJson),
  );

function list(asJson: boolean): void {
  const sets = publicSets.map((set) => ({ ...set, present: isPresent(set, userSetFolder(set.name)) }));
  if (asJson) {
    const shipped = [...presets, ...requestPresets].map(({ name, summary, source }) => ({ name, summary, source }));
    print(JSON.stringify({ presets: shipped, dataSets, publicSets: sets, manualSets }, null, 2));
    return;
  }
  print("presets (generated, they come with the workbench)");
  for (const { name, summary, source } of presets) print(`  ${name}\n    ${summary}\n    ${source}`);
  print("\npresets of requests");
  for (const { name, summary, source } of requestPresets) print(`  ${name}\n    ${summary}\n    ${source}`);
  print("\ndata sets that a study can name");
  for (const { name, summary, set } of dataSets) print(`  ${name}\n    ${summary}\n    of the public set ${set}`);
  print("\npublic sets (traces fetch NAME)");
  for (const { name, summary, repository, commit, licence, present } of sets) {
    print(
      `  ${name}${present ? " (here)" : ""}\n    ${summary}\n    ${repository} at ${commit.slice(0, 7)}, licence: ${licence}`,
    );
  }
  print("\nfor you to obtain");
  for (const { name, how } of manualSets) print(`  ${name}\n    ${how}`);
}
