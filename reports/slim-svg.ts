const FONT = ' font-family="system-ui, sans-serif"';
const SIZE = ' font-size="12px"';

/** Neighbours that are painted alike, and over which nothing shows through, as one path. */
const joined = (parts: string): string =>
  parts.replace(/(<path d="[^"]*" fill="[^"]*"\/>){2,}/g, (run) => {
    const paths = [...run.matchAll(/<path d="([^"]*)" fill="([^"]*)"\/>/g)].map(([, d, fill]) => ({
      d: d!,
      fill: fill!,
    }));
    const out: { d: string; readonly fill: string }[] = [];
    for (const { d, fill } of paths) {
      const last = out.at(-1);
      if (last?.fill === fill) last.d += d;
      else out.push({ d, fill });
    }
    return out.map(({ d, fill }) => `<path d="${d}" fill="${fill}"/>`).join("");
  });

/**
 * A picture of Vega's writer with a third less text, and the same to look at: hundredths of a pixel, no values that are the
 * default or stand on the picture already, no names of parts for readers that the whole picture is hidden from, no empty parts, and neighbours
 * of one colour as one.
 * @example slimSvg('<svg><path opacity="1" d="M0.5000001,1h2.25v0.123Z"/></svg>') // '<svg ...><path d="M0.5,1h2.25v0.12Z"/></svg>'
 */
export function slimSvg(svg: string): string {
  const [head, ...rest] = svg.split(">");
  const parts = rest
    .join(">")
    .replace(/<(path|line|text)[^>]* display="none"[^>]*(\/>|><\/\1>)/g, "")
    .replace(/<path class="background"[^>]* d="M0,0h0v0h0Z"[^>]*\/>/g, "")
    .replace(/(?<=<[^>]*) (aria-hidden|aria-roledescription|role|pointer-events)="[^"]*"/g, "")
    .replace(/(?<=<[^>]*) (opacity|fill-opacity|stroke-opacity|stroke-width)="1"/g, "")
    .replaceAll(' transform="translate(0,0)"', "")
    .replaceAll(FONT, "")
    .replaceAll(SIZE, "")
    .replace(/(?<=<[^>]*) (d|transform|x|y|x2|y2|width|height)="([^"]*)"/g, (_, attribute, value: string) => {
      const short = value.replace(/-?\d*\.\d+(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2))));
      return ` ${attribute}="${short}"`;
    });
  return `${head}${FONT}${SIZE}>${joined(parts)}`;
}
