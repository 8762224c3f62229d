/** Where lines go: stderr, or a double of it. */
export interface LineStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
/** Without a terminal: a line so often. */
const LINE_MS = 10_000;

/**
 * How far a sweep is, on stderr: one line that is drawn anew in a terminal, else a plain line now and then. The time left is
 * what the cells finished so far say.
 */
export class Progress {
  readonly #stream: LineStream;
  readonly #total: number;
  readonly #what: string;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #done = 0;
  #failed = 0;

  /** @param what is counted */
  constructor(total: number, stream: LineStream, nowMs: () => number = () => performance.now(), what = "cells") {
    this.#total = total;
    this.#what = what;
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    if (stream.isTTY !== true) this.#drawnMs = this.#startMs;
  }

  /** One more. */
  add(ok: boolean): void {
    this.#done++;
    if (!ok) this.#failed++;
    if (this.#done === this.#total) return; // which `end` draws
    const everyMs = this.#stream.isTTY === true ? REDRAW_MS : LINE_MS;
    if (this.#nowMs() - this.#drawnMs >= everyMs) this.#draw();
  }

  /** The last line stays. */
  end(): void {
    if (this.#total === 0) return;
    this.#draw();
    if (this.#stream.isTTY === true) this.#stream.write("\n");
  }

  #draw(): void {
    this.#drawnMs = this.#nowMs();
    const text = this.#text();
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[2K${text}` : `${text}\n`);
  }

  #text(): string {
    const elapsedMs = this.#nowMs() - this.#startMs;
    const left = this.#total - this.#done;
    const time =
      left === 0
        ? `in ${duration(elapsedMs)}`
        : this.#done === 0
          ? ""
          : `${duration((elapsedMs / this.#done) * left)} left`;
    const percent = Math.floor((100 * this.#done) / this.#total);
    const failed = this.#failed === 0 ? "" : `, ${this.#failed} failed`;
    return `${this.#done} of ${this.#total} ${this.#what} (${percent} %)${failed}, ${time}`;
  }
}

/** @example duration(83_000) // "1 min 23 s" */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
