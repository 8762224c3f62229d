import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slimSvg } from "../../reports/slim-svg.ts";

const FONT = ' font-family="system-ui, sans-serif" font-size="12px"';

describe("a slim picture", () => {
  it("is without what the page does not need: defaults, names for readers, empty and hidden parts", () => {
    const mark = '<path aria-hidden="true" d="M0,1h2v3Z" fill="red" opacity="1" stroke-width="1"/>';
    const empty = '<path class="background" aria-hidden="true" d="M0,0h0v0h0Z" pointer-events="none"/>';
    const hidden = '<path class="foreground" d="" display="none"/>';
    const text = '<text text-anchor="end" font-family="system-ui, sans-serif" font-size="12px" opacity="0.5">a</text>';
    expect(
      slimSvg(`<svg width="9"><g role="x" transform="translate(0,0)">${empty}${hidden}${mark}${text}</g></svg>`),
    ).toBe(
      `<svg width="9"${FONT}><g><path d="M0,1h2v3Z" fill="red"/><text text-anchor="end" opacity="0.5">a</text></g></svg>`,
    );
  });

  it("moves nothing by more than half a hundredth of a pixel", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -3000, max: 3000, noNaN: true }), { minLength: 1 }), (numbers) => {
        const slim = slimSvg(`<svg><path d="M${numbers.join(",")}"/></svg>`);
        const kept = /d="M([^"]*)"/.exec(slim)![1]!.split(",").map(Number);
        expect(kept).toHaveLength(numbers.length);
        for (const [i, number] of numbers.entries()) expect(Math.abs(kept[i]! - number)).toBeLessThanOrEqual(0.00501);
      }),
    );
  });

  it("draws neighbours of one colour as one path, in their order, and no others", () => {
    const path = (d: string, fill: string) => `<path d="${d}" fill="${fill}"/>`;
    const pale = '<path d="M9,9Z" fill="red" opacity="0.5"/>';
    const drawn = slimSvg(
      `<svg>${["A", "B"].map((d) => path(d, "red")).join("")}${path("C", "blue")}${path("D", "red")}${pale}${pale}</svg>`,
    );
    expect(drawn).toBe(`<svg${FONT}>${path("AB", "red")}${path("C", "blue")}${path("D", "red")}${pale}${pale}</svg>`);
  });

  it("leaves texts as they are, whatever they say", () => {
    const words = 'aria-hidden="true" 0.123456 opacity="1"'.replaceAll('"', "&quot;");
    expect(slimSvg(`<svg><text>${words}</text></svg>`)).toContain(words);
    expect(slimSvg("<svg><text>1.23456 display=none</text></svg>")).toContain("1.23456 display=none");
  });
});
