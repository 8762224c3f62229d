import { readFileSync } from "node:fs";
import yargs from "yargs";
import { SystemClock } from "../system-clock.ts";
import { Agent } from "./agent.ts";
import { Controller } from "./controller.ts";
import { Imds } from "./imds.ts";
import { Vllm } from "./vllm.ts";

const text = { type: "string", requiresArg: true } as const;
const refuse = (why: string): never => {
  console.error(`UsageError: ${why}`);
  process.exit(2);
};

const { port, host, engine, model, metadata, controller, ca } = await yargs(process.argv.slice(2))
  .scriptName("npm run agent --")
  .usage(
    "$0 --model NAME\n\nAnswers a balancer's health check for one instance: 200 while it may have traffic, 503 from a notice on.",
  )
  .options({
    model: { ...text, demandOption: true, describe: "as the model server lists it" },
    engine: { ...text, default: "http://127.0.0.1:8000", describe: "the vLLM server" },
    port: { type: "number", requiresArg: true, default: 8080, describe: "the health check port of the target group" },
    host: { ...text, default: "0.0.0.0", describe: "the address to listen on" },
    controller: { ...text, implies: "ca", describe: "its door, https://HOST:PORT: is told of notices, too" },
    ca: { ...text, implies: "controller", describe: "a file: the certificate that the door's is signed by" },
    metadata: { ...text, default: "http://169.254.169.254", describe: "of a double of EC2's, for trials" },
  })
  .check((given) => {
    if (!(given.port >= 0 && given.port < 65536)) throw new Error("--port: expected a number from 0 to 65535");
    for (const name of ["engine", "metadata"] as const) {
      if (!URL.canParse(given[name])) throw new Error(`--${name} ${given[name]}: expected http://HOST:PORT`);
    }
    if (given.controller !== undefined && !/^https:\/\/[^/]+$/.test(given.controller)) {
      throw new Error(`--controller ${given.controller}: expected https://HOST:PORT`);
    }
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
const imds = new Imds(clock, metadata);
const agent = new Agent({
  imds,
  engine: new Vllm(engine, model),
  ...(controller === undefined ? {} : { controller: new Controller({ url: controller, ca: certificate(ca!), imds }) }),
  clock,
  port,
  host,
  say,
});
const url = await agent
  .listen()
  .catch(({ code }: NodeJS.ErrnoException) =>
    refuse(`--host ${host} --port ${port}: cannot listen (${code}); name others`),
  );
say("listening", { url });
if (process.platform !== "win32") process.on("SIGUSR2", () => agent.leave(stop.signal));
await agent.run(stop.signal);

function certificate(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return refuse(`--ca ${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); name the certificate`);
  }
}
