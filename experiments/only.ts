import { nearestName } from "../policies/contract/nearest.ts";
import type { Cell } from "./grid.ts";

/** A choice of cells that cannot be read, or that no cell answers to. */
export class OnlyError extends Error {
  override readonly name = "OnlyError";
}

const VALUES: Readonly<Record<string, (cell: Cell) => string>> = {
  policy: ({ spec }) => spec.policyId,
  trace: ({ spec }) => spec.trace,
  unit: ({ spec }) => spec.unit,
  cell: ({ key }) => key,
};

/**
 * The cells that answer to every choice `what=pattern`; `*` stands for any text, `?` for one character. A cell is named by
 * the beginning of its key.
 * @throws OnlyError for a choice that is none, or that leaves nothing.
 */
export function chosen(cells: readonly Cell[], choices: readonly string[]): readonly Cell[] {
  return choices.reduce((left, choice) => {
    const [, what = "", pattern = ""] = /^([^=]*)=(.*)$/s.exec(choice) ?? [];
    const value = VALUES[what];
    if (value === undefined) {
      const names = Object.keys(VALUES);
      throw new OnlyError(
        `--only ${choice}: expected ${names.join("=, ")}=; did you mean "${nearestName(what, names)}="?`,
      );
    }
    const matches = matcher(what === "cell" ? `${pattern}*` : pattern);
    const fitting = left.filter((cell) => matches(value(cell)));
    if (fitting.length === 0) {
      const known = [...new Set(left.map(value))];
      const near =
        what === "cell"
          ? ""
          : `; did you mean "${nearestName(pattern, known)}"? There are ${known.slice(0, 20).join(", ")}`;
      throw new OnlyError(`--only ${choice}: no cell of this study answers to it${near}`);
    }
    return fitting;
  }, cells);
}

/** Whether a whole text answers to a pattern; `*` stands for any text, `?` for one character. */
export function matcher(pattern: string): (text: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const whole = new RegExp(`^${source}$`, "su");
  return (text) => whole.test(text);
}
