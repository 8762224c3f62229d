import { resolve } from "node:path";
import { nearestName } from "../policies/contract/nearest.ts";
import type { CloudSpec } from "../policies/contract/scenario.ts";
import { HOUR_S, type Seconds } from "../policies/contract/units.ts";
import { FleetState } from "../policies/state/fleet-state.ts";
import { SimulationError } from "../sim/simulation-error.ts";
import { cacheTokens, ModelFitError } from "../sim/workloads/serving/engines.ts";
import type { RequestParams } from "../sim/workloads/serving-params.ts";
import { SimWorld } from "../sim/world.ts";
import type { Catalog } from "../traces/catalog/catalog.ts";
import { TraceError, takesPart } from "../traces/columns.ts";
import { type MarketModel, marketModel } from "../traces/generate.ts";
import { readLatencyProfile } from "../traces/latency-profile.ts";
import { type OpenTrace, openStudyTrace, type TraceRef } from "../traces/open.ts";
import { presets } from "../traces/presets.ts";
import { publicSetNamed, userSetFolder } from "../traces/public-sets.ts";
import { openRequestFile } from "../traces/request-file.ts";
import type { TraceMarket } from "../traces/trace-table.ts";
import type { CodeDigests } from "./closure.ts";
import { canonicalJson, digestOf, sha256 } from "./digest.ts";
import { lookOf, replicatesMax } from "./looks.ts";
import type { Path } from "./paths.ts";
import type { RunRecord, RunSpec } from "./record.ts";
import { type LoadedStudy, StudyError, type StudyPoint } from "./study.ts";
import { catalogFor, withPrices, withTypes } from "./study-catalog.ts";
import { policyIds } from "./study-checks.ts";
import type { Study } from "./study-schema.ts";
import {
  type OnDemandPrices,
  type RequestsHandle,
  requestColumns,
  requestsHandle,
  sourceDigest,
  type TableSource,
  tableOf,
  windowSource,
} from "./tables.ts";
import type { GeneratedTrace, StudyTrace } from "./trace-schema.ts";
import { windowsOf } from "./windows.ts";
import { readYaml } from "./yaml-file.ts";

/** One run of the grid, with all that its key is made of. */
export interface Cell {
  /** sha256 of specification, versions and table: the same key is the same result. */
  readonly key: string;
  readonly spec: RunSpec;
  readonly versions: RunRecord["versions"];
  /** Where it stands in the study, whatever its settings and code. */
  readonly place: string;
  /** Digests of what the key is made of, by what a user calls it. */
  readonly parts: Readonly<Record<string, string>>;
  /** Names its table. */
  readonly table: string;
  /** Of `replicates: auto`, the first look that sees it; 0 without. */
  readonly look: number;
}

export interface Grid {
  /** In order: axes, trace, unit, replicate, policy. */
  readonly cells: readonly Cell[];
  readonly tables: ReadonlyMap<string, TableSource>;
  /** Real traces that were opened, by the name of the study's entry. */
  readonly traces: ReadonlyMap<string, OpenTrace>;
  /** What on-demand instances cost, by the name of the study's entry: stated there, or the catalog's. At the sweep's first point. */
  readonly onDemand: ReadonlyMap<string, OnDemandPrices>;
}

/** One unit of inference of a trace: a disjoint stretch of it, or a seed. */
interface Unit {
  readonly name: string;
  /** Which of its windows. */
  readonly place: number;
  readonly fromS: Seconds;
  readonly lengthS: Seconds;
  readonly traceDigest: string;
  readonly table: string;
}

/**
 * Every run of a study. Seeds name trace, unit and replicate, never policy or axis: all policies, at all points of a sweep, meet
 * the same luck.
 * @throws StudyError for windows that do not fit their trace, and settings that cannot be simulated; TraceError; ImportError.
 */
export async function gridOf(
  loaded: LoadedStudy,
  code: CodeDigests,
  versions: RunRecord["versions"],
  cacheFolder?: string,
): Promise<Grid> {
  const builder = new GridBuilder(loaded, code, versions, cacheFolder);
  for (const point of loaded.points) await builder.add(point);
  return builder;
}

/** A study with nothing left to the catalog. */
type FilledStudy = Omit<Study, "cloud"> & { readonly cloud: CloudSpec; readonly onDemandUsdPerHour: OnDemandPrices };

/** All of a grid is held in memory, some kilobytes a cell. */
const CELLS_MAX = 1_000_000;

