import { resolveScenario } from "../policies/registry.ts";
import { simulate } from "../sim/simulate.ts";
import { withOnDemand } from "../traces/columns.ts";
import { generateTrace } from "../traces/generate.ts";
import { presets } from "../traces/presets.ts";

export const REPLICAS = 100;
export const PER_S = 100;

const none = { kind: "constant", value: 0 } as const;
const decisions = resolveScenario({ scheduling: "on-demand-only", assignment: "first-fit" });

/** So many requests of some 300 + 150 tokens to an 8B model, on replicas that are there from the start. */
export function serve(requests: number): { readonly cpuS: number } {
  const horizonS = requests / PER_S;
  const { model } = presets.find(({ name }) => name === "synkti-seed")!;
  const table = withOnDemand(generateTrace(model, "bench", horizonS + 100), () => 1);
  const before = process.cpuUsage();
  const { metrics } = simulate(
    {
      table,
      horizonS,
      drainS: 100,
      seed: "bench",
      cadence: { onChange: true },
      workload: {
        model: "serving",
        params: {
          replicas: REPLICAS,
          requests: {
            from: {
              arrivals: { kind: "poisson", perS: PER_S },
              tokens: {
                input: { kind: "lognormal", median: 200, p95: 800 },
                output: { kind: "lognormal", median: 100, p95: 300 },
              },
            },
            model: "llama-3-8b",
            client: { timeoutS: 100 },
            slo: { ttftS: 1 },
          },
        },
      },
      cloud: {
        profile: "aws",
        answerS: none,
        launchS: { boot: none, imagePull: none, engineStart: none },
        interruptions: { model: "capacity" },
        visibility: "tried",
        depth: "unlimited",
        slotsPerInstance: 1,
        instanceTypes: {
          [model.instanceType]: {
            gpuMemoryMiB: 22_528,
            networkMiBPerS: 298,
            gpu: { count: 1, bandwidthGBPerS: 600, fp16Tflops: 70 },
          },
        },
      },
    },
    decisions,
  );
  const { user, system } = process.cpuUsage(before);
  const off = Math.abs(metrics.requestsCompleted! - requests) / Math.sqrt(requests);
  if (off > 6) throw new Error(`${metrics.requestsCompleted} of about ${requests} requests were answered`);
  return { cpuS: (user + system) / 1e6 };
}

// A process of its own: REQUESTS
if (process.argv[1] === import.meta.filename) {
  const { cpuS } = serve(Number(process.argv[2]));
  process.stdout.write(JSON.stringify({ cpuS, maxRssMiB: process.resourceUsage().maxRSS / 1024 }));
}
