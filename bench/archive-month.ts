import { closeSync, openSync, writeSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { numbers } from "./harness.ts";

const DAY_S = 86_400;
const FRAME_BYTES = 8 << 20;
/** All of AWS: 45 million rows a month over a quarter of a million pools. */
const ROWS_A_POOL = 180;
const products = ["Linux/UNIX", "Windows", "Red Hat Enterprise Linux", "SUSE Linux"];
const regions = [
  "use1",
  "use2",
  "usw1",
  "usw2",
  "euc1",
  "euw1",
  "euw2",
  "eun1",
  "apne1",
  "apse2",
  "aps1",
  "sae1",
  "cac1",
];
const zones = regions.flatMap((region) => [1, 2, 3, 4, 6].map((zone) => `${region}-az${zone}`));
const sizes = ["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "metal"];

/**
 * A month of spot prices in the archive's form, `rows` of them: each pool's standing price at 00:00:00, then changes in order
 * of time, pools at random, prices in a walk; frames of 8 MiB. @returns bytes of text.
 */
export function writeMonth(path: string, rows: number): number {
  const random = numbers(1);
  const pools = Math.max(1, Math.floor(rows / ROWS_A_POOL));
  const names = Array.from({ length: pools }, (_, i) => {
    const type = Math.floor(i / (products.length * zones.length));
    const family = `${"cmrgpitx"[type % 8]}${1 + ((type >> 3) % 9)}${["", "a", "g", "i", "n", "d"][Math.floor(type / 72) % 6]}`;
    const zone = zones[Math.floor(i / products.length) % zones.length];
    return `${zone}\t${family}.${sizes[type % sizes.length]}\t${products[i % products.length]}`;
  });
  const micro = names.map(() => 50_000 + Math.floor(random() * 2_000_000));
  const file = openSync(path, "w");
  let text = "";
  let bytes = 0;
  const frame = (): void => {
    bytes += text.length;
    const packed = zstdCompressSync(text);
    for (let done = 0; done < packed.length; ) done += writeSync(file, packed, done);
    text = "";
  };
  const startMs = Date.UTC(2026, 1, 1);
  for (let i = 0; i < rows; i++) {
    const pool = i < pools ? i : Math.floor(random() * pools);
    const afterS = i < pools ? 0 : Math.floor((28 * DAY_S * (i - pools)) / (rows - pools));
    micro[pool] = Math.max(1000, micro[pool]! + 100 * Math.floor(41 * random() - 20));
    const stamp = new Date(startMs + 1000 * afterS).toISOString().slice(0, 19);
    text += `${names[pool]}\t${(micro[pool]! / 1e6).toFixed(6)}\t${stamp}+00:00\n`;
    if (text.length >= FRAME_BYTES) frame();
  }
  frame();
  closeSync(file);
  return bytes;
}