class GridBuilder implements Grid {
  readonly cells: Cell[] = [];
  readonly tables = new Map<string, TableSource>();
  readonly traces = new Map<string, OpenTrace>();
  readonly onDemand = new Map<string, OnDemandPrices>();
  readonly #loaded: LoadedStudy;
  readonly #code: CodeDigests;
  readonly #versions: RunRecord["versions"];
  readonly #cacheFolder: string | undefined;
  readonly #catalog: Catalog;
  readonly #opened = new Map<string, OpenTrace>();
  readonly #units = new Map<string, readonly Unit[]>();
  readonly #requestFiles = new Map<string, RequestsHandle>();

  constructor(
    loaded: LoadedStudy,
    code: CodeDigests,
    versions: RunRecord["versions"],
    cacheFolder: string | undefined,
  ) {
    this.#loaded = loaded;
    this.#catalog = catalogFor(loaded);
    this.#code = code;
    this.#versions = versions;
    this.#cacheFolder = cacheFolder;
  }

  async add(point: StudyPoint): Promise<void> {
    const codeOf = await Promise.all(
      point.study.policies.map(async (policy) => ({
        engine: await this.#code.engine(),
        policy: await this.#code.scenario(policy),
      })),
    );
    for (const [i, trace] of point.study.traces.entries()) {
      const study = await this.#filledIn(point.study, trace, ["traces", i]);
      if (!this.onDemand.has(trace.name)) this.onDemand.set(trace.name, study.onDemandUsdPerHour);
      const units = await this.#unitsOf(study, trace, ["traces", i]);
      this.#tryOut(study, units[0]!);
      const cells = this.cells.length + units.length * replicatesMax(study) * study.policies.length;
      if (cells > CELLS_MAX) {
        throw new StudyError(
          `${this.#loaded.path}: more than ${CELLS_MAX} runs; take fewer units, replicates, policies or points of the sweep`,
        );
      }
      for (const unit of units) {
        const replicates = replicatesMax(study);
        for (let replicate = 0; replicate < replicates; replicate++) {
          const place = unit.place * replicates + replicate;
          const look = study.replicates === "auto" ? lookOf(replicate) : 0;
          for (const [p, policyId] of policyIds(study).entries()) {
            this.#addCell({ study, axes: point.axes }, trace.name, unit, { place, look }, policyId, p, codeOf[p]!);
          }
        }
      }
    }
  }

