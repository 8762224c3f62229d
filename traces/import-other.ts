import { createHash } from "node:crypto";
import { TraceError } from "./columns.ts";
import type { ReadOptions } from "./formats/index.ts";
import { requestFormats } from "./formats/request-arrivals.ts";
import type { SourceFile } from "./formats/source-file.ts";
import { type Hazard, spotAdvisor } from "./formats/spot-advisor.ts";
import type { RequestTrace } from "./request-file.ts";
import { iso } from "./rows.ts";

/** What an import came to that is neither price nor capacity. */
export type OtherImport =
  | { readonly kind: "requests"; readonly trace: RequestTrace }
  | { readonly kind: "hazards"; readonly hazards: readonly Hazard[] };

/** A change here changes what the same bytes come to: part of every digest. */
const IMPORTER = "1";

/**
 * Request arrivals or reclaim rates, where the file holds them; undefined for any other files.
 * @throws TraceError as its format does, and where other files are beside it.
 */
export async function importOther(
  files: readonly SourceFile[],
  options: ReadOptions,
): Promise<OtherImport | undefined> {
  if (options.map !== undefined) return undefined; // whoever maps means prices
  const formats = files.map((file) => [...requestFormats, spotAdvisor].find((each) => each.matches(file)));
  const at = formats.findIndex((format) => format !== undefined);
  if (at === -1) return undefined;
  const [file, format] = [files[at]!, formats[at]!];
  if (files.length > 1) throw new TraceError(`${file.path}: holds ${format.holds}; name it alone`);
  if (!("requests" in format)) return { kind: "hazards", hazards: format.hazards(file) };
  const { startS, dropped, warnings, ...columns } = await format.requests(file, options);
  const { name, bytes, sha256 } = file;
  const kept = columns.arrivalS.length;
  const digest = createHash("sha256")
    .update(JSON.stringify([IMPORTER, format.name, options.tz, sha256]))
    .digest("hex");
  return {
    kind: "requests",
    trace: {
      ...columns,
      digest,
      report: {
        format: format.name,
        files: [{ name, bytes, sha256 }],
        rowsRead: kept + dropped.reduce((sum, { rows }) => sum + rows, 0),
        kept,
        dropped,
        warnings,
        startsAt: startS === undefined ? "an unknown time, the source has no stamps" : iso(startS),
      },
    },
  };
}
