import type { Journal } from "./ports.ts";
import type { JournalEntry } from "./records.ts";

/** A journal whose entries are also shown to others, once they are written: what is seen from outside is what is on disk. */
export function observedJournal(journal: Journal, see: (entry: JournalEntry) => void): Journal {
  const copied = journal.copied?.bind(journal);
  return {
    append: async (entries, options) => {
      const seen = [...entries];
      await journal.append(seen, options);
      for (const entry of seen) see(entry);
    },
    ...(copied === undefined ? {} : { copied }),
  };
}
