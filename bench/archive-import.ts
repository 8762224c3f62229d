import { parseString } from "fast-csv";
import { priceArchive } from "../traces/formats/price-archive.ts";
import { readSources } from "../traces/formats/source-file.ts";
import { openStudyTrace } from "../traces/open.ts";

// A process of its own, so that its memory and its processor time are those of one import: FILE CACHE [unpack | split | csv | import]
const [path, cache, what] = process.argv.slice(2) as [string, string, string];
const before = process.cpuUsage();
if (what === "import") {
  await openStudyTrace({ files: [path] }, cache);
} else {
  const [file] = await readSources([path], (each) => priceArchive.matches(each));
  let seen = 0;
  if (what === "csv") {
    let text = "";
    for await (const chunk of file!.chunks()) text += chunk.toString("latin1");
    for await (const cells of parseString(text, { headers: false, delimiter: "\t" }))
      seen += (cells as string[]).length;
  } else if (what === "unpack") for await (const chunk of file!.chunks()) seen += chunk.length;
  else {
    const sink = { market: () => seen++, add: () => {}, skip: () => {} };
    await priceArchive.stream(file!, {}, sink, () => {});
  }
}
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ cpuS: (user + system) / 1e6, maxRssMiB: process.resourceUsage().maxRSS / 1024 }));
