import { oneLine } from "../../event-output.ts";
import { failedOf, type Reporter, whyFailed } from "./reporter.ts";

export const text: Reporter = {
  name: "text",
  summary: "one line a case",
  line: (result) => oneLine(result.passed ? `ok ${result.id}` : `FAIL ${result.id} ${whyFailed(result)}`),
  end: (results) => `${results.length - failedOf(results)} passed, ${failedOf(results)} failed`,
};
