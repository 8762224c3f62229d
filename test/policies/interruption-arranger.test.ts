import fc from "fast-check";
import { expect, it } from "vitest";
import { tokensBefore } from "../../policies/parallelism/interruption-arranger.ts";

// In eighths of a second, which doubles hold exactly.
const eighths = (max: number) => fc.integer({ min: 0, max }).map((each) => each / 8);
const ahead = fc.record({
  prefillLeftS: eighths(40),
  perTokenS: eighths(20).filter((each) => each > 0),
  tokensLeft: fc.integer({ min: 0, max: 60 }),
});
const all = ({ tokensLeft }: { readonly tokensLeft: number }) => Array.from({ length: tokensLeft + 1 }, (_, s) => s);

it("before a reclaim, as many tokens as end strictly before the move must begin", () => {
  fc.assert(
    fc.property(eighths(400), ahead, (slotS, batch) => {
      const inTime = all(batch).filter((s) => batch.prefillLeftS + s * batch.perTokenS < slotS);
      expect(tokensBefore(slotS, batch)).toBe(inTime.at(-1) ?? 0);
    }),
  );
  expect(tokensBefore(-3, { prefillLeftS: 0, perTokenS: 1, tokensLeft: 5 })).toBe(0);
});

it("GPT-20B at (2, 8) with 30 s of notice and a move of 4 s has decoded 265 tokens more, had it as many", () => {
  // 98 ms a token: 25.97 s < 26 s.
  expect(tokensBefore(30 - 4, { prefillLeftS: 0, perTokenS: 0.098, tokensLeft: 1000 })).toBe(265);
});
