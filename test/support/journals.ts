import { type Copy, DiskJournal } from "../../orchestrator/journal.ts";
import { FileDisk } from "../../orchestrator/journal-disk.ts";
import { linesOf } from "../../orchestrator/store/shared-journal.ts";

/** A journal's file, gone on with; let go where it cannot be. */
export async function resumed(path: string, copyOf?: (records: number) => Copy): Promise<DiskJournal> {
  const disk = await FileDisk.open(path, "a", () => {});
  try {
    const lines = await linesOf(disk);
    return DiskJournal.resume(disk, lines, copyOf?.(lines.length));
  } catch (error) {
    await disk.close();
    throw error;
  }
}
