/** An object and what it is known by: the tag changes with every write. */
export interface Stored {
  readonly text: string;
  readonly etag: string;
}

/** Only if there is no such object, or only if it is still the one with this tag. */
export type WriteCondition = "absent" | { readonly etag: string };

/** What came of a write under a condition. conflict: the condition does not hold, or somebody else writes at this moment. */
export type Written = { readonly ok: true; readonly etag: string } | { readonly ok: false };

/** A store outside the host with writes under a condition: what a lease and the copy of a journal need. */
export interface ObjectStore {
  read(key: string, signal: AbortSignal): Promise<Stored | undefined>;
  /** A write that throws may have been carried out. */
  write(key: string, text: string, condition: WriteCondition, signal: AbortSignal): Promise<Written>;
  /** Keys that begin so, in order. */
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
}
