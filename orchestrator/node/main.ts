import yargs from "yargs";
import { SystemClock } from "../system-clock.ts";
import { Agent } from "./agent.ts";
import { Imds } from "./imds.ts";
import { Vllm } from "./vllm.ts";

const { port, host, engine, model } = await yargs(process.argv.slice(2))
  .scriptName("npm run agent --")
  .usage(
    "$0 --model NAME\n\nAnswers a balancer's health check for one instance: 200 while it may have traffic, 503 from a notice on.",
  )
  .option("model", { type: "string", demandOption: true, describe: "as the model server lists it" })
  .option("engine", { type: "string", default: "http://127.0.0.1:8000", describe: "the vLLM server" })
  .option("port", { type: "number", default: 8080, describe: "the health check port of the target group" })
  .option("host", { type: "string", default: "0.0.0.0", describe: "the address to listen on" })
  .strict()
  .version(false)
  .parseAsync();

const clock = new SystemClock();
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.once("SIGINT", () => stop.abort());
const say = (event: string, about: Readonly<Record<string, unknown>>) =>
  console.log(JSON.stringify({ time: new Date(clock.wallMs()).toISOString(), event, ...about }));
const agent = new Agent({ imds: new Imds(clock), engine: new Vllm(engine, model), clock, port, host, say });
say("listening", { url: await agent.listen() });
await agent.run(stop.signal);
