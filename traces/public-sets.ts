import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { named } from "./named.ts";

/** What a licence allows: to pass the set on with credit, or to use it on one's own machine (no licence was stated). */
export type LicenceClass = "redistributable" | "none-stated";

/** A public data set that `traces fetch` gets: pinned to a commit, every file known by size and sha256. */
export interface PublicSet {
  readonly name: string;
  /** What it holds, and over which time. */
  readonly summary: string;
  /** On GitHub: owner/name. */
  readonly repository: string;
  readonly commit: string;
  readonly licence: string;
  readonly licenceClass: LicenceClass;
  readonly citation: string;
  /** Where its files lie in the repository, but for licence and notice; its root where absent. */
  readonly upstreamFolder?: string;
}

// A set is one entry here and a list of its files beside: datasets/NAME.sha256, lines of `sha256 bytes path`.
export const publicSets: readonly PublicSet[] = [
  {
    name: "skynomad",
    summary:
      "AWS p3.2xlarge launch probes and spot prices, nine zones of three US regions, 2023-02-15 to 2023-04-02; GCP H100 probes, three days of 2025-10",
    repository: "andylizf/skynomad-artifact",
    commit: "62b9aaa1942e30c40cb9f6f5d7d03d6823d1d1f7",
    licence: "Apache-2.0",
    licenceClass: "redistributable",
    citation: "SkyNomad: On Using Multi-Region Spot Instances to Minimize AI Batch Job Cost. NSDI 2027 (artifact)",
  },
  {
    name: "training-on-a-dime",
    summary: "AWS price history of p2 and p3 in nine regions, 2019-12-20 to 2020-03-23; launch probes",
    repository: "stanford-futuredata/training_on_a_dime",
    commit: "85f659572ff9da2701e5f309fbad7e828e6be46b",
    licence: "MIT",
    licenceClass: "redistributable",
    citation:
      "Narayanan et al. Analysis and Exploitation of Dynamic Pricing in the Public Cloud for ML Training. DISPA 2020",
  },
  {
    name: "spotserve",
    summary:
      "g4dn node events over 10.77 h, 21 segments of 5 to 22 min, request arrivals, T4 and V100 latency profiles",
    repository: "Hsword/SpotServe",
    commit: "832b29f722df14158b26459b5ce2a0e2e4a5b7c4",
    licence: "Apache-2.0",
    licenceClass: "redistributable",
    citation: "Miao et al. SpotServe: Serving Generative Large Language Models on Preemptible Instances. ASPLOS 2024",
  },
  {
    name: "bamboo",
    summary: "AWS p3 and g4dn node events over 11 h; GCP A100 and V100 counts, 2020-11 and 2021-12",
    repository: "uclasystem/bamboo",
    commit: "80809293289419d40a870b4a9ccb8df0082ce3fb",
    licence: "MIT",
    licenceClass: "redistributable",
    citation:
      "Thorpe et al. Bamboo: Making Preemptible Instances Resilient for Affordable Training of Large DNNs. NSDI 2023",
  },
  {
    name: "parcae",
    summary: "AWS p3 node events, and one-hour segments by availability and intensity",
    repository: "JF-D/Parcae",
    commit: "efedee7e069d795cbfd6b7667312bdc12f31eb8f",
    licence: "MIT",
    licenceClass: "redistributable",
    citation: "Duan et al. Parcae: Proactive, Liveput-Optimized DNN Training on Preemptible Instances. NSDI 2024",
  },
  {
    name: "azure-llm-2023",
    summary: "Requests to LLM services: 8,819 code and 19,366 conversation, one hour of 2023-11-16",
    repository: "Azure/AzurePublicDataset",
    commit: "b469a113cedca53ddc3bdea71a143dc4b7d8700c",
    licence: "CC-BY-4.0",
    licenceClass: "redistributable",
    citation: "Patel et al. Splitwise: Efficient Generative LLM Inference Using Phase Splitting. ISCA 2024",
    upstreamFolder: "data",
  },
  {
    name: "spotinfo",
    summary: "Spot Instance Advisor feed, 33 regions, 929 types, 2025-07",
    repository: "alexei-led/spotinfo",
    commit: "05e933139449b888c78795b28af8e9370429a031",
    licence: "Apache-2.0",
    licenceClass: "redistributable",
    citation: "AWS Spot Instance Advisor feed, as embedded by spotinfo, 2025-07",
    upstreamFolder: "internal/spot/data",
  },
  {
    name: "skypilot-spot-traces",
    summary: "Availability and preemption of 1, 4 and 16 instances, AWS and GCP, 2022-10 to 2023-09",
    repository: "skypilot-org/spot-traces",
    commit: "221da1ab9bdfe7966da296265d7694d52dc0c5a6",
    licence: "none stated",
    licenceClass: "none-stated",
    citation: "Wu et al. Can't Be Late: Optimizing Spot Instance Savings under Deadlines. NSDI 2024",
  },
  {
    name: "spothedge",
    summary: "The capacity series behind SkyServe: three AWS sets and one of GCP",
    repository: "MaoZiming/spothedge_ae",
    commit: "df02263c3c24e598bed93486b79feafdac49bf20",
    licence: "none stated",
    licenceClass: "none-stated",
    citation:
      "Mao et al. SkyServe: Serving AI Models across Regions and Clouds with Spot Instances. EuroSys 2025 (artifact)",
  },
];

/** Sets that only a user can obtain: by size, storage, account or terms. */
export const manualSets: readonly { readonly name: string; readonly how: string }[] = [
  {
    name: "AWS spot price archive",
    how: "DOI 10.5281/zenodo.14198917, monthly .tsv.zst of all AWS; then traces import FILE",
  },
  { name: "SpotLake", how: "public bucket of SpotLake (CC BY-NC 4.0: non-commercial); then traces import FILE" },
  { name: "BurstGPT", how: "HPMLL/BurstGPT on GitHub, Git LFS, CC-BY-4.0; then traces import FILE" },
  { name: "your own history", how: "traces record, or aws ec2 describe-spot-price-history; then traces import FILE" },
  { name: "your own bill", how: "the spot data feed of your account; then traces import FILE" },
];

export interface SetFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws TraceError that names the nearest set. */
export const publicSetNamed = (name: string): PublicSet => named("data set", publicSets, name);

/** Its files, in order of path. */
export function filesOf({ name }: PublicSet): readonly SetFile[] {
  return readFileSync(new URL(`./datasets/${name}.sha256`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [sha256, bytes, ...path] = line.split(" ");
      return { sha256: sha256!, bytes: Number(bytes), path: path.join(" ") };
    });
}

/** Where fetched sets lie: outside of any project, shared by all. */
export function userSetFolder(name: string): string {
  const cache =
    process.env.XDG_CACHE_HOME ||
    (process.platform === "win32" && process.env.LOCALAPPDATA) ||
    join(homedir(), ".cache");
  return join(cache, "synkti-workbench", "datasets", name);
}

/** Whether all of a set lies there, by size: the digests were checked when it was fetched, and are again when it is read. */
export const isPresent = (set: PublicSet, folder: string): boolean =>
  existsSync(folder) &&
  filesOf(set).every(({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes);
