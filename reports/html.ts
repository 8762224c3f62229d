/** Markup that may stand in the page as it is. Only this file makes it, so nothing unescaped can get there by mistake. */
export interface Html {
  readonly markup: string;
  readonly [safe]: true;
}
declare const safe: unique symbol;

/** What a template may hold: text is escaped, `undefined`, `false` and `null` are nothing, lists are written one after the other. */
export type Content = Html | string | number | undefined | false | null | readonly Content[];

/**
 * The one place where text from outside (names, notes, zones, errors, configurations) becomes markup. Attribute values must
 * be quoted in the template.
 * @example html`<b>${"<i>"}</b>`.markup // "<b>&lt;i&gt;</b>"
 */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return trusted(parts.map((part, i) => part + (i < contents.length ? written(contents[i]) : "")).join(""));
}

/** Markup from our own files, or from Vega's writer, which escapes what it is given. Never text from outside. */
export const trusted = (markup: string): Html => ({ markup }) as Html;

/** A name somebody chose: kept apart from its surroundings, so that writing direction marks inside it reach no further. */
export const name = (text: string): Html => html`<bdi>${text}</bdi>`;

/**
 * A program of our own or of a library that cannot end the <script> it stands in.
 * @throws Error where its text opens a comment or a script of HTML, which no escape would repair.
 */
export function programText(program: string): Html {
  if (/<!--|<script/i.test(program)) throw new Error("this program cannot be inlined: it holds <!-- or <script");
  return trusted(program.replace(/<\/(?=script)/gi, "<\\/"));
}

function written(content: Content): string {
  if (content === undefined || content === false || content === null) return "";
  if (typeof content === "string" || typeof content === "number") return escaped(String(content));
  if ("markup" in content) return content.markup;
  return content.map(written).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character]!).replaceAll("\0", "\uFFFD");
