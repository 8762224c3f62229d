/** What `solve` found. The arrays are the solver's own and valid until it solves again. */
export interface Solution {
  /** How many rows were given a column. */
  readonly cardinality: number;
  /** Sum of their costs. */
  readonly totalCost: number;
  /** Column of each row, -1 for none. */
  readonly columnOf: Int32Array; // [row]
  /** Dual potentials, in cost less `base`: see AssignmentSolver. */
  readonly rowDual: Float64Array; // [row]
  readonly columnDual: Float64Array; // [column]
  /** Least finite cost: what was taken off every cost. 0 if none is finite. */
  readonly base: number;
  /** What leaving a row without a column costs, in cost less `base`: more than any rearrangement can save. */
  readonly unmatchedCost: number;
}

/**
 * Rectangular assignment: of all ways to give as many rows as possible a column of their own, one of least total cost.
 * Infinity forbids a pair. Shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987), a row at a time; every row
 * also has a private way out at `unmatchedCost`, so that a cheaper row can take a dearer one's place. O(rows x columns x
 * min(rows, columns)).
 *
 * Ties: rows in order, the lower column first; same matrix, same answer. The workspace grows and is reused.
 *
 * Certificate of optimality, with c = cost - base: rowDual[i] + columnDual[j] <= c[i][j] for every allowed pair, rowDual[i]
 * <= unmatchedCost, and columnDual[j] <= 0 unless all rows and columns are taken; equality for chosen pairs, for rows left
 * out and (0) for free columns. So the sum of the duals, which no assignment can undercut, is what this one costs.
 *
 * @example new AssignmentSolver().solve(2, 2, Float64Array.of(1, 2, 1, 9)).columnOf // [1, 0]: 2 + 1, not 1 + 9
 */
export class AssignmentSolver {
  #columnOf = new Int32Array(0);
  #rowDual = new Float64Array(0);
  #rowOf = new Int32Array(0);
  #columnDual = new Float64Array(0);
  #distance = new Float64Array(0); // [column] from the root, reduced costs
  #before = new Int32Array(0); // [column] row it was reached from
  #closed = new Uint8Array(0); // [column] its distance is final
  #scanned = new Int32Array(0); // columns in order of their distance

  /** @param cost row-major, rows x columns; no NaN. Throws on a size that does not fit. */
  solve(rows: number, columns: number, cost: Float64Array): Solution {
    if (cost.length < rows * columns) throw new RangeError(`${cost.length} costs for a ${rows} x ${columns} matrix`);
    this.#reserve(rows, columns);
    let base = Infinity;
    let most = -Infinity;
    for (let at = 0; at < rows * columns; at++) {
      const each = cost[at]!;
      if (each < base) base = each;
      if (each > most && each !== Infinity) most = each;
    }
    if (base === Infinity) base = most = 0;
    const unmatchedCost = (Math.min(rows, columns) + 1) * (most - base) + 1;
    // Where every column will be taken, its price may start at its cheapest row, which leaves little to do. Whether all can
    // be taken shows at the end: if not, a free column must cost nothing, and the work begins again from there.
    const square = rows === columns;
    if (!this.#match(rows, columns, cost, base, unmatchedCost, square) && square) {
      this.#match(rows, columns, cost, base, unmatchedCost, false);
    }
    let cardinality = 0;
    let totalCost = 0;
    for (let row = 0; row < rows; row++) {
      const column = this.#columnOf[row]!;
      if (column === -1) continue;
      cardinality++;
      totalCost += cost[row * columns + column]!;
    }
    return {
      cardinality,
      totalCost,
      columnOf: this.#columnOf.subarray(0, rows),
      rowDual: this.#rowDual.subarray(0, rows),
      columnDual: this.#columnDual.subarray(0, columns),
      base,
      unmatchedCost,
    };
  }

