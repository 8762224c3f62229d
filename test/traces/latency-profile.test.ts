import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readLatencyProfile } from "../../traces/latency-profile.ts";
import { sharedData } from "./real-data.ts";

const folder = mkdtempSync(join(tmpdir(), "profiles-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (text: string): string => {
  const path = join(folder, "p.json");
  writeFileSync(path, text);
  return path;
};

const batches = { "bsz-1": { init: 3, incr: 0.5 }, "bsz-2": { init: 5, incr: 0.75 } };
const good = {
  name: "small",
  layer_num: 10,
  padded_layer_num: 12,
  final_fix_factor: 1.1,
  pp_init_comm: 7,
  pp_incr_comm: 0.1,
  hidden_size: 64,
  max_tp: 2,
  embed: [0.2, 0.3],
  "tp-1": batches,
  "tp-2": batches,
  "tp-16": batches,
};

describe("a latency profile", () => {
  const read = (parts: object) => readLatencyProfile(written(JSON.stringify({ ...good, ...parts })));

  it("is read as the artifact means it: ms a layer by tensor degree and batch", async () => {
    const times = { 1: { prefillMs: 3, decodeMs: 0.5 }, 2: { prefillMs: 5, decodeMs: 0.75 } };
    expect(await read({})).toEqual({
      name: "small",
      layers: 10,
      paddedLayers: 12,
      tensorMax: 2,
      layerMs: { 1: times, 2: times, 16: times },
      hop: { prefillMs: 7, decodeMs: 0.1 },
      embedMs: { 1: 0.2, 2: 0.3 },
      factor: 1.1,
      hiddenSize: 64,
    });
  });

  it("without padding has none, and without max_tp allows what it measured", async () => {
    const parts = { padded_layer_num: undefined, max_tp: undefined, "tp-4": batches, "tp-16": undefined };
    expect(await read(parts)).toMatchObject({ paddedLayers: 10, tensorMax: 4 });
  });

  it.each([
    [
      "a hole in its batches",
      { "tp-2": { "bsz-1": batches["bsz-1"] } },
      "p.json: tp-2: bsz-2: missing; measure it anew",
    ],
    [
      "half a measurement",
      { "tp-1": { ...batches, "bsz-2": { init: 5 } } },
      "p.json: tp-1: bsz-2: incr: invalid input",
    ],
    ["no time", { "tp-1": { ...batches, "bsz-1": { init: 0, incr: 1 } } }, "p.json: tp-1: bsz-1: init: too small"],
    ["a tensor degree it allows and lacks", { max_tp: 8 }, "p.json: no tp-4; measure it, or lower max_tp"],
    ["fewer layers padded than real", { padded_layer_num: 9 }, "padded_layer_num 9 is below layer_num 10"],
    ["no factor", { final_fix_factor: undefined }, "p.json: final_fix_factor: invalid input"],
  ])("with %s is refused by name", async (_, parts, message) => {
    await expect(read(parts)).rejects.toThrow(message);
  });

  it("that is no JSON is refused with its file", async () => {
    await expect(readLatencyProfile(written("{"))).rejects.toThrow("p.json:1: the JSON breaks off");
  });
});

const artifact = `${sharedData}/spotserve/elastic-switch`;
const missing = !existsSync(artifact) && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: SpotServe's profiles, ../shared/data is not there; REQUIRE_ALL=1 makes them fail");

describe.skipIf(missing)("SpotServe's own profiles", () => {
  it("are read, with or without padding and max_tp", async () => {
    for (const name of ["T4-1x/megatron_345M_profile", "V100-4x/20B", "T4-4x/megatron_h2560_profile"]) {
      expect((await readLatencyProfile(`${artifact}/profile/${name}.json`)).layers).toBeGreaterThan(0);
    }
  });
});
