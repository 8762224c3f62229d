import type { LatencyProfile } from "../../../policies/contract/latency-profile.ts";
import type { Named } from "../../../policies/contract/scenario.ts";
import type { Seconds, UsdPerHour } from "../../../policies/contract/units.ts";
import { resolveScenario } from "../../../policies/registry.ts";
import { simulate } from "../../../sim/simulate.ts";
import { tableFromSeries } from "../../../traces/columns.ts";
import type { RequestColumns } from "../../../traces/requests.ts";

/** What one run of SpotServe's evaluation is of. */
export interface LayoutRun {
  /** Instances of g4dn.12xlarge that there are from each time of the trace on. */
  readonly nodes: { readonly timesS: readonly Seconds[]; readonly counts: readonly number[] };
  readonly endS: Seconds;
  readonly profile: LatencyProfile;
  readonly gpusMin: number;
  /** Of those who choose no layout. */
  readonly pipeline: number;
  readonly tensor: number;
  readonly requests: RequestColumns;
  readonly spotUsdPerHour: UsdPerHour;
  readonly onDemandUsdPerHour: UsdPerHour;
  readonly scheduling: Named;
}

/** From the launch of an instance until it is ready: how far a run is behind its trace. */
const LAUNCH_S = 120;
const TYPE = "g4dn.12xlarge";
/** 50 Gbps. */
const NETWORK_MIB_PER_S = 50e9 / 8 / 2 ** 20;

/** The metrics of one run, in SpotServe's time: the first instances are there when the trace begins, and requests come from then on. */
export function layoutRun(run: LayoutRun): Readonly<Record<string, number>> {
  const { nodes, endS, profile, gpusMin, pipeline, tensor, requests } = run;
  const market = (capacityType: "spot" | "onDemand", usdPerHour: UsdPerHour) => ({
    market: { instanceType: TYPE, region: "us-east-1", zone: "us-east-1c", capacityType },
    price: { timesS: [0], usdPerHour: [usdPerHour] },
    gapS: 0,
  });
  const spot = {
    ...market("spot", run.spotUsdPerHour),
    capacity: { timesS: [...nodes.timesS], counts: [...nodes.counts] },
    depth: { kind: "observed", instances: Math.max(...nodes.counts) } as const,
  };
  const onDemand = {
    ...market("onDemand", run.onDemandUsdPerHour),
    depth: { kind: "unlimited", instances: 0 } as const,
  };
  const horizonS = endS + LAUNCH_S;
  const { metrics } = simulate(
    {
      table: tableFromSeries([spot, onDemand], { digest: "", endS: horizonS }),
      horizonS,
      requests,
      workload: {
        model: "serving",
        params: {
          replicas: 1,
          warmupS: LAUNCH_S,
          requests: {
            from: { file: "the artifact's" },
            startS: LAUNCH_S,
            batchMax: 4,
            measured: { file: { ...profile }, pipeline, tensor, promptTokens: 512 },
            modelParallel: { gpusMin, outputTokens: 128 },
          },
        },
      },
      cloud: {
        profile: "spotserve",
        interruptions: { model: "capacity" },
        visibility: "told",
        depth: "observed",
        slotsPerInstance: 1,
        instanceTypes: {
          [TYPE]: {
            gpuMemoryMiB: 4 * 16 * 1024,
            networkMiBPerS: NETWORK_MIB_PER_S,
            gpu: { count: 4, bandwidthGBPerS: 320, fp16Tflops: 65 },
          },
        },
      },
      cadence: { onChange: true },
      seed: "spotserve",
    },
    resolveScenario({ scheduling: run.scheduling, assignment: "first-fit" }),
  );
  return metrics;
}