  /** @returns whether every row has a column. */
  #match(
    rows: number,
    columns: number,
    cost: Float64Array,
    base: number,
    unmatchedCost: number,
    priced: boolean,
  ): boolean {
    this.#columnDual.fill(0, 0, columns);
    if (priced) this.#priceColumns(rows, columns, cost, base);
    this.#reduceRows(rows, columns, cost, base, unmatchedCost);
    for (let pass = 0; pass < 2; pass++) this.#bid(rows, columns, cost, base, unmatchedCost);
    for (let row = 0; row < rows; row++) {
      if (this.#columnOf[row] === -1) this.#augment(row, columns, cost, base, unmatchedCost);
    }
    return !this.#columnOf.subarray(0, rows).includes(-1);
  }

  #priceColumns(rows: number, columns: number, cost: Float64Array, base: number): void {
    const columnDual = this.#columnDual;
    columnDual.fill(Infinity, 0, columns);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        const each = cost[at]! - base;
        if (each < columnDual[column]!) columnDual[column] = each;
      }
    }
    for (let column = 0; column < columns; column++) if (columnDual[column] === Infinity) columnDual[column] = 0;
  }

  /** A first feasible potential, and each row on its cheapest column where that is still free. */
  #reduceRows(rows: number, columns: number, cost: Float64Array, base: number, unmatchedCost: number): void {
    const columnDual = this.#columnDual;
    this.#rowOf.fill(-1, 0, columns);
    this.#columnOf.fill(-1, 0, rows);
    for (let row = 0; row < rows; row++) {
      let cheapest = -1;
      let least = Infinity;
      for (let column = 0, at = row * columns; column < columns; column++, at++) {
        const through = cost[at]! - columnDual[column]!;
        if (through < least) {
          least = through;
          cheapest = column;
        }
      }
      this.#rowDual[row] = Math.min(least - base, unmatchedCost);
      if (cheapest !== -1 && this.#rowOf[cheapest] === -1) {
        this.#rowOf[cheapest] = row;
        this.#columnOf[row] = cheapest;
      }
    }
  }

  /**
   * Rows without a column take their cheapest one from whoever has it, and raise its price to where their second choice is
   * as good (Jonker and Volgenant's augmenting row reduction): most rows find their place here, at a scan each.
   */
  #bid(rows: number, columns: number, cost: Float64Array, base: number, unmatchedCost: number): void {
    const rowDual = this.#rowDual;
    const columnDual = this.#columnDual;
    const rowOf = this.#rowOf;
    const columnOf = this.#columnOf;
    for (let next = 0; next < rows; next++) {
      // A row that lost its column bids at once; a bound on the chain keeps near-ties from bidding for ever.
      let row = next;
      for (let chain = 0; chain < rows && row !== -1 && columnOf[row] === -1; chain++) {
        let first = -1;
        let second = -1;
        let firstAt = Infinity;
        let secondAt = Infinity;
        for (let column = 0, at = row * columns; column < columns; column++, at++) {
          const through = cost[at]! - columnDual[column]!;
          if (through >= secondAt) continue;
          if (through < firstAt) {
            second = first;
            secondAt = firstAt;
            first = column;
            firstAt = through;
          } else {
            second = column;
            secondAt = through;
          }
        }
        const worth = Math.min(secondAt - base, unmatchedCost);
        rowDual[row] = worth;
        if (firstAt - base >= unmatchedCost) break; // better without
        let taken = first;
        if (firstAt - base < worth) columnDual[first]! -= worth - (firstAt - base);
        else if (rowOf[first] !== -1 && second !== -1) taken = second;
        const loser = rowOf[taken]!;
        rowOf[taken] = row;
        columnOf[row] = taken;
        if (loser !== -1) columnOf[loser] = -1;
        // Only a strict bid is progress: after a tie the loser waits for the augmentation.
        row = firstAt - base < worth ? loser : -1;
      }
    }
  }

  /** Finds the shortest way to a free column, or to a row that had better go without, and shifts the rows along it. */
  #augment(root: number, columns: number, cost: Float64Array, base: number, unmatchedCost: number): void {
    const distance = this.#distance;
    const before = this.#before;
    const scanned = this.#scanned;
    const closed = this.#closed;
    const rowDual = this.#rowDual;
    const columnDual = this.#columnDual;
    const rowOf = this.#rowOf;
    const columnOf = this.#columnOf;
    distance.fill(Infinity, 0, columns);
    closed.fill(0, 0, columns);
    let row = root;
    let reachedAt = 0;
    let outRow = root;
    let outAt = unmatchedCost - rowDual[root]!;
    let scans = 0;
    let free = -1;
    for (;;) {
      // One pass: relax what is still open from `row`, and find the nearest open column.
      const shift = reachedAt - rowDual[row]! - base;
      let nearest = -1;
      let nearestAt = outAt;
      for (let column = 0, at = row * columns; column < columns; column++, at++) {
        if (closed[column] === 1) continue;
        const through = shift + cost[at]! - columnDual[column]!;
        let reach = distance[column]!;
        if (through < reach) {
          reach = through;
          distance[column] = through;
          before[column] = row;
        }
        if (reach < nearestAt) {
          nearest = column;
          nearestAt = reach;
        }
      }
      if (nearest === -1) break;
      closed[nearest] = 1;
      scanned[scans++] = nearest;
      reachedAt = nearestAt;
      row = rowOf[nearest]!;
      if (row === -1) {
        free = nearest;
        break;
      }
      const leavesAt = reachedAt + unmatchedCost - rowDual[row]!;
      if (leavesAt < outAt) {
        outAt = leavesAt;
        outRow = row;
      }
    }
    const endAt = free === -1 ? outAt : reachedAt;
    rowDual[root]! += endAt;
    for (let i = 0; i < scans; i++) {
      const column = scanned[i]!;
      const slack = endAt - distance[column]!;
      columnDual[column]! -= slack;
      const held = rowOf[column]!;
      if (held !== -1) rowDual[held]! += slack;
    }
    let column = free;
    if (free === -1) {
      if (outRow === root) return;
      column = columnOf[outRow]!;
      columnOf[outRow] = -1;
    }
    for (;;) {
      const taker = before[column]!;
      const given = columnOf[taker]!;
      rowOf[column] = taker;
      columnOf[taker] = column;
      if (taker === root) return;
      column = given;
    }
  }

  #reserve(rows: number, columns: number): void {
    if (this.#columnOf.length < rows) {
      this.#columnOf = new Int32Array(2 * rows);
      this.#rowDual = new Float64Array(2 * rows);
    }
    if (this.#rowOf.length < columns) {
      this.#rowOf = new Int32Array(2 * columns);
      this.#columnDual = new Float64Array(2 * columns);
      this.#distance = new Float64Array(2 * columns);
      this.#before = new Int32Array(2 * columns);
      this.#closed = new Uint8Array(2 * columns);
      this.#scanned = new Int32Array(2 * columns);
    }
  }
}
