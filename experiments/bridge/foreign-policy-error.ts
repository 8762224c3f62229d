/** A policy in another language that does not start, does not answer, or answers what cannot be done: its cell fails. */
export class ForeignPolicyError extends Error {
  override readonly name = "ForeignPolicyError";
  /** What it last wrote to standard error, for the user's eyes. */
  readonly lastWords: string;

  constructor(message: string, lastWords = "") {
    super(message);
    this.lastWords = lastWords;
  }
}
