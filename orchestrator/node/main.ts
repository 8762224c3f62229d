import yargs from "yargs";
import { SystemClock } from "../system-clock.ts";
import { Agent } from "./agent.ts";
import { Imds } from "./imds.ts";
import { Vllm } from "./vllm.ts";

const text = { type: "string", requiresArg: true } as const;
const refuse = (why: string): never => {
  console.error(`UsageError: ${why}`);
  process.exit(2);
};

const { port, host, engine, model } = await yargs(process.argv.slice(2))
  .scriptName("npm run agent --")
  .usage(
    "$0 --model NAME\n\nAnswers a balancer's health check for one instance: 200 while it may have traffic, 503 from a notice on.",
  )
  .options({
    model: { ...text, demandOption: true, describe: "as the model server lists it" },
    engine: { ...text, default: "http://127.0.0.1:8000", describe: "the vLLM server" },
    port: { type: "number", requiresArg: true, default: 8080, describe: "the health check port of the target group" },
    host: { ...text, default: "0.0.0.0", describe: "the address to listen on" },
  })
  .check((given) => {
    if (!(given.port >= 0 && given.port < 65536)) throw new Error("--port: expected a number from 0 to 65535");
    if (!URL.canParse(given.engine)) throw new Error(`--engine ${given.engine}: expected http://HOST:PORT`);
    return true;
  })
  .strict()
  .version(false)
  .fail((message, error) => refuse(`${message ?? error.message}; see npm run agent -- --help`))
  .parseAsync();

const clock = new SystemClock();
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.once("SIGINT", () => stop.abort());
const say = (event: string, about: Readonly<Record<string, unknown>>) =>
  console.log(JSON.stringify({ time: new Date(clock.wallMs()).toISOString(), event, ...about }));
const agent = new Agent({ imds: new Imds(clock), engine: new Vllm(engine, model), clock, port, host, say });
const url = await agent
  .listen()
  .catch(({ code }: NodeJS.ErrnoException) =>
    refuse(`--host ${host} --port ${port}: cannot listen (${code}); name others`),
  );
say("listening", { url });
await agent.run(stop.signal);
