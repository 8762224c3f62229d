/** What may be done to an instance from afar. Each may be repeated. */
export const REMOTE_VERBS = ["drain", "restart-agent", "start-engine", "stop-engine"] as const;
export type RemoteVerb = (typeof REMOTE_VERBS)[number];

/** Where an image has `orchestrator/node/synkti-node.sh`. */
export const NODE_SCRIPT = "/usr/local/bin/synkti-node";

/**
 * The one document of SSM that a fleet's role may send: typed parameters with all that they may be, handed to one installed script by the
 * environment, never written into a command. Source: AWS, "Schemas, features, and examples" of SSM documents, version 2.2;
 * `interpolationType`: "Data elements and parameters".
 */
export function ssmDocument(): Readonly<Record<string, unknown>> {
  const parameter = (description: string, of: object) => ({
    type: "String",
    description,
    interpolationType: "ENV_VAR",
    ...of,
  });
  return {
    schemaVersion: "2.2",
    description: "What a Synkti controller may have done on an instance of its fleet.",
    parameters: {
      verb: parameter("what to do", { allowedValues: REMOTE_VERBS }),
      epoch: parameter("of the controller's lease: an instance heeds no older one", { allowedPattern: "^[0-9]{1,9}$" }),
    },
    mainSteps: [
      {
        action: "aws:runShellScript",
        name: "act",
        precondition: { StringEquals: ["platformType", "Linux"] },
        inputs: { timeoutSeconds: "120", runCommand: [`exec ${NODE_SCRIPT} "$SSM_verb" "$SSM_epoch"`] },
      },
    ],
  };
}
