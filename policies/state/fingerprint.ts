/**
 * A running 64-bit digest over facts and actions: equal streams give equal digests, and two runs that differ in one bit of
 * one number practically never do. Not cryptographic: it finds differences, it does not resist an attacker.
 */
export class Fingerprint {
  readonly #lanes = new Int32Array([0x9e3779b9 | 0, 0x85ebca6b | 0]);
  readonly #float = new Float64Array(1);
  readonly #words = new Int32Array(this.#float.buffer);

  int(value: number): void {
    const lanes = this.#lanes;
    const a = Math.imul(lanes[0]! ^ value, 0x2c1b3c6d);
    const b = Math.imul(lanes[1]! ^ value ^ (a >>> 15), 0x297a2d39);
    lanes[0] = ((a << 13) | (a >>> 19)) ^ b;
    lanes[1] = (b << 7) | (b >>> 25);
  }

  number(value: number): void {
    this.#float[0] = value;
    this.int(this.#words[0]!);
    this.int(this.#words[1]!);
  }

  text(value: string): void {
    this.int(value.length);
    for (let i = 0; i < value.length; i++) this.int(value.charCodeAt(i));
  }

  /** 16 hex digits. */
  hex(): string {
    return [...this.#lanes].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
