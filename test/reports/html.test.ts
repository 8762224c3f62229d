import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { html, programText } from "../../reports/html.ts";

/** What a parser makes of character references: the five that the templates write. */
const parsed = (markup: string): string =>
  markup.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, entity: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" })[entity]!,
  );

describe("html", () => {
  test("writes any text as that text, and never as markup or the end of an attribute", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { markup } = html`<a title="${text}">${text}</a>`;
        const [, title, content] = /^<a title="([^"<>]*)">([^<>]*)<\/a>$/.exec(markup) ?? [];
        expect(parsed(title!)).toBe(text.replaceAll("\0", "\uFFFD"));
        expect(content).toBe(title);
      }),
    );
  });

  test("keeps what is markup already, writes lists in order, and nothing for undefined, null and false", () => {
    const list = ["<", html`<b>${1}</b>`, [undefined, null, false, 0]] as const;
    expect(html`<p>${list}</p>`.markup).toBe("<p>&lt;<b>1</b>0</p>");
  });

  test("does not take text that looks like trusted markup for it", () => {
    const forged: unknown = JSON.parse('{"note":"<img src=x onerror=alert(1)>"}');
    expect(html`${(forged as { note: string }).note}`.markup).toBe("&lt;img src=x onerror=alert(1)&gt;");
  });
});

describe("a script in the page", () => {
  test("means the same after its </script> is broken up", () => {
    const { markup } = programText('"</script>" + /<\\/ScRiPt>/.source');
    expect(markup).not.toMatch(/<\/script/i);
    expect(runInNewContext(markup)).toBe(`</script>${/<\/ScRiPt>/.source}`);
  });

  test("is refused when it holds what no escape would repair", () => {
    expect(() => programText("while (a<!--b);")).toThrow("cannot be inlined");
    expect(() => programText('"<script>"')).toThrow("cannot be inlined");
  });
});
