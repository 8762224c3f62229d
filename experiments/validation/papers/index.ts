import { cantBeLate } from "./cant-be-late.ts";
import type { Paper } from "./paper.ts";
import { skynomad } from "./skynomad.ts";
import { spotserve } from "./spotserve.ts";

// A paper is one file and one line here.
export const papers: readonly Paper[] = [cantBeLate, skynomad, spotserve];
