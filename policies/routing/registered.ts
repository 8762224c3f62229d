import type { InstanceId } from "../contract/units.ts";

/** Registered targets in id order. Joining and leaving cost O(n) and are rare; looking costs nothing. */
export class Registered {
  readonly list: InstanceId[] = [];

  add(target: InstanceId): void {
    const at = this.#from(target);
    if (this.list[at] !== target) this.list.splice(at, 0, target);
  }

  delete(target: InstanceId): void {
    const at = this.#from(target);
    if (this.list[at] === target) this.list.splice(at, 1);
  }

  /** The first target of that id or higher, and the first of all after the last; undefined when there is none. */
  atOrAfter(id: number): InstanceId | undefined {
    return this.list[this.#from(id)] ?? this.list[0];
  }

  #from(id: number): number {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.list[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
