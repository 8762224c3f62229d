import { failedOf, namedNumbers, type Reporter } from "./reporter.ts";

export const json: Reporter = {
  name: "json",
  summary: "one JSON object, with all that was computed",
  end: (results) =>
    JSON.stringify(
      { passed: results.length - failedOf(results), failed: failedOf(results), cases: results },
      namedNumbers,
      2,
    ),
};
