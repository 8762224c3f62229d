// Short lists on an entity are replaced, never written: one that was handed out stands still, and an entity with nothing on
// it shares the empty one. That one is not frozen: V8 walks frozen lists, and whatever may be one, many times slower.

export const NONE: readonly never[] = [];

export const having = <T>(list: readonly T[], item: T): readonly T[] => (list.length === 0 ? [item] : [...list, item]);

export const without = <T>(list: readonly T[], item: T): readonly T[] =>
  list.length === 1 && list[0] === item ? NONE : list.filter((each) => each !== item);
