import { describe, expect, test } from "vitest";
import {
  looksFor,
  PAGE_DARK,
  PAGE_LIGHT,
  PART_COLOURS_DARK,
  PART_COLOURS_LIGHT,
  POLICY_COLOURS_DARK,
  POLICY_COLOURS_LIGHT,
} from "../../reports/palette.ts";

type Rgb = readonly [number, number, number];

const linear = (hex: string): Rgb => {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
};

/** WCAG 2.2, relative luminance and contrast ratio. */
const contrast = (a: string, b: string): number => {
  const luminance = ([red, green, blue]: Rgb) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const [dark, light] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
};

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB. */
const SIGHT: Readonly<Record<string, readonly Rgb[]>> = {
  full: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const seen = (hex: string, sight: readonly Rgb[]): Rgb => {
  const rgb = linear(hex);
  const [red, green, blue] = sight.map((row) =>
    Math.min(1, Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])),
  );
  return [red!, green!, blue!];
};

/** Distance in Oklab (Ottosson 2020), times 100: about 2 is just noticeable. */
function distance(a: Rgb, b: Rgb): number {
  const lab = ([r, g, b]: Rgb) => {
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  };
  const [x, y] = [lab(a), lab(b)];
  return 100 * Math.hypot(...x.map((value, i) => value - y[i]!));
}

describe.each([
  ["light policies", POLICY_COLOURS_LIGHT, PAGE_LIGHT],
  ["dark policies", POLICY_COLOURS_DARK, PAGE_DARK],
  ["light parts of a saving", Object.values(PART_COLOURS_LIGHT), PAGE_LIGHT],
  ["dark parts of a saving", Object.values(PART_COLOURS_DARK), PAGE_DARK],
] as const)("the palette of %s", (_, colours, page) => {
  test("stands out from the page by the 3:1 that WCAG asks of graphics", () => {
    for (const colour of colours) expect(contrast(colour, page)).toBeGreaterThanOrEqual(3);
  });

  test.each(Object.keys(SIGHT))("can be told apart with %s", (sight) => {
    const seenAs = colours.map((colour) => seen(colour, SIGHT[sight]!));
    seenAs.forEach((a, i) => {
      for (let j = 0; j < i; j++) {
        // The first four serve most studies, so they are further apart than the rest.
        expect(distance(a, seenAs[j]!), `${colours[i]} and ${colours[j]}`).toBeGreaterThan(i < 4 ? 12 : 8);
      }
    });
  });
});

test("a ninth policy has the first one's colour and another shape", () => {
  const looks = [...looksFor(Array.from({ length: 9 }, (_, i) => `policy ${i}`)).values()];
  expect(looks[8]!.colour).toBe(looks[0]!.colour);
  expect(looks[8]!.shape).not.toBe(looks[0]!.shape);
});