  #addCell(
    { study, axes }: { readonly study: FilledStudy; readonly axes: StudyPoint["axes"] },
    trace: string,
    unit: Unit,
    { place: replicate, look }: { readonly place: number; readonly look: number },
    policyId: string,
    p: number,
    code: { readonly engine: string; readonly policy: string },
  ): void {
    const { workload, cloud, cadence, drainH, accounting } = study;
    const policy = study.policies[p]!;
    const spec: RunSpec = {
      trace,
      traceDigest: unit.traceDigest,
      fromS: unit.fromS,
      lengthS: unit.lengthS,
      unit: unit.name,
      replicate,
      seed: `${trace}/${unit.name}/${replicate}`,
      workload,
      cloud,
      cadence,
      drainS: drainH * HOUR_S,
      ...(accounting === undefined ? {} : { accounting }),
      policyId,
      policy,
      axes,
      closureDigest: digestOf(code),
    };
    const versions = this.#versions;
    const part = (value: unknown): string => this.#digests.of(value).slice(0, 12);
    const { texts } = this.#digests;
    for (const shared of [workload, cloud, cadence, policy, axes, versions]) this.#digests.of(shared);
    this.cells.push({
      key: digestOf({ spec, versions, table: unit.table }, texts),
      spec,
      versions,
      place: canonicalJson([axes, trace, unit.name, replicate, policyId], texts),
      parts: {
        "engine code": code.engine.slice(0, 12),
        "policy code": code.policy.slice(0, 12),
        "policy settings": part(policy),
        trace: unit.table.slice(0, 12),
        workload: part(workload),
        cloud: part(cloud),
        cadence: part(cadence),
        window: part([unit.fromS, unit.lengthS, drainH]),
        ...(accounting === undefined ? {} : { accounting: part(accounting) }),
        version: part(versions),
      },
      table: unit.table,
      look,
    });
  }
  readonly #digests = new ObjectDigests();

  /** What the study leaves to the catalog, for the markets of one of its traces. */
  async #filledIn(study: Study, trace: StudyTrace, path: Path): Promise<FilledStudy> {
    const offered: readonly TraceMarket[] =
      "generate" in trace ? marketsOf(modelOf(trace)) : (await this.#open(trace)).markets(trace.markets);
    const markets = offered.filter((market) => takesPart(market, trace.markets ?? {}));
    this.#checkStorage(study, markets);
    try {
      const cloud = withTypes(study.cloud, markets, this.#catalog);
      const onDemandUsdPerHour = withPrices(study.onDemandUsdPerHour, markets, this.#catalog);
      return { ...study, cloud, onDemandUsdPerHour, workload: await this.#withProfile(study.workload, trace) };
    } catch (error) {
      if (error instanceof TraceError) throw this.#loaded.fault(path, error.message);
      throw error;
    }
  }

  /** With the latency profile that it names as it was read, so that a record says what timed its requests. */
  async #withProfile(workload: Study["workload"], trace: StudyTrace): Promise<Study["workload"]> {
    if (workload.model !== "serving") return workload;
    const { requests } = workload.params;
    if (typeof requests?.measured?.file !== "string") return workload;
    const { set, ...rest } = requests.measured;
    const root = "dataset" in trace ? trace.root : undefined;
    const folder = set === undefined ? this.#loaded.folder : (root ?? userSetFolder(publicSetNamed(set).name));
    const file = await readLatencyProfile(resolve(folder, requests.measured.file));
    const measured = { ...rest, file: { ...file } };
    return { ...workload, params: { ...workload.params, requests: { ...requests, measured } } };
  }

  async #unitsOf(study: FilledStudy, trace: StudyTrace, path: Path): Promise<readonly Unit[]> {
    const { onDemandUsdPerHour, drainH, workload } = study;
    const key = canonicalJson({ trace, onDemandUsdPerHour, drainH, requests: requestFileOf(workload) ?? null });
    const known = this.#units.get(key);
    if (known !== undefined) return known;
    const units =
      "generate" in trace
        ? await this.#generatedUnits(study, trace, path)
        : await this.#windowUnits(study, trace, path);
    this.#units.set(key, units);
    return units;
  }

  async #generatedUnits(
    { onDemandUsdPerHour, drainH, workload }: FilledStudy,
    trace: GeneratedTrace,
    path: Path,
  ): Promise<Unit[]> {
    const model = modelOf(trace);
    this.#checkFilter(trace, marketsOf(model), path);
    const { lengthH, seeds } = trace.windows;
    const endS = (lengthH + drainH) * HOUR_S;
    const generator = await this.#code.generator();
    const requests = this.#requests(workload, lengthH * HOUR_S);
    return Array.from({ length: seeds }, (_, i) => {
      const name = `seed ${i + 1}`;
      const seed = `${trace.name}/${name}`;
      const source: TableSource = {
        kind: "generated",
        model,
        seed,
        endS,
        markets: trace.markets ?? {},
        onDemandUsdPerHour,
        ...requests,
      };
      const table = digestOf([sourceDigest(source), generator]);
      this.tables.set(table, source);
      return {
        name,
        place: 0,
        fromS: 0,
        lengthS: lengthH * HOUR_S,
        traceDigest: digestOf({ model, seed, endS }),
        table,
      };
    });
  }

  async #windowUnits(
    { onDemandUsdPerHour, drainH, workload }: FilledStudy,
    trace: Exclude<StudyTrace, GeneratedTrace>,
    path: Path,
  ): Promise<Unit[]> {
    const opened = await this.#open(trace);
    this.traces.set(trace.name, opened);
    this.#checkFilter(trace, opened.markets(trace.markets), path);
    return windowsOf(trace, opened.endS, drainH, (at, text) =>
      this.#loaded.fault([...path, "windows", ...at], text),
    ).map(({ unit, place, fromS, lengthS }) => {
      const market = windowSource(opened, fromS, lengthS + drainH * HOUR_S, trace.markets ?? {}, onDemandUsdPerHour);
      const source = { ...market, ...this.#requests(workload, lengthS) };
      const table = sourceDigest(source);
      this.tables.set(table, source);
      return {
        name: unit,
        place,
        fromS,
        lengthS,
        traceDigest: opened.digest,
        table,
      };
    });
  }

  /** What a unit needs of the file that the workload names: a replay stops with its window, lengths are drawn from all rows. */
  #requests(workload: Study["workload"], lengthS: Seconds): Pick<TableSource, "requests"> {
    const named = requestFileOf(workload);
    if (named === undefined) return {};
    const path = resolve(this.#loaded.folder, named.file);
    const endS = named.isReplayed ? lengthS : Infinity;
    const key = canonicalJson([path, named.isReplayed ? lengthS : null]);
    const known = this.#requestFiles.get(key);
    const handle = known ?? requestsHandle(openRequestFile(path), endS);
    this.#requestFiles.set(key, handle);
    if (requestColumns(handle).arrivalS[0]! >= endS) {
      throw this.#loaded.fault(
        ["workload", "params", "requests", "from"],
        `no request of ${named.file} arrives within the window`,
      );
    }
    return { requests: handle };
  }

  async #open({ name: _, markets: __, windows: ___, ...ref }: Exclude<StudyTrace, GeneratedTrace>): Promise<OpenTrace> {
    const key = canonicalJson(ref);
    const opened = this.#opened.get(key) ?? (await openStudyTrace(ref as TraceRef, this.#cacheFolder));
    this.#opened.set(key, opened);
    return opened;
  }

  /** Types of the catalog that would do, the smallest first. */
  #fitting(params: RequestParams): string {
    const fitting = this.#catalog.types.filter(({ gpuMemoryMiB }) => cacheTokens(params, gpuMemoryMiB) >= 1);
    const names = fitting.sort((a, b) => a.gpuMemoryMiB - b.gpuMemoryMiB).map(({ name }) => name);
    return names.length === 0 ? "No type of the catalog has room for it" : `It fits ${names.slice(0, 8).join(", ")}`;
  }

  #checkFilter(
    { markets = {} }: StudyTrace,
    offered: readonly { readonly zone: string; readonly instanceType: string }[],
    path: Path,
  ): void {
    const check = (key: "zones" | "instanceTypes", known: readonly string[]): void => {
      for (const [i, name] of (markets[key] ?? []).entries()) {
        if (known.includes(name)) continue;
        throw this.#loaded.fault(
          [...path, "markets", key, i],
          `the trace has no "${name}"; it has ${[...new Set(known)].join(", ")}`,
        );
      }
    };
    check(
      "zones",
      offered.map(({ zone }) => zone),
    );
    check(
      "instanceTypes",
      offered.map(({ instanceType }) => instanceType),
    );
  }

  /** Storage may lie where no market is, but not where nothing is: that would be one more region, priced in silence. */
  #checkStorage({ cloud }: Study, markets: readonly TraceMarket[]): void {
    const { storageRegion, betweenRegionsUsdPerGib: prices } = cloud.bill?.transfer ?? {};
    const known = [
      ...markets.map(({ region }) => region),
      ...(typeof prices === "object" ? Object.keys(prices) : []),
      ...this.#catalog.types.flatMap(({ usdPerHour }) => Object.keys(usdPerHour)),
    ];
    if (storageRegion === undefined || known.includes(storageRegion)) return;
    throw this.#loaded.fault(
      ["cloud", "bill", "transfer", "storageRegion"],
      `no region is called "${storageRegion}"; did you mean "${nearestName(storageRegion, known)}"? Else price it under betweenRegionsUsdPerGib`,
    );
  }

  /** The world of one task or job: what cannot be simulated is said before anything is computed. */
  #tryOut({ workload, cloud, cadence, drainH }: FilledStudy, unit: Unit): void {
    try {
      const source = this.tables.get(unit.table)!;
      const table = tableOf(source);
      const requests = source.requests && requestColumns(source.requests);
      const input = { table, horizonS: unit.lengthS, drainS: drainH * HOUR_S, cloud, cadence, seed: "", requests };
      const one = "tasks" in workload.params ? { ...workload, params: { ...workload.params, tasks: 1 } } : workload;
      new SimWorld({ ...input, workload: one }, (fleet) => new FleetState(fleet));
    } catch (error) {
      if (error instanceof ModelFitError && workload.model === "serving") {
        throw this.#loaded.fault(
          ["workload", "params", "requests", "model"],
          `${error.message}. ${this.#fitting(workload.params.requests!)}`,
        );
      }
      if (error instanceof SimulationError) throw new StudyError(`${this.#loaded.path}: ${error.message}`);
      throw error;
    }
  }
}

