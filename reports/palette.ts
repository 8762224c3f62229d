import type { SavingPart } from "../experiments/summary.ts";

/** What a policy looks like in every chart of a page. Beyond eight policies colours repeat with another shape. */
export interface Look {
  /** A CSS variable, so that one drawing serves light, dark and print; the fallback colours a copy taken out of the page. */
  readonly colour: string;
  readonly shape: "circle" | "square" | "diamond" | "triangle-up";
  /** Position in the palette, for the swatches of the style sheet. */
  readonly index: number;
}
export type Looks = ReadonlyMap<string, Look>;

/**
 * Found by search over the hues of Okabe and Ito: at least 3:1 against the page, and apart from one another also for people
 * without red, green or blue cones (Machado et al. 2009); a test measures both.
 */
export const POLICY_COLOURS_LIGHT = [
  "#2c62d0",
  "#c97f45",
  "#15492d",
  "#a52883",
  "#6c6511",
  "#209dc7",
  "#a3615d",
  "#928f88",
] as const;
export const POLICY_COLOURS_DARK = [
  "#4782fc",
  "#f68f24",
  "#8cfeca",
  "#ac6ea2",
  "#ffdc1b",
  "#12bffe",
  "#cb4f2a",
  "#ada9a0",
] as const;
/** Parts of a saving, found the same way. Work not done is grey: it is no saving. */
export const PART_COLOURS_LIGHT: Readonly<Record<SavingPart, string>> = {
  priceUsd: "#1f68bc",
  hoursUsd: "#c5770f",
  freeHoursUsd: "#073a29",
  otherUsd: "#814d6b",
  workNotDoneUsd: "#8a8c8f",
};
export const PART_COLOURS_DARK: Readonly<Record<SavingPart, string>> = {
  priceUsd: "#367ed4",
  hoursUsd: "#d28425",
  freeHoursUsd: "#b6e8d1",
  otherUsd: "#8d5976",
  workNotDoneUsd: "#a9abae",
};
/** The page behind the charts. */
export const PAGE_LIGHT = "#ffffff";
export const PAGE_DARK = "#14171c";

const SHAPES = ["circle", "square", "diamond", "triangle-up"] as const;

/** Looks in the order given: the order in which the study names its policies. */
export function looksFor(policyIds: readonly string[]): Looks {
  return new Map(
    policyIds.map((id, i) => {
      const index = i % POLICY_COLOURS_LIGHT.length;
      const round = Math.floor(i / POLICY_COLOURS_LIGHT.length);
      const colour = `var(--policy-${index}, ${POLICY_COLOURS_LIGHT[index]})`;
      return [id, { colour, index, shape: SHAPES[round % SHAPES.length]! }];
    }),
  );
}

/** The classes of a policy's swatch. */
export const sampleOf = (policy: string, looks: Looks): string =>
  `policy-${looks.get(policy)?.index ?? "none"} ${looks.get(policy)?.shape ?? "circle"}`;

export const partColour = (part: SavingPart): string => `var(--part-${part}, ${PART_COLOURS_LIGHT[part]})`;

/** A palette as declarations of the style sheet. @example variables("policy", ["#2c62d0"]) // "--policy-0: #2c62d0;" */
export const variables = (
  kind: "policy" | "part",
  colours: Readonly<Record<string, string>> | readonly string[],
): string =>
  Object.entries(colours)
    .map(([key, colour]) => `--${kind}-${key}: ${colour};`)
    .join(" ");
