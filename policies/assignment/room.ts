import type { InstanceView, TaskView } from "../contract/view.ts";

/** What targets still have room for while a plan is made; the fleet's own account changes only when the plan is carried out. */
export class Room {
  readonly #slots: number[]; // [target]
  readonly #memoryMiB: number[]; // [target]
  #slotsInAll: number;

  constructor(targets: readonly InstanceView[]) {
    this.#slots = targets.map((target) => target.freeSlots);
    this.#memoryMiB = targets.map((target) => target.freeMemoryMiB);
    this.#slotsInAll = this.#slots.reduce((sum, slots) => sum + slots, 0);
  }

  /** No target has a slot left: no other work needs to be looked at. */
  get full(): boolean {
    return this.#slotsInAll === 0;
  }

  slots(target: number): number {
    return this.#slots[target]!;
  }

  fits(target: number, work: TaskView): boolean {
    return this.#slots[target]! >= 1 && this.#memoryMiB[target]! >= work.memoryMiB;
  }

  /** Reserves a slot and the memory; false, and nothing reserved, where it does not fit. */
  take(target: number, work: TaskView): boolean {
    if (!this.fits(target, work)) return false;
    this.#slots[target]!--;
    this.#slotsInAll--;
    this.#memoryMiB[target]! -= work.memoryMiB;
    return true;
  }
}
