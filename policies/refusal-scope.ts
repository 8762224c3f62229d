import type { MarketView, RefusalScope } from "./contract/view.ts";

type Market = Pick<MarketView, "instanceType" | "region" | "zone" | "capacityType">;

/** Whether a refusal to one market speaks for another. */
export function covers(scope: RefusalScope, refused: Market, other: Market): boolean {
  const sameZone = other.region === refused.region && other.zone === refused.zone;
  switch (scope) {
    case "market":
      return sameZone && other.instanceType === refused.instanceType && other.capacityType === refused.capacityType;
    case "zone":
      return sameZone;
    case "type":
      return sameZone && other.instanceType === refused.instanceType;
    case "family":
      return (
        other.region === refused.region &&
        other.capacityType === refused.capacityType &&
        quotaFamily(other.instanceType) === quotaFamily(refused.instanceType)
      );
    case "all":
      return true;
  }
}

/** Quotas count the vCPUs of these families together: EC2's "Standard" instances. */
const STANDARD: ReadonlySet<string> = new Set("acdhimrtz");

/**
 * The group of instance types that share one quota of a region, spot and on-demand apart.
 * Source: AWS, "Spot Instance quotas": Standard (A, C, D, H, I, M, R, T, Z), G and VT, and a group for each other family.
 * @example quotaFamily("g5.xlarge") // "g", as of "vt1.3xlarge"; "standard" of "m5.large"
 */
export function quotaFamily(instanceType: string): string {
  const letters = /^[a-z]+/.exec(instanceType)?.[0] ?? instanceType;
  if (letters === "vt" || letters === "gr") return "g";
  // Letters after the first name a variant ("im4gn"), but some families have words of their own.
  return STANDARD.has(letters[0]!) && !/^(dl|hpc|inf|trn|mac)/.test(letters) ? "standard" : letters;
}
