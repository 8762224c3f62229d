import { expect, it } from "vitest";
import { judgedRow } from "../../../experiments/validation/papers/paper.ts";
import { replaySkynomad, type SweepName } from "../../../experiments/validation/papers/skynomad.ts";
import { filesOfTar } from "../../../experiments/validation/papers/tar.ts";
import { describeReal, skynomadRoot } from "../../traces/real-data.ts";

// SkyNomad's published costs, computed anew by the one engine from the traces and result files of its artifact.

const judged = async (sweep: SweepName) => {
  const [figure] = await replaySkynomad(skynomadRoot, { progress: () => () => undefined }, [sweep]);
  return figure!.rows.map((row) => ({ of: row.of, why: row.why, ...judgedRow(row, figure!.within) }));
};

describeReal("SkyNomad's published costs", () => {
  it("of figure 9b come out to the cent in every window, but for SkyNomad's mean, which is 1 % off", {
    timeout: 120_000,
  }, async () => {
    const rows = await judged("figure 9b");
    expect(rows.map(({ of }) => of)).toEqual([
      ...["SkyNomad", "SkyNomad(o)", "Optimal", "UP(S)", "UP(A)", "UP(AP)", "UP in one zone"],
    ]);
    for (const { of, offMost, offMean, publishedMean } of rows) {
      if (of === "SkyNomad") expect(offMean).toBeLessThan(0.01 * publishedMean);
      else expect({ of, off: Math.abs(offMost) < 0.005 }).toEqual({ of, off: true });
    }
  });

  it("by deadline hold for all, or it is said why", { timeout: 120_000 }, async () => {
    const rows = await judged("deadlines");
    const optimum = rows.find(({ of }) => of === "Optimal")!;
    expect(Math.abs(optimum.offMost)).toBeLessThan(0.005);
    expect(rows.filter(({ verdict, why }) => verdict !== "holds" && why === undefined)).toEqual([]);
    expect(rows.filter(({ verdict }) => verdict !== "holds").map(({ of }) => of)).toEqual(["UP(AP)"]);
  });
});

it("a tar archive that was cut off is told by the file that it ends in", () => {
  const archive = Buffer.alloc(1024);
  archive.write("zone/full.json", 0);
  archive.write("00000000005\0", 124);
  archive.write("[1,0]", 512);
  expect([...filesOfTar(archive, "traces.tar", () => true)]).toEqual([["zone/full.json", "[1,0]"]]);
  expect(() => filesOfTar(archive.subarray(0, 514), "traces.tar", () => true)).toThrow(
    "traces.tar: the archive ends within zone/full.json; fetch it again",
  );
});
