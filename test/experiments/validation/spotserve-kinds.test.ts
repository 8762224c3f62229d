import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchFolder } from "../support/studies.ts";
import { computed } from "../support/targets.ts";

function written(text: string): string {
  const path = join(scratchFolder(), "invented");
  writeFileSync(path, text);
  return path;
}

const segments = [
  "# a comment",
  '[0, "add", {"nodes": ["a", "b"]}]',
  '[60000, "remove", {"nodes": ["a"]}]',
  '[60000, "add", {"nodes": ["c"]}]', // a swap, which no count shows
  "",
  '[90000, "other", {"nodes": [], "required_tpt": 0.8}]',
  '[120000, "add", {"nodes": ["d"]}]',
  '[240000, "DONE", {"nodes": []}]',
].join("\n");

describe("kind node-count-series", () => {
  const of = (text: string, format: string, params: object) =>
    computed("node-count-series", { trace: written(text), format }, params);

  it("counts at given times, events of the instant included, and swaps of one instant as joined and lost", async () => {
    expect(await of(segments, "spotserve-jsonl", { atS: [0, 59, 60, 120, 500] })).toEqual({
      endS: 240,
      counts: [2, 2, 2, 3, 3],
      adds: 4,
      removes: 1,
      maxCount: 3,
      instanceMinutes: 2 * 2 + 3 * 2,
      meanCount: 2.5,
    });
  });

  it("reads the CSV forms alike, from nothing before the first event", async () => {
    const events = "1000,add,a\r\n2000,add,b\r\n3000,remove,a\r\n3000,add,c\r\n5000,remove,b\r\n";
    const expected = { endS: 5, counts: [0, 1, 2, 2, 1], adds: 3, removes: 2, maxCount: 2, meanCount: 7 / 5 };
    const params = { atS: [0.5, 1, 2.5, 3, 5] };
    expect(await of(events, "ms,add|remove,node", params)).toMatchObject(expected);
    // Steps of one instant count each: up to 2, down to 1, up to 2.
    expect(await of("1000,1\n2000,2\n3000,1\n3000,2\n5000,1\n", "ms,count", params)).toMatchObject(expected);
  });

  it("ends where the case says, what joins then included", async () => {
    expect(await of(segments, "spotserve-jsonl", { atS: [], endS: 60 })).toMatchObject({
      endS: 60,
      adds: 3,
      removes: 1,
      maxCount: 2,
      instanceMinutes: 2,
    });
  });
});

describe("kind billed-minutes", () => {
  it("adds the launch of each node that joins after the start, one swapped in too", async () => {
    const params = { joinExtraS: 120 };
    expect(await computed("billed-minutes", { trace: written(segments), format: "spotserve-jsonl" }, params)).toEqual({
      instanceMinutes: 10,
      joins: 2,
      billedMinutes: 10 + 2 * 2,
    });
  });

  it("and one that joins with the trace's last event for the launch alone", async () => {
    const inputs = { trace: written("0,add,a\n60000,add,b\n"), format: "ms,add|remove,node" };
    expect(await computed("billed-minutes", inputs, { joinExtraS: 30 })).toMatchObject({
      joins: 1,
      billedMinutes: 1.5,
    });
  });
});

describe("kind cost-per-token", () => {
  it("is what it costs over tokens, and over what on-demand alone would cost", () => {
    const params = { spotMinutes: 90, onDemandMinutes: 30, spotUsdPerHour: 1, onDemandUsdPerHour: 4 };
    expect(computed("cost-per-token", {}, { ...params, requests: 10, tokensPerRequest: 5 })).toEqual({
      usd: 1.5 + 2,
      usdPerToken: 3.5 / 50,
      savingVsAllOnDemand: 1 - 3.5 / 8,
    });
  });
});

describe("kinds over a query file", () => {
  const queries = () => written("0,1,512,0\n1,2,512,1\n2,5,512,4\n");

  it("gaps of 1 and 3 s have a mean of 2 and vary by half of it", async () => {
    expect(await computed("arrival-stats", { queries: queries() })).toEqual({
      requests: 3,
      firstS: 1,
      lastS: 5,
      meanGapS: 2,
      cvGap: 0.5,
    });
    await expect(computed("arrival-stats", { queries: written("no requests\n") })).rejects.toThrow(
      "no file of requests; expected id,arrival s,input tokens,offset",
    );
  });

  it("what arrives at the horizon or after it is left out, what arrived before runs to its end", async () => {
    const flat = { init: 1000, incr: 1 };
    const profile = written(
      JSON.stringify({
        name: "flat",
        layer_num: 1,
        final_fix_factor: 1,
        pp_init_comm: 0,
        pp_incr_comm: 0,
        embed: [500],
        "tp-1": { "bsz-1": flat },
      }),
    );
    // A request takes 2 s: 1 to 3, and 3 to 5 though it came at 2.
    const params = { D: 1, P: 1, M: 1, B: 1, outputTokens: 0, horizonS: 5 };
    expect(await computed("static-batch-queue", { profile, queries: queries() }, params)).toMatchObject({
      requests: 2,
      avgS: 2.5,
      p90S: 3,
      maxS: 3,
    });
  });
});

describe("kind assignment-compare", () => {
  it("tells the strategies apart where the first choice is another's only good one", () => {
    const cost = [
      [9, 1, 2],
      [9, 1, 8],
    ];
    // Best 2 + 1; worst 9 + 8; in order 9 + 1; the first row takes 1 and leaves 8, as does the cheapest pair of all.
    expect(computed("assignment-compare", { cost })).toEqual({
      optimal: 3,
      worst: 17,
      firstFit: 10,
      rowGreedy: 9,
      globalGreedy: 9,
    });
  });

  it("refuses more rows than columns", () => {
    expect(() => computed("assignment-compare", { cost: [[1], [2]] })).toThrow("with a column for each row");
  });
});
