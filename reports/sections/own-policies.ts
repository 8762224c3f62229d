import type { OwnPolicyNote } from "../../experiments/record.ts";
import type { Manifest } from "./provenance.ts";

/** What is to be known of policies of the user's own, from the manifest. */
export const ownPolicyWarnings = ({ ownPolicies = [] }: Manifest): readonly string[] =>
  (ownPolicies as readonly OwnPolicyNote[]).flatMap(({ policyId, policy, foreign, laws }) => [
    ...(foreign === undefined
      ? []
      : [
          `${policyId} is ${policy}, run by ${foreign}: slow, and it cannot be promoted; write it in TypeScript for that`,
        ]),
    ...(laws === "kept" ? [] : [`${policyId} (${policy}) was ${laws}`]),
  ]);
