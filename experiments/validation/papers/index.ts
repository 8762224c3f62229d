import { cantBeLate } from "./cant-be-late.ts";
import type { Paper } from "./paper.ts";

// A paper is one file and one line here.
export const papers: readonly Paper[] = [cantBeLate];
