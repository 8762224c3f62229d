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

/** Bids a row on average before the rest is left to the search. Measured: more or fewer are slower from n = 50 to 1,000. */
const BIDS_A_ROW = 3;

/**
 * Rectangular assignment: of all ways to give as many rows as possible a column of their own, one of least total cost.
 * Infinity forbids a pair. Shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987) after a bounded round of
 * bids; every row also has a private way out at `unmatchedCost`, so that a cheaper row can take a dearer one's place.
 * O(min(rows, columns)^2 x max(rows, columns)).
 *
 * Ties: decided by the order of rows and columns alone; same matrix, same answer. The workspace grows and is reused.
 *
 * Certificate of optimality, with c = cost - base: rowDual[i] + columnDual[j] <= c[i][j] for every allowed pair, rowDual[i]
 * <= unmatchedCost, and columnDual[j] <= 0 unless all rows and columns are taken; equality for chosen pairs, for rows left
 * out and (0) for free columns. So the sum of the duals, which no assignment can undercut, is what this one costs.
 *
 * @example new AssignmentSolver().solve(2, 2, Float64Array.of(1, 2, 1, 9)).columnOf // [1, 0]: 2 + 1, not 1 + 9
 */
export class AssignmentSolver {
  // A matrix with more rows than columns is worked on turned, so that the many are chosen from and the few are placed.
  // From here on a row is one of the few, a column one of the many.
  #columnOf = new Int32Array(0); // [row]
  #rowOf = new Int32Array(0); // [column]
  #rowDual = new Float64Array(0); // [row]
  #columnDual = new Float64Array(0); // [column]
  #distance = new Float64Array(0); // [column] from the row that is to be placed, in reduced costs
  #before = new Int32Array(0); // [column] row it was reached from
  #open = new Int32Array(0); // columns whose distance may still fall; behind them, the others
  #turned = new Float64Array(0);
  #base = 0;
  #unmatchedCost = 0;

  /** @param cost row-major, rows x columns. Throws on one that is no cost, or on fewer than that. */
  solve(rows: number, columns: number, cost: Float64Array): Solution {
    if (cost.length < rows * columns) throw new RangeError(`${cost.length} costs for a ${rows} x ${columns} matrix`);
    const isTall = rows > columns;
    const few = isTall ? columns : rows;
    const many = isTall ? rows : columns;
    this.#reserve(few, many);
    const matrix = isTall ? this.#turn(few, many, cost) : cost;
    this.#survey(few, many, matrix);
    // Where every column will be taken, its price may start at its cheapest row, which leaves little to do. Whether all can
    // be taken shows at the end: if not, a free column must cost nothing, and the work begins again from there.
    const cheapestFirst = few === many;
    if (!cheapestFirst) this.#columnDual.fill(0);
    if (!this.#match(few, many, matrix) && cheapestFirst) {
      this.#columnDual.fill(0);
      this.#match(few, many, matrix);
    }

    const { cardinality, totalCost } = this.#sum(few, many, matrix);
    const shared = { cardinality, totalCost, base: this.#base, unmatchedCost: this.#unmatchedCost };
    if (!isTall) {
      return { ...shared, columnOf: this.#columnOf, rowDual: this.#rowDual, columnDual: this.#columnDual };
    }
    // Turned back, the way out belongs to the other side.
    for (let column = 0; column < many; column++) this.#columnDual[column]! += this.#unmatchedCost;
    for (let row = 0; row < few; row++) this.#rowDual[row]! -= this.#unmatchedCost;
    return { ...shared, columnOf: this.#rowOf, rowDual: this.#columnDual, columnDual: this.#rowDual };
  }

  /**
   * One look at every cost: the least of all, the least of each column, and what staying out must cost to be worse. By min and
   * max rather than branches: random costs would be guessed wrong, and a NaN goes through to where it is seen.
   */
  #survey(rows: number, columns: number, cost: Float64Array): void {
    const columnDual = this.#columnDual;
    let base = Infinity;
    let most = -Infinity;
    for (let column = 0; column < columns; column++) columnDual[column] = Infinity;
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        columnDual[column] = Math.min(columnDual[column]!, cost[at]!);
        most = Math.max(most, cost[at]!);
      }
    }
    for (let column = 0; column < columns; column++) base = Math.min(base, columnDual[column]!);
    if (!(base > -Infinity)) throw new RangeError(`a cost of ${base} is no cost; Infinity forbids a pair`);
    if (most === Infinity) most = largestFinite(rows * columns, cost);
    if (base === Infinity) base = most = 0;
    for (let column = 0; column < columns; column++) {
      columnDual[column] = columnDual[column] === Infinity ? 0 : columnDual[column]! - base;
    }
    this.#base = base;
    this.#unmatchedCost = (rows + 1) * (most - base) + 1;
  }

