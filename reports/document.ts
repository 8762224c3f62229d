import { type Content, html } from "./html.ts";
import { inlined, programs, styleSheet } from "./libraries.ts";
import {
  PAGE_DARK,
  PAGE_LIGHT,
  PART_COLOURS_DARK,
  PART_COLOURS_LIGHT,
  POLICY_COLOURS_DARK,
  POLICY_COLOURS_LIGHT,
  variables,
} from "./palette.ts";

/** A part of a page, reached by a link at its top. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly body: Content;
}

export const navigation = (sections: readonly Section[]): Content =>
  html`<nav aria-label="Sections"><ul>${sections.map(({ id, heading }) => html`<li><a href="${`#${id}`}">${heading}</a></li>`)}</ul></nav>`;

export const sectionsHtml = (sections: readonly Section[]): Content =>
  sections.map(
    ({ id, heading, body }) => html`
<section id="${id}" aria-labelledby="${`${id}-heading`}">
<h2 id="${`${id}-heading`}">${heading}</h2>
${body}
</section>`,
  );

/**
 * A page that needs nothing else: opens from disk, reads without JavaScript, and runs no code but its own.
 * @param product what kind of page it is, over the title.
 */
export function htmlDocument(
  title: string,
  product: string,
  body: Content,
  footer: string,
  { charts } = { charts: true },
): string {
  const style = inlined("style", `${styleSheet()}\n${paletteRules()}`);
  const scripts = charts ? programs() : [];
  const policy = [
    "default-src 'none'",
    ...(charts ? [`script-src ${scripts.map(({ source }) => source).join(" ")}`] : []),
    `style-src ${style.source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${style.element}
</head>
<body>
<div class="page">
<header>
<p class="product">${product}</p>
<h1>${title}</h1>
</header>
<main>
${body}
</main>
<footer>${footer}</footer>
</div>
${scripts.map(({ element }) => element)}
</body>
</html>
`.markup;
}

/** The colours of policies and of a saving's parts in both themes, and the samples beside their names. */
function paletteRules(): string {
  const samples = [
    ...POLICY_COLOURS_LIGHT.map((_, i) => `policy-${i}`),
    ...Object.keys(PART_COLOURS_LIGHT).map((part) => `part-${part}`),
  ].map((id) => `.${id} { --sample: var(--${id}); }`);
  const light = `${variables("policy", POLICY_COLOURS_LIGHT)} ${variables("part", PART_COLOURS_LIGHT)}`;
  const dark = `${variables("policy", POLICY_COLOURS_DARK)} ${variables("part", PART_COLOURS_DARK)}`;
  return `:root { --page: ${PAGE_LIGHT}; ${light} }
@media screen and (prefers-color-scheme: dark) { :root { --page: ${PAGE_DARK}; ${dark} } }
${samples.join("\n")}`;
}
