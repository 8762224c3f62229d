import { FAULTS } from "./faults.ts";
import { BOUNDARIES, type Boundary, CELLS, type Planned } from "./plan.ts";
import { STATES, type State } from "./world.ts";

type Cell = Omit<Planned, "fromS">;

/** How often each fault struck in each state, with each kind of crash after it. */
export class Coverage {
  readonly #hits = new Map<string, number>(CELLS.map((cell) => [keyOf(cell), 0]));

  hit(cell: Cell): void {
    const key = keyOf(cell);
    this.#hits.set(key, this.#hits.get(key)! + 1);
  }

  #of(fault: string, state: State, boundary: Boundary): number {
    return this.#hits.get(keyOf({ fault, state, boundary }))!;
  }

  /** Cells that were hit less often. */
  below(least: number): readonly string[] {
    return CELLS.filter((cell) => this.#hits.get(keyOf(cell))! < least).map(
      (cell) => `${keyOf(cell)}: ${this.#hits.get(keyOf(cell))}`,
    );
  }

  /** A fault a line, a state a column, in it the kinds of crash. */
  table(): string {
    const width = BOUNDARIES.length * 5;
    const head = [`${"".padEnd(24)}${STATES.map((state) => state.padEnd(width)).join("")}`];
    const rows = FAULTS.map(({ name }) => {
      const cells = STATES.map((state) =>
        BOUNDARIES.map((boundary) => this.#of(name, state, boundary))
          .join(" ")
          .padEnd(width),
      );
      return `${name.padEnd(24)}${cells.join("")}`;
    });
    return [...head, ...rows].map((line) => line.trimEnd()).join("\n");
  }
}

const keyOf = ({ fault, state, boundary }: Cell): string => `${fault}, ${state}, crash: ${boundary}`;
