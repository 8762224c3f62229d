import type { RequestModel } from "./requests.ts";

/** Requests that come with the workbench: parameters, and where they come from. */
export interface RequestPreset {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly model: RequestModel;
}

const azure = (file: string) =>
  `fitted on 2026-11-24 to the Azure LLM inference trace 2023, ${file} (Azure/AzurePublicDataset b469a11, CC-BY-4.0; Patel et al., Splitwise, ISCA 2024)`;
/** A twentieth of all requests each, by the twentieth's mean: neither file's lengths are lognormal. */
const lengths = (...values: readonly number[]) => ({ kind: "empirical" as const, values: [...values] });

// A preset of requests is one entry here.
export const requestPresets: readonly RequestPreset[] = [
  {
    name: "azure-chat-2023",
    summary: "Chat on an LLM: 5.5 requests a second, hardly burstier than Poisson; the load's slow swell is left out.",
    source: azure("19,366 requests of a conversation service in 58 minutes"),
    model: {
      arrivals: { kind: "gamma", perS: 5.53, cv: 1.094 },
      tokens: {
        input: lengths(
          111,
          197,
          258,
          379,
          392,
          400,
          408,
          452,
          907,
          1004,
          1033,
          1058,
          1083,
          1112,
          1155,
          1268,
          1497,
          2304,
          3791,
          4281,
        ),
        output: lengths(27, 48, 60, 72, 81, 88, 93, 99, 108, 120, 139, 162, 197, 331, 391, 397, 406, 417, 434, 551),
      },
    },
  },
  {
    name: "azure-code-2023",
    summary: "Code completion on an LLM: 2.6 requests a second in bursts (CV 13), long prompts and short answers.",
    source: azure("8,819 requests of a coding service in 57 minutes"),
    model: {
      arrivals: { kind: "gamma", perS: 2.566, cv: 13.15 },
      tokens: {
        input: lengths(
          41,
          107,
          186,
          302,
          481,
          674,
          860,
          1009,
          1156,
          1361,
          1576,
          1797,
          2045,
          2305,
          2580,
          2943,
          3517,
          4451,
          6133,
          7430,
        ),
        output: lengths(6, 6, 7, 8, 9, 9, 10, 11, 12, 13, 14, 15, 17, 19, 22, 26, 33, 47, 70, 206),
      },
    },
  },
  {
    name: "spotserve-cv6",
    summary: "SpotServe's workload for GPT-20B: 0.35 requests a second with CV 6, 512 tokens in, 128 out.",
    source:
      "Miao et al., SpotServe, ASPLOS 2024, section 6.1: the paper's parameters; the gaps in its artifact's files are almost regular (CV 0.05)",
    model: {
      arrivals: { kind: "gamma", perS: 0.35, cv: 6 },
      tokens: { input: { kind: "constant", value: 512 }, output: { kind: "constant", value: 128 } },
    },
  },
];
