/** Which lists an entity belongs to, one bit a list; kept on the entity so that a test costs no look-up. */
export interface Listed {
  readonly id: number;
  /** Bits of the lists it belongs to. */
  memberOf: number;
  /** Bits of the lists whose array holds it, member or not. */
  presentIn: number;
}

/**
 * A list in id order whose members come and go often and which is read seldom: joining and leaving flip a bit, and the array
 * is brought up to date when it is next read, so one that was handed out stands still while its reader acts. New entities
 * have the highest id, so they are appended; one that comes back is inserted.
 */
export class Listing<T extends Listed> {
  readonly #bit: number;
  readonly #items: T[] = [];
  readonly #joined: T[] = [];
  #left = 0;
  #isStale = false;

  constructor(index: number) {
    this.#bit = 1 << index;
  }

  add(entity: T): void {
    if ((entity.memberOf & this.#bit) !== 0) return;
    entity.memberOf |= this.#bit;
    this.#isStale = true;
    if ((entity.presentIn & this.#bit) !== 0) {
      this.#left--;
      return;
    }
    entity.presentIn |= this.#bit;
    this.#joined[this.#joined.length] = entity; // V8 inlines this, and no `push` that has met an empty list
  }

  delete(entity: T): void {
    if ((entity.memberOf & this.#bit) === 0) return;
    entity.memberOf &= ~this.#bit;
    this.#isStale = true;
    this.#left++;
  }

  /** The members in id order. The array is the list's own: it changes when the list is next read after a change. */
  read(): readonly T[] {
    if (this.#isStale) this.#refresh();
    return this.#items;
  }

  #refresh(): void {
    if (this.#joined.length > 0) this.#insert();
    if (this.#left > 0) this.#sweep();
    this.#isStale = false;
  }

  #insert(): void {
    const items = this.#items;
    const joined = this.#joined;
    for (let entity = joined.pop(); entity !== undefined; entity = joined.pop()) {
      const last = items.length - 1;
      if (last < 0 || items[last]!.id < entity.id) items[items.length] = entity;
      else items.splice(this.#positionFor(entity.id), 0, entity);
    }
  }

  #sweep(): void {
    const items = this.#items;
    if (this.#left === 1) {
      // The usual case, one left since the last reading: the shift of what follows is all the work there is.
      for (let i = items.length - 1; i >= 0; i--) {
        const item = items[i]!;
        if ((item.memberOf & this.#bit) !== 0) continue;
        item.presentIn &= ~this.#bit;
        if (i === items.length - 1) items.pop();
        else items.splice(i, 1);
        break;
      }
    } else {
      let kept = 0;
      for (let i = 0; i < items.length; i++) {
        const item = items[i]!;
        if ((item.memberOf & this.#bit) !== 0) items[kept++] = item;
        else item.presentIn &= ~this.#bit;
      }
      while (items.length > kept) items.pop(); // to write to its length is much slower
    }
    this.#left = 0;
  }

  #positionFor(id: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle]!.id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
