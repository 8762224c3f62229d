import { z } from "zod";
import { faultsOf } from "../faults.ts";

/** What comes out of a case, field by field. */
export type Computed = Readonly<Record<string, unknown>>;

/** A computation that a case of a target file asks for by name. */
export interface Kind {
  readonly name: string;
  readonly summary: string;
  /** @throws Error where inputs or params are not what this kind takes, or the computation refuses them. */
  compute(inputs: unknown, params: unknown): Computed | Promise<Computed>;
}

/**
 * A kind from what it takes and the function that computes it. Data paths among the inputs are files that are there.
 * @example defineKind({ name: "holm", summary: "...", inputs: z.object({ p: z.array(z.number()) }), params: z.object({}),
 *   compute: ({ p }) => ({ adjusted: holm(p) }) })
 */
export function defineKind<I, P>({
  name,
  summary,
  inputs: inputsSchema,
  params: paramsSchema,
  compute,
}: {
  readonly name: string;
  readonly summary: string;
  readonly inputs: z.ZodType<I>;
  readonly params: z.ZodType<P>;
  readonly compute: (inputs: I, params: P) => Computed | Promise<Computed>;
}): Kind {
  const schema = z.object({ inputs: inputsSchema, params: paramsSchema });
  return {
    name,
    summary,
    compute(inputs, params) {
      const value = { inputs, params };
      const parsed = schema.safeParse(value);
      if (parsed.success) return compute(parsed.data.inputs, parsed.data.params);
      const faults = faultsOf(parsed.error, value, z.toJSONSchema(schema, { io: "input" }));
      throw new Error(faults.map(({ text }) => text).join("; "));
    },
  };
}
