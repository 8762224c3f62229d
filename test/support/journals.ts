import { DiskJournal } from "../../orchestrator/journal.ts";
import { FileDisk } from "../../orchestrator/journal-disk.ts";

/** A journal's file, gone on with; let go where it cannot be. */
export async function resumed(path: string, copyOf?: Parameters<typeof DiskJournal.resume>[1]): Promise<DiskJournal> {
  const disk = await FileDisk.open(path, "a", () => {});
  try {
    return await DiskJournal.resume(disk, copyOf);
  } catch (error) {
    await disk.close();
    throw error;
  }
}
