import { z } from "zod";
import { faultsOf, oneOf } from "../faults.ts";

/** What comes out of a case, field by field. */
export type Computed = Readonly<Record<string, unknown>>;

/** A computation that a case of a target file asks for by name. */
export interface Kind {
  readonly name: string;
  readonly summary: string;
  /** @throws Error where inputs, params or policy are not what this kind takes, or the computation refuses them. */
  compute(inputs: unknown, params: unknown, policy?: string): Computed | Promise<Computed>;
}

/**
 * A kind from what it takes and the function that computes it. Data paths among the inputs are files that are there.
 * @param policies which a case chooses one of; where there are none, a case names none.
 * @example defineKind({ name: "holm", summary: "...", inputs: z.object({ p: z.array(z.number()) }), params: z.object({}),
 *   compute: ({ p }) => ({ adjusted: holm(p) }) })
 */
export function defineKind<I, P, N extends string = never>({
  name,
  summary,
  policies = [],
  inputs: inputsSchema,
  params: paramsSchema,
  compute,
}: {
  readonly name: string;
  readonly summary: string;
  readonly policies?: readonly N[];
  readonly inputs: z.ZodType<I>;
  readonly params: z.ZodType<P>;
  readonly compute: (inputs: I, params: P, policy: N) => Computed | Promise<Computed>;
}): Kind {
  const schema = z.object({ inputs: inputsSchema, params: paramsSchema });
  return {
    name,
    summary,
    compute(inputs, params, policy) {
      if (policies.length === 0 && policy !== undefined) {
        throw new Error(`policy: cases of kind ${name} take none, found "${policy}"`);
      }
      if (policies.length > 0 && !policies.some((each) => each === policy)) {
        throw new Error(`policy: ${oneOf(policies, policy)}`);
      }
      const value = { inputs, params };
      const parsed = schema.safeParse(value);
      if (parsed.success) return compute(parsed.data.inputs, parsed.data.params, policy as N);
      const faults = faultsOf(parsed.error, value, z.toJSONSchema(schema, { io: "input" }));
      throw new Error(faults.map(({ text }) => text).join("; "));
    },
  };
}
