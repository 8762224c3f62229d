import { json } from "./json.ts";
import { junit } from "./junit.ts";
import type { Reporter } from "./reporter.ts";
import { text } from "./text.ts";

// A reporter is one file and one line here; the first is the default.
export const reporters: readonly Reporter[] = [text, json, junit];
