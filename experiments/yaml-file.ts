import { readFileSync } from "node:fs";
import { z } from "zod";
import { faultsOf } from "./faults.ts";
import { StudyError } from "./study.ts";
import { parseStudyText } from "./study-text.ts";

/** A file that a study names, by its schema. @throws StudyError with every fault, as file:line:column: what was expected. */
export function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new StudyError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); correct the path`);
  }
  const written = parseStudyText(text, path);
  if (written.faults.length > 0) throw new StudyError(written.faults.join("\n"));
  const parsed = schema.safeParse(written.value);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error, written.value, z.toJSONSchema(schema, { io: "input" }));
  throw new StudyError(faults.map((each) => `${written.place(each.path, each.atKey)}: ${each.text}`).join("\n"));
}
