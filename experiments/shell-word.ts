/** A text as a shell takes it for one word. @example shellWord("policy=a b") // 'policy=a b', in single quotes */
export const shellWord = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