/** The file that the workload names, if any, and whether its requests are replayed or only their lengths drawn. */
function requestFileOf({
  model,
  params,
}: Study["workload"]): { readonly file: string; readonly isReplayed: boolean } | undefined {
  if (model !== "serving" || params.requests === undefined) return undefined;
  const { from } = params.requests;
  if ("file" in from) return { file: from.file, isReplayed: true };
  return "tokens" in from && "file" in from.tokens ? { file: from.tokens.file, isReplayed: false } : undefined;
}

const marketsOf = ({ instanceType, zones }: MarketModel): TraceMarket[] =>
  zones.map(({ region, zone }) => ({ instanceType, region, zone, capacityType: "spot" }));

/** Digests and texts of objects that many cells share, each computed once. */
class ObjectDigests {
  readonly texts = new WeakMap<object, string>();
  readonly #known = new WeakMap<object, string>();

  of(value: unknown): string {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return digestOf(value);
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const text = canonicalJson(value);
    const digest = sha256(text);
    this.texts.set(value, text);
    this.#known.set(value, digest);
    return digest;
  }
}

/** @throws StudyError for a model's file that is missing or spoilt. */
function modelOf({ generate: { preset, file, ...changes } }: GeneratedTrace): MarketModel {
  const base = file === undefined ? presets.find(({ name }) => name === preset)?.model : readYaml(file, marketModel);
  return marketModel.parse({ ...base, ...changes });
}
