/** Bytes for each key: its length, then the key. Longer ones lie elsewhere. */
const STRIDE = 64;

/**
 * Numbers for keys that are bytes of a longer buffer, without making a string of them: a Map of strings took most of the time
 * of the archive's import. Open addressing over hashes; keys of equal hash are told apart by their bytes. Laid out so that
 * finding a key touches two places in memory.
 */
export class ByteKeys {
  #slots = new Int32Array(1 << 17); // [slot] hash, key + 1; 0 is free
  #bytes = new Uint8Array(STRIDE << 15); // [key] length, bytes
  readonly #long = new Map<number, Uint8Array>();
  #count = 0;

  /** The number of the key data[from, to) with this hash, or -1. */
  find(hash: number, data: Uint8Array, from: number, to: number): number {
    const slots = this.#slots;
    const mask = slots.length - 2;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const key = slots[slot + 1]! - 1;
      if (key === -1 || (slots[slot] === hash && this.#same(key, data, from, to))) return key;
    }
  }

  /** Gives a key that is not there the next number: 0, 1, 2 and so on. */
  add(hash: number, data: Uint8Array, from: number, to: number): number {
    if (4 * this.#count === this.#slots.length) this.#grow();
    const key = this.#count++;
    const length = to - from;
    this.#bytes[key * STRIDE] = Math.min(length, STRIDE);
    if (length < STRIDE) this.#bytes.set(data.subarray(from, to), key * STRIDE + 1);
    else this.#long.set(key, Buffer.from(data.subarray(from, to)));
    this.#place(hash, key);
    return key;
  }

  #same(key: number, data: Uint8Array, from: number, to: number): boolean {
    const bytes = this.#bytes;
    const start = key * STRIDE;
    const length = to - from;
    if (bytes[start] !== Math.min(length, STRIDE)) return false;
    if (length >= STRIDE) return Buffer.compare(this.#long.get(key)!, data.subarray(from, to)) === 0;
    for (let i = 0; i < length; i++) if (bytes[start + 1 + i] !== data[from + i]) return false;
    return true;
  }

  #place(hash: number, key: number): void {
    const mask = this.#slots.length - 2;
    let slot = (hash << 1) & mask;
    while (this.#slots[slot + 1] !== 0) slot = (slot + 2) & mask;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = key + 1;
  }

  #grow(): void {
    const [slots, bytes] = [this.#slots, this.#bytes];
    this.#bytes = new Uint8Array(2 * bytes.length);
    this.#bytes.set(bytes);
    this.#slots = new Int32Array(2 * slots.length);
    for (let slot = 0; slot < slots.length; slot += 2) {
      if (slots[slot + 1] !== 0) this.#place(slots[slot]!, slots[slot + 1]! - 1);
    }
  }
}
