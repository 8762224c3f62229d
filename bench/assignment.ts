import munkres from "munkres";
import { AssignmentSolver } from "../policies/assignment/assignment-solver.ts";
import { type Benchmark, interleaved, nsEach, numbers, type Result } from "./harness.ts";

export const assignment: Benchmark = {
  name: "assignment",
  run: ({ quick }) =>
    [10, 50, 200, ...(quick ? [] : [1000])].map((n): Result => {
      const next = numbers(n);
      const matrix = Array.from({ length: n }, () => Array.from({ length: n }, () => 1000 * next()));
      const flat = Float64Array.from(matrix.flat());
      const solver = new AssignmentSolver();
      const times = n <= 10 ? 2000 : n <= 50 ? 200 : n <= 200 ? 20 : 1;
      const each = (solve: () => unknown) => () =>
        nsEach(times, () => {
          for (let i = 0; i < times; i++) solve();
        });
      const { ours, theirs } = interleaved(quick ? 3 : 7, {
        ours: each(() => solver.solve(n, n, flat)),
        theirs: each(() => munkres(matrix)),
      });
      return {
        name: `assignment ${n} x ${n}: munkres / ours`,
        value: theirs / ours,
        unit: "x",
        ...(n !== 50 && { target: { least: n === 10 ? 3 : 1.3 } }),
        detail: `ours ${(ours / 1000).toFixed(1)} us, munkres ${(theirs / 1000).toFixed(1)} us`,
      };
    }),
};
