// Short lists on an entity are replaced, never written: one that was handed out stands still, and an entity with nothing on
// it shares the empty one.

export const NONE: readonly never[] = Object.freeze([]);

export const having = <T>(list: readonly T[], item: T): readonly T[] => (list.length === 0 ? [item] : [...list, item]);

export const without = <T>(list: readonly T[], item: T): readonly T[] =>
  list.length === 1 && list[0] === item ? NONE : list.filter((each) => each !== item);
