import type { Assignable, InstanceView } from "../contract/view.ts";

/**
 * What targets still have room for while a plan is made; the fleet's own account changes only when the plan is carried out.
 * Scratch space: opened anew for each plan. The one piece of the usual plan takes nothing from another, so for it nothing is
 * copied.
 */
export class Room {
  #targets: readonly InstanceView[] = [];
  #copied = false;
  #slots = new Int32Array(16); // [target]
  #memoryMiB = new Float64Array(16); // [target]
  #first = 0;

  open(targets: readonly InstanceView[], pieces: number): void {
    this.#targets = targets;
    this.#first = 0;
    this.#copied = pieces > 1;
    if (!this.#copied) return;
    if (this.#slots.length < targets.length) {
      this.#slots = new Int32Array(2 * targets.length);
      this.#memoryMiB = new Float64Array(2 * targets.length);
    }
    for (let t = 0; t < targets.length; t++) {
      this.#slots[t] = targets[t]!.freeSlots;
      this.#memoryMiB[t] = targets[t]!.freeMemoryMiB;
    }
    this.#skipFull();
  }

  /** The first target that has a slot left, so that nobody looks at those before it again; their number when none has. */
  get first(): number {
    return this.#first;
  }

  slots(target: number): number {
    return this.#copied ? this.#slots[target]! : this.#targets[target]!.freeSlots;
  }

  fits(target: number, work: Assignable): boolean {
    if (this.slots(target) < 1) return false;
    return (this.#copied ? this.#memoryMiB[target]! : this.#targets[target]!.freeMemoryMiB) >= work.memoryMiB;
  }

  /** Reserves a slot and the memory; false, and nothing reserved, where it does not fit. */
  take(target: number, work: Assignable): boolean {
    if (!this.fits(target, work)) return false;
    if (!this.#copied) return true;
    this.#slots[target]!--;
    this.#memoryMiB[target]! -= work.memoryMiB;
    this.#skipFull();
    return true;
  }

  #skipFull(): void {
    while (this.#first < this.#targets.length && this.#slots[this.#first]! < 1) this.#first++;
  }
}
