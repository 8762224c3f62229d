import type { LatencyProfile } from "../../policies/contract/latency-profile.ts";

/** Times in round numbers: prefill 64 x batch / tensor and decode (8 + batch) / tensor ms a layer, hops 4 and 1 ms, factor 1. */
export function inventedProfile(parts: Partial<LatencyProfile> = {}): LatencyProfile {
  const batches = [1, 2, 4, 8];
  const layerMs = Object.fromEntries(
    [1, 2, 4].map((tensor) => [
      tensor,
      Object.fromEntries(
        batches.map((batch) => [batch, { prefillMs: (64 * batch) / tensor, decodeMs: (8 + batch) / tensor }]),
      ),
    ]),
  );
  return {
    name: "invented",
    layers: 10,
    paddedLayers: 12,
    tensorMax: 4,
    layerMs,
    hop: { prefillMs: 4, decodeMs: 1 },
    embedMs: Object.fromEntries(batches.map((batch) => [batch, batch / 2])),
    factor: 1,
    hiddenSize: undefined,
    ...parts,
  };
}
