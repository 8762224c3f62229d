import { z } from "zod";
import { distributionSchema, sampler } from "../policies/contract/distribution.ts";
import { createRandom } from "../policies/contract/random.ts";
import type { Seconds } from "../policies/contract/units.ts";
import { arrivalProcess, generateArrivals } from "./generators/arrivals.ts";

/** Requests one after another, in order of arrival: a cursor, so that a run holds one of them and allocates nothing. */
export interface RequestStream {
  /** Moves to the next request. @returns false after the last one. */
  next(): boolean;
  /** From the trace's start. */
  readonly arrivalS: Seconds;
  /** At least 1 where they are generated; a file may hold 0. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Columns of requests, a row a request, in order of arrival. */
export interface RequestColumns {
  readonly arrivalS: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
}

const tokensMax = z.int().positive().exactOptional().describe("longer ones are cut to this");

/** Synthetic requests, as a study or a file writes them. */
export const requestModel = z.strictObject({
  arrivals: arrivalProcess,
  tokens: z
    .union([
      z.strictObject({
        input: distributionSchema,
        output: distributionSchema,
        inputMax: tokensMax,
        outputMax: tokensMax,
      }),
      z.strictObject({
        file: z
          .string()
          .min(1)
          .describe("requests written by `traces import`: input and output of one, drawn together"),
      }),
    ])
    .describe("tokens a request puts in and gets out, rounded, at least 1"),
});
export type RequestModel = z.infer<typeof requestModel>;

/** A model whose file of lengths, if it names one, has been opened. */
export interface OpenRequestModel {
  readonly arrivals: RequestModel["arrivals"];
  readonly tokens: Exclude<RequestModel["tokens"], { readonly file: string }> | Omit<RequestColumns, "arrivalS">;
}

/**
 * Requests of a model before endS, drawn as they are asked for. Lengths are keyed by the request's number, so the same request
 * is as long at any rate. Assumes, where lengths have distributions, that input and output are independent.
 * @throws DistributionError for lengths whose numbers make no sense
 */
export function generateRequests(model: OpenRequestModel, seed: string, endS: Seconds): RequestStream {
  const random = createRandom(seed);
  const nextArrivalS = generateArrivals(model.arrivals, random);
  const stream = random.stream("lengths");
  const { tokens } = model;
  const lengths =
    "input" in tokens
      ? {
          input: lengthOf(sampler(tokens.input), tokens.inputMax),
          output: lengthOf(sampler(tokens.output), tokens.outputMax),
        }
      : { input: drawn(tokens.inputTokens), output: drawn(tokens.outputTokens) };
  const second = "input" in tokens ? 1 : 0; // the same draw, so the same row, where both come from a file
  let i = 0;
  const request = {
    arrivalS: 0,
    inputTokens: 0,
    outputTokens: 0,
    next() {
      const arrivalS = nextArrivalS();
      if (arrivalS >= endS) return false;
      request.arrivalS = arrivalS;
      request.inputTokens = lengths.input(random.at(stream, i, 0));
      request.outputTokens = lengths.output(random.at(stream, i, second));
      i++;
      return true;
    },
  };
  return request;
}

/** Requests as their columns have them. */
export function replayRequests({ arrivalS, inputTokens, outputTokens }: RequestColumns): RequestStream {
  let i = 0;
  const request = {
    arrivalS: 0,
    inputTokens: 0,
    outputTokens: 0,
    next() {
      if (i === arrivalS.length) return false;
      request.arrivalS = arrivalS[i]!;
      request.inputTokens = inputTokens[i]!;
      request.outputTokens = outputTokens[i]!;
      i++;
      return true;
    },
  };
  return request;
}

/** All requests of a stream, drawn twice so that no list grows: `stream` begins it anew. */
export function columnsOf(stream: () => RequestStream): RequestColumns {
  let rows = 0;
  for (const counted = stream(); counted.next(); ) rows++;
  const columns = {
    arrivalS: new Float64Array(rows),
    inputTokens: new Uint32Array(rows),
    outputTokens: new Uint32Array(rows),
  };
  const drawn = stream();
  for (let i = 0; drawn.next(); i++) {
    columns.arrivalS[i] = drawn.arrivalS;
    columns.inputTokens[i] = drawn.inputTokens;
    columns.outputTokens[i] = drawn.outputTokens;
  }
  return columns;
}

const lengthOf =
  (sample: (u: number) => number, max = 0xffff_ffff) =>
  (u: number): number =>
    Math.min(max, Math.max(1, Math.round(sample(u))));

const drawn =
  (column: Uint32Array) =>
  (u: number): number =>
    Math.max(1, column[Math.floor(u * column.length)]!);
