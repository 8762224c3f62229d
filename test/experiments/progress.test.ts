import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { duration, type LineStream, Progress } from "../../experiments/progress.ts";

function watched(isTTY: boolean) {
  const clock = { nowMs: 0 };
  const written: string[] = [];
  const stream: LineStream = { isTTY, write: (part) => written.push(part) };
  const progress = new Progress(4, stream, () => clock.nowMs);
  const pass = (ms: number): void => {
    clock.nowMs += ms;
  };
  return { progress, pass, text: () => written.join("") };
}

test("the time left is what the finished cells say: after one of four in 6 s, 18 s more", () => {
  const { progress, pass, text } = watched(true);
  pass(6_000);
  progress.add(true);
  expect(stripVTControlCharacters(text())).toBe("\r1 of 4 cells (25 %), 18 s left");
});

test("without a terminal there are whole lines, few of them and without colour", () => {
  const { progress, pass, text } = watched(false);
  for (let i = 0; i < 4; i++) {
    pass(6_000);
    progress.add(i !== 1);
  }
  progress.end();
  expect(text()).toBe("2 of 4 cells (50 %), 1 failed, 12 s left\n4 of 4 cells (100 %), 1 failed, in 24 s\n");
});

test.each([
  [0, "0.0 s"],
  [9_940, "9.9 s"],
  [9_960, "10 s"],
  [59_400, "59 s"],
  [83_000, "1 min 23 s"],
  [3_599_900, "1 h 0 min"],
  [7_380_000, "2 h 3 min"],
])("%d ms are %s", (ms, text) => expect(duration(ms)).toBe(text));