  /** @returns whether every row has a column. */
  #match(rows: number, columns: number, cost: Float64Array): boolean {
    const columnOf = this.#columnOf;
    for (let column = 0; column < columns; column++) this.#rowOf[column] = -1;
    for (let row = 0; row < rows; row++) columnOf[row] = -1;
    this.#bid(rows, columns, cost);
    for (let row = 0; row < rows; row++) if (columnOf[row] === -1) this.#augment(row, columns, cost);
    for (let row = 0; row < rows; row++) if (columnOf[row] === -1) return false;
    return true;
  }

  /**
   * A row takes its cheapest column from whoever has it, and raises its price to where its second choice is as good (Jonker
   * and Volgenant's augmenting row reduction); the loser bids next. Most rows find their place here, at a scan each.
   */
  #bid(rows: number, columns: number, cost: Float64Array): void {
    const columnDual = this.#columnDual;
    const rowOf = this.#rowOf;
    const columnOf = this.#columnOf;
    const unmatchedAt = this.#base + this.#unmatchedCost;
    let bidsLeft = BIDS_A_ROW * rows;
    for (let next = 0; next < rows; next++) {
      let row = next;
      while (row !== -1 && bidsLeft-- > 0) {
        let first = -1;
        let firstAt = Infinity;
        let secondAt = Infinity;
        for (let column = 0, at = row * columns; column < columns; column++, at++) {
          const through = cost[at]! - columnDual[column]!;
          if (through >= secondAt) continue;
          if (through < firstAt) {
            secondAt = firstAt;
            first = column;
            firstAt = through;
          } else {
            secondAt = through;
          }
        }
        if (firstAt >= unmatchedAt) break; // better without
        const raise = Math.min(secondAt, unmatchedAt) - firstAt;
        if (raise > 0) {
          columnDual[first]! -= raise;
        } else if (rowOf[first] !== -1) {
          // A tie: one as cheap that nobody has, or else the search decides.
          first = this.#freeAt(firstAt, row, columns, cost);
          if (first === -1) break;
        }
        const loser = rowOf[first]!;
        rowOf[first] = row;
        columnOf[row] = first;
        if (loser !== -1) columnOf[loser] = -1;
        row = loser;
      }
    }
  }

  #freeAt(price: number, row: number, columns: number, cost: Float64Array): number {
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      if (this.#rowOf[column] === -1 && cost[at]! - this.#columnDual[column]! === price) return column;
    }
    return -1;
  }

  /** Finds the shortest way to a free column, or to a row that had better go without, and shifts the rows along it. */
  #augment(root: number, columns: number, cost: Float64Array): void {
    const distance = this.#distance;
    const before = this.#before;
    const open = this.#open;
    const columnDual = this.#columnDual;
    const rowOf = this.#rowOf;
    const columnOf = this.#columnOf;
    const unmatchedCost = this.#unmatchedCost;
    for (let column = 0; column < columns; column++) {
      distance[column] = Infinity;
      open[column] = column;
    }
    let openCount = columns;
    let row = root;
    let shift = this.#base; // what takes a cost in `row`, less its column's dual, to a distance from the root
    let reachedAt = 0;
    let outRow = root;
    let outAt = unmatchedCost;
    let free = -1;
    for (;;) {
      // One pass: relax what is open from `row`, and find the nearest of it, a free one among the equally near.
      let nearest = -1; // position in open
      let nearestAt = outAt;
      let isNearestFree = false;
      for (let i = 0, first = row * columns; i < openCount; i++) {
        const column = open[i]!;
        const through = cost[first + column]! - columnDual[column]! - shift;
        let reach = distance[column]!;
        if (through < reach) {
          reach = through;
          distance[column] = through;
          before[column] = row;
        }
        if (reach > nearestAt) continue;
        const isFree = rowOf[column] === -1;
        if (reach === nearestAt && (isNearestFree || !isFree)) continue;
        nearest = i;
        nearestAt = reach;
        isNearestFree = isFree;
        if (isFree && reach <= reachedAt) break; // none can be nearer
      }
      if (nearest === -1) break;
      const column = open[nearest]!;
      reachedAt = nearestAt;
      if (isNearestFree) {
        free = column;
        break;
      }
      open[nearest] = open[--openCount]!;
      open[openCount] = column;
      row = rowOf[column]!;
      const worth = cost[row * columns + column]! - columnDual[column]!;
      shift = worth - reachedAt;
      const leavesAt = reachedAt + unmatchedCost - (worth - this.#base);
      if (leavesAt < outAt) {
        outAt = leavesAt;
        outRow = row;
      }
    }
    const endAt = free === -1 ? outAt : reachedAt;
    for (let i = openCount; i < columns; i++) columnDual[open[i]!]! -= endAt - distance[open[i]!]!;
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

  /** Adds up what was chosen. A row's dual follows from its column's, so none was kept on the way. */
  #sum(rows: number, columns: number, cost: Float64Array): { cardinality: number; totalCost: number } {
    let cardinality = 0;
    let totalCost = 0;
    for (let row = 0; row < rows; row++) {
      const column = this.#columnOf[row]!;
      if (column === -1) {
        this.#rowDual[row] = this.#unmatchedCost;
        continue;
      }
      const each = cost[row * columns + column]!;
      cardinality++;
      totalCost += each;
      this.#rowDual[row] = each - this.#base - this.#columnDual[column]!;
    }
    return { cardinality, totalCost };
  }

  #turn(rows: number, columns: number, cost: Float64Array): Float64Array {
    if (this.#turned.length < rows * columns) this.#turned = new Float64Array(2 * rows * columns);
    for (let column = 0, at = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++, at++) this.#turned[row * columns + column] = cost[at]!;
    }
    return this.#turned;
  }

  /** Views of the right length on the workspace, which grows by doubling. */
  #reserve(rows: number, columns: number): void {
    if (this.#columnOf.length !== rows) {
      this.#columnOf = resized(this.#columnOf, rows);
      this.#rowDual = resized(this.#rowDual, rows);
    }
    if (this.#rowOf.length !== columns) {
      this.#rowOf = resized(this.#rowOf, columns);
      this.#columnDual = resized(this.#columnDual, columns);
      this.#distance = resized(this.#distance, columns);
      this.#before = resized(this.#before, columns);
      this.#open = resized(this.#open, columns);
    }
  }
}

function largestFinite(count: number, cost: Float64Array): number {
  let most = -Infinity;
  for (let at = 0; at < count; at++) if (cost[at]! < Infinity) most = Math.max(most, cost[at]!);
  return most;
}

/** A view of another length on the same memory, or on new memory where that is too small. */
function resized<T extends Int32Array | Float64Array>(view: T, length: number): T {
  const Kind = view.constructor as new (of: ArrayBufferLike | number, offset?: number, length?: number) => T;
  if (view.buffer.byteLength >= length * view.BYTES_PER_ELEMENT) return new Kind(view.buffer, 0, length);
  return new Kind(new Kind(2 * length).buffer, 0, length);
}
