/** A lexical token of TypeScript. Comments and white space are not tokens. */
export interface Token {
  /** template: a piece of one, up to its end or to the next "${". */
  readonly kind: "word" | "number" | "string" | "template" | "regex" | "punctuation";
  readonly text: string;
  readonly line: number;
}

/**
 * The tokens of a TypeScript source: enough to tell code from comments, strings and regular expressions, and to read
 * imports. Own, because TypeScript 7 offers no API to tools (docs/decisions/0003).
 *
 * A "/" begins a regular expression where no value stands before it. Assumes that none follows a closing bracket, as in
 * `if (x) /re/.test(y)`; our formatter's output has no such line.
 * @example sourceTokens('f("a") // no').map((token) => token.text) // ["f", "(", '"a"', ")"]
 */
export function sourceTokens(source: string): Token[] {
  const tokens: Token[] = [];
  // For every "${" still open: how many plain "{" are open inside it.
  const openSubstitutions: number[] = [];
  let afterValue = false;
  let line = 1;
  let at = 0;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const take = (kind: Token["kind"], text: string, isValue: boolean): void => {
    tokens.push({ kind, text, line });
    afterValue = isValue;
    advance(text);
  };
  const advance = (text: string): void => {
    for (const char of text) if (char === "\n") line++;
    at += text.length;
  };

  while (at < source.length) {
    const char = source[at];
    const skipped = match(SPACE_OR_COMMENT);
    if (skipped !== undefined) {
      advance(skipped);
      continue;
    }
    const depth = openSubstitutions.at(-1);
    if (char === "`" || (char === "}" && depth === 0)) {
      const text = match(TEMPLATE_PIECE) ?? char;
      if (char === "}") openSubstitutions.pop();
      const opens = text.endsWith("${");
      if (opens) openSubstitutions.push(0);
      take("template", text, !opens);
      continue;
    }
    const word = match(WORD);
    if (word !== undefined) {
      take("word", word, !BEFORE_EXPRESSION.has(word));
      continue;
    }
    const number = match(NUMBER);
    if (number !== undefined) {
      take("number", number, true);
      continue;
    }
    const string = match(STRING);
    if (string !== undefined) {
      take("string", string, true);
      continue;
    }
    const regex = char === "/" && !afterValue ? match(REGEX) : undefined;
    if (regex !== undefined) {
      take("regex", regex, true);
      continue;
    }
    const punctuation = match(PUNCTUATION)!;
    if (depth !== undefined && punctuation === "{") openSubstitutions[openSubstitutions.length - 1] = depth + 1;
    if (depth !== undefined && punctuation === "}") openSubstitutions[openSubstitutions.length - 1] = depth - 1;
    // Postfix "x!", "x++" and "x--" leave a value a value.
    const isValue = PASSES_VALUE.has(punctuation) ? afterValue : CLOSING.has(punctuation);
    take("punctuation", punctuation, isValue);
  }
  return tokens;
}

const SPACE_OR_COMMENT = /\s+|\/\/[^\n]*|\/\*.*?\*\//sy;
const TEMPLATE_PIECE = /[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)/sy;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/sy;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const PUNCTUATION = /\+\+|--|./suy;

const CLOSING: ReadonlySet<string> = new Set([")", "]", "}"]);
const PASSES_VALUE: ReadonlySet<string> = new Set(["!", "++", "--"]);
const BEFORE_EXPRESSION: ReadonlySet<string> = new Set(
  "await case delete do else in instanceof new of return throw typeof void yield".split(" "),
);
