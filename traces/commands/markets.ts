import type { MarketFilter } from "../trace-table.ts";

/** Which markets of a table file. */
export const marketOptions = {
  type: { type: "string", array: true, describe: "instance types; all if not given" },
  zone: { type: "string", array: true, describe: "zones; all if not given" },
  product: { type: "string", describe: "where the file holds several" },
} as const;

/** What those options leave. */
export const filterOf = (options: {
  readonly type?: readonly string[] | undefined;
  readonly zone?: readonly string[] | undefined;
  readonly product?: string | undefined;
}): MarketFilter => ({
  ...(options.type && { instanceTypes: options.type }),
  ...(options.zone && { zones: options.zone }),
  ...(options.product !== undefined && { product: options.product }),
});
