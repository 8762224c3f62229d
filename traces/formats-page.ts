import { type FormatAbout, traceFormats } from "./formats/index.ts";
import { priceArchive } from "./formats/price-archive.ts";
import { requestFormats } from "./formats/request-arrivals.ts";
import { spotAdvisor } from "./formats/spot-advisor.ts";

/** docs/FORMATS.md, from what the formats say of themselves. */
export function formatsPage(): string {
  const row = ({ name, source, holds, get, command }: FormatAbout) =>
    `| \`${name}\` | ${escaped(source)} | ${escaped(holds)} | ${escaped(get)} | \`${escaped(command)}\` |`;
  const table = (formats: readonly FormatAbout[]) =>
    ["| format | from | holds | how to get it | one command |", "|---|---|---|---|---|", ...formats.map(row)].join(
      "\n",
    );
  return `# Formats

Made from the code by \`npm run --silent traces -- formats\`; a test holds it against that.

A file is known by what it holds, not by its name; packed with gzip or Zstandard or not; a folder stands for the files in it, and
\`-\` for standard input. What an import repaired, dropped or took for granted is in its report. What the bytes do not say (what 1
means, a zone, a time zone, a unit) is asked for, never guessed.

## Prices and capacity

An import becomes a table (\`--out x.trace\`), and a study names the same files under \`traces: files:\`.

${table([priceArchive, ...traceFormats])}

## Requests

Arrivals become a file of requests (\`--out x.requests\`): when each arrives, tokens in, tokens out, in columns that
\`openRequestFile\` (\`traces/request-file.ts\`) puts into shared memory.

${table(requestFormats)}

## Reclaim rates

${table([spotAdvisor])}
`;
}

/** A cell ends at a bar. */
const escaped = (text: string): string => text.replaceAll("|", "\\|");
