/**
 * Numbers for keys that are bytes of a longer buffer, without making a string of them: a Map of strings took two thirds of
 * the time of the archive's import. Open addressing over hashes; equal hashes are told apart by their bytes.
 */
export class ByteKeys {
  #slots = new Int32Array(1 << 16); // number + 1; 0 is free
  #hashes = new Int32Array(1 << 15); // [number]
  #starts = new Float64Array(1 << 15); // [number] where its bytes begin; they end where the next begins
  #bytes: Buffer = Buffer.alloc(1 << 20);
  #count = 0;

  /** The number of the key data[from, to) with this hash, or -1. */
  find(hash: number, data: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const key = this.#slots[slot]! - 1;
      if (key === -1 || (this.#hashes[key] === hash && this.#same(key, data, from, to))) return key;
    }
  }

  /** Gives a key that is not there the next number: 0, 1, 2 and so on. */
  add(hash: number, data: Uint8Array, from: number, to: number): number {
    const key = this.#count++;
    if (this.#count === this.#hashes.length) this.#grow();
    const start = this.#starts[key]!;
    while (start + to - from > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    this.#bytes.set(data.subarray(from, to), start);
    this.#starts[key + 1] = start + to - from;
    this.#hashes[key] = hash;
    this.#place(key);
    return key;
  }

  #same(key: number, data: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[key]!;
    if (this.#starts[key + 1]! - start !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (this.#bytes[start + i] !== data[from + i]) return false;
    return true;
  }

  #place(key: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[key]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = key + 1;
  }

  #grow(): void {
    const [hashes, starts] = [this.#hashes, this.#starts];
    this.#hashes = new Int32Array(2 * hashes.length);
    this.#hashes.set(hashes);
    this.#starts = new Float64Array(2 * starts.length);
    this.#starts.set(starts);
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let key = 0; key < this.#count - 1; key++) this.#place(key);
  }
}
