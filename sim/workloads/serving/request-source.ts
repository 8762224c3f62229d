import { requestPresets } from "../../../traces/request-presets.ts";
import { generateRequests, type RequestColumns, type RequestStream, replayRequests } from "../../../traces/requests.ts";
import type { RequestParams } from "../serving-params.ts";
import type { WorkloadWorld } from "../workload.ts";

type Source = Pick<WorkloadWorld, "requests" | "seed" | "horizonS">;

/** The requests of the study, one after the other, from its startS on. */
export function requestsOf({ from, startS }: Pick<RequestParams, "from" | "startS">, source: Source): RequestStream {
  if (startS === 0) return streamOf(from, source);
  const stream = streamOf(from, { ...source, horizonS: source.horizonS - startS });
  return {
    next: () => stream.next(),
    get arrivalS() {
      return startS + stream.arrivalS;
    },
    get inputTokens() {
      return stream.inputTokens;
    },
    get outputTokens() {
      return stream.outputTokens;
    },
  };
}

function streamOf(from: RequestParams["from"], { requests, seed, horizonS }: Source): RequestStream {
  if ("file" in from) return replayRequests(opened(requests));
  if ("preset" in from) {
    const { model } = requestPresets.find(({ name }) => name === from.preset)!;
    const perS = from.perS ?? model.arrivals.perS;
    return streamOf({ ...model, arrivals: { ...model.arrivals, perS } }, { requests, seed, horizonS });
  }
  const { arrivals, tokens } = from;
  return generateRequests({ arrivals, tokens: "file" in tokens ? opened(requests) : tokens }, seed, horizonS);
}

function opened(requests: RequestColumns | undefined): RequestColumns {
  if (requests === undefined) throw new Error("the requests of a file that nobody has opened");
  return requests;
}
