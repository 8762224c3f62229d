import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { FleetError, type FleetFile } from "../fleet-file.ts";
import type { WallClock } from "../ports.ts";
import { Door, type DoorOptions } from "./door.ts";

const RSA_BITS_MIN = 2048;

/**
 * The door that a fleet's file wants; undefined where it wants none.
 * @throws FleetError for a file that cannot be read, or is not what it should be
 */
export function doorOf(
  { fleet, region, live }: Pick<FleetFile, "fleet" | "region" | "live">,
  parts: Pick<DoorOptions, "held" | "store" | "fleetSize" | "alarm" | "onRefused"> & { readonly clock: WallClock },
): Door | undefined {
  const door = live?.door;
  if (door === undefined) return undefined;
  const read = (field: "identityCertificate" | "certificate" | "key"): string => {
    try {
      return readFileSync(door[field], "utf8");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new FleetError(`${fleet}: live.door.${field}: ${door[field]} cannot be read (${code}); correct the path`);
    }
  };
  const certificate = (field: "identityCertificate" | "certificate"): X509Certificate => {
    let found: X509Certificate;
    try {
      found = new X509Certificate(read(field));
    } catch (error) {
      if (error instanceof FleetError) throw error;
      throw new FleetError(`${fleet}: live.door.${field}: ${door[field]} is no certificate; name a PEM file`);
    }
    if (found.validToDate.getTime() < parts.clock.wallMs()) {
      throw new FleetError(`${fleet}: live.door.${field}: ${door[field]} ended on ${found.validTo}; renew it`);
    }
    return found;
  };
  const identity = certificate("identityCertificate");
  const { asymmetricKeyType, asymmetricKeyDetails } = identity.publicKey;
  if (asymmetricKeyType !== "rsa" || (asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) {
    throw new FleetError(
      `${fleet}: live.door.identityCertificate: expected a key of RSA with ${RSA_BITS_MIN} bits; take AWS's certificate for RSA-2048`,
    );
  }
  const key = read("key");
  let isItsKey: boolean;
  try {
    isItsKey = certificate("certificate").checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw new FleetError(`${fleet}: live.door.key: ${door.key} is no key; name a PEM file`);
  }
  if (!isItsKey) throw new FleetError(`${fleet}: live.door.key is not the key of live.door.certificate; name the pair`);
  const { account, host, port } = door;
  const tls = { key, cert: read("certificate") };
  return new Door({ ...parts, certificate: identity, account, region, tls, host, port });
}
