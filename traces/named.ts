import { nearestName } from "../policies/contract/nearest.ts";
import { TraceError } from "./columns.ts";

/** The entry of a list that is called so; `what` is what the list holds. @throws TraceError with the nearest name, and all. */
export function named<T extends { readonly name: string }>(what: string, list: readonly T[], name: string): T {
  const found = list.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = list.map((each) => each.name);
  throw new TraceError(
    `no ${what} is called "${name}"; did you mean "${nearestName(name, names)}"? There are ${names.join(", ")}`,
  );
}
