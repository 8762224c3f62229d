import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
// boundary-ok: a manifest is digested as promote does
import { canonicalJson, digestOf } from "../experiments/digest.ts";
import { HOUR_S } from "../policies/contract/units.ts";
import type { PromotionManifest } from "../policies/manifest/manifest.ts";
import { type Evidence, nextStage, staged } from "../policies/manifest/stage.ts";
import type { Fleet } from "./fleet-file.ts";
import { readJournal } from "./journal.ts";
import { PromotionError } from "./promote.ts";
import type { StartEntry } from "./records.ts";
import { replay } from "./replay.ts";

/**
 * A manifest of the next stage, if a journal of its present one is evidence enough: of this fleet under this policy, decided again with
 * the same actions to the byte.
 * @throws PromotionError with every reason; JournalError
 */
export async function promoteStage(
  manifest: PromotionManifest,
  { file, spec }: Fleet,
  journal: string,
): Promise<PromotionManifest> {
  const { stage } = manifest;
  if (stage === "full") throw new PromotionError("stage: full is the last; there is nothing to promote it to");
  const why: string[] = [];
  const records = () => readJournal(journal, () => {});
  const { start, ...counted } = await told(journal);
  const expected = { fleet: spec, scenario: staged(stage, file).policy, cadence: file.cadence };
  for (const [field, ours] of Object.entries(expected)) {
    if (canonicalJson(start[field as keyof typeof expected]) === canonicalJson(ours)) continue;
    why.push(`${field}: the journal is of another one; name a journal of this fleet under this manifest`);
  }
  const { difference } = await replay(records());
  if (difference !== undefined) {
    why.push(`record ${difference.seq} is decided otherwise by this version; run ${stage} again with it`);
  }
  const evidence: Evidence = { stage: start.stage ?? "shadow", ...counted, journalSha256: await digestOfFile(journal) };
  const { next, faults } = nextStage(stage, evidence);
  why.push(...faults);
  if (why.length > 0) throw new PromotionError(why.map((each) => `${journal}: ${each}`).join("\n"));
  const { sha256: _, ...before } = manifest;
  const unsigned = { ...before, stage: next, evidence: [...(manifest.evidence ?? []), evidence] };
  return { ...unsigned, sha256: digestOf(unsigned) };
}

async function told(
  journal: string,
): Promise<{ readonly start: StartEntry } & Pick<Evidence, "hours" | "asks" | "launches" | "notices">> {
  let start: StartEntry | undefined;
  let firstS: number | undefined;
  let lastS = 0;
  const counts = { asks: 0, launches: 0, notices: 0 };
  const launching = new Set<number>();
  for await (const { entry } of readJournal(journal, () => {})) {
    if (entry.kind === "start") start = entry;
    else if (entry.kind === "ask") counts.asks++;
    else if (entry.kind === "intent" && entry.what.do === "launch") launching.add(entry.call);
    else if (entry.kind === "result" && launching.has(entry.call)) {
      if (typeof entry.outcome !== "string" && entry.outcome.ok) counts.launches++;
    } else if (entry.kind === "fact" && entry.name === "reclaimNotice") counts.notices++;
    else if (entry.kind === "fact" && entry.name === "advance") {
      [lastS] = entry.args;
      firstS ??= lastS;
    }
  }
  if (start === undefined) throw new PromotionError(`${journal}: begins with no start; name a journal of a run`);
  return { start, hours: (lastS - (firstS ?? 0)) / HOUR_S, ...counts };
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
