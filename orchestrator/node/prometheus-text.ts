/** One series of a Prometheus page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const LINE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})?(?:,${LABEL})*),?\\})?[ \\t]+(\\S+)(?:[ \\t]+-?\\d+)?$`);
const LABELS = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/**
 * The samples of a page in Prometheus' text format 0.0.4; undefined where a line is none, since half a page may be the wrong half.
 * Source: prometheus.io, "Exposition formats". Comments, HELP and TYPE lines are passed over.
 * @example prometheusSamples('up{job="a"} 1\n') // [{ name: "up", labels: { job: "a" }, value: 1 }]
 */
export function prometheusSamples(text: string): readonly Sample[] | undefined {
  const samples: Sample[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, name, labels = "", value] = LINE.exec(line) ?? [];
    const number = numberOf(value ?? "");
    if (name === undefined || number === undefined) return undefined;
    const found = [...labels.matchAll(LABELS)].map(([, key, quoted]) => [key!, unescaped(quoted!)] as const);
    samples.push({ name, labels: Object.fromEntries(found), value: number });
  }
  return samples;
}

function numberOf(text: string): number | undefined {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (text === "NaN") return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
