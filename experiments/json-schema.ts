import type { Path } from "./paths.ts";

type Node = Readonly<Record<string, unknown>>;

/**
 * The keys that a JSON Schema knows at a path of a value. Of alternatives, those speak whose constants agree with the value;
 * their keys are put together.
 */
export function knownKeys(schema: unknown, path: Path, value: unknown): string[] {
  let nodes = alternatives(schema as Node, value);
  let inner = value;
  for (const key of path) {
    inner = (inner as Record<string | number, unknown> | undefined)?.[key];
    nodes = nodes.flatMap((node) => children(node, key)).flatMap((node) => alternatives(node, inner));
  }
  return [...new Set(nodes.flatMap((node) => Object.keys((node.properties as Node | undefined) ?? {})))];
}

function alternatives(node: Node, value: unknown): Node[] {
  const either = [node.anyOf, node.oneOf, node.allOf].flatMap((list) => (list as readonly Node[] | undefined) ?? []);
  const inner = either.flatMap((each) => alternatives(each, value));
  return [node, ...inner].filter((each) => agrees(each, value));
}

function agrees(node: Node, value: unknown): boolean {
  return Object.entries((node.properties as Readonly<Record<string, Node>> | undefined) ?? {}).every(
    ([key, property]) => {
      const found = (value as Node | undefined)?.[key];
      return property.const === undefined || found === undefined || property.const === found;
    },
  );
}

function children(node: Node, key: string | number): Node[] {
  const properties = node.properties as Readonly<Record<string, Node>> | undefined;
  const property = properties?.[key];
  if (property !== undefined) return [property];
  const rest = typeof key === "number" ? node.items : node.additionalProperties;
  return typeof rest === "object" && rest !== null ? [rest as Node] : [];
}
