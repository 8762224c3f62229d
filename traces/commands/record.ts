import type { Argv } from "yargs";
import { recordPrices } from "../record.ts";
import { print, say } from "../terminal.ts";

export const addRecord = (cli: Argv): Argv =>
  cli.command(
    "record",
    "add AWS's spot price history to an archive of your own, which outlives the 90 days that AWS keeps; run it daily",
    (y) =>
      y
        .option("region", { type: "string", array: true, demandOption: true })
        .option("type", { type: "string", array: true, demandOption: true, describe: "instance types" })
        .option("product", { type: "string", array: true, default: ["Linux/UNIX"] })
        .option("archive", {
          type: "string",
          default: "price-archive",
          describe: "a folder; import reads its files",
        }),
    async ({ region, type, product, archive }) => {
      const recorded = await recordPrices({
        regions: region,
        instanceTypes: type,
        products: product,
        archive,
        nowS: Math.floor(Date.now() / 1000),
        progress: (text) => say(2, text),
      });
      const rows = recorded.reduce((sum, each) => sum + each.rows, 0);
      print(`${rows} new rows in ${archive}; read them with: npm run traces -- import ${archive}/*/*/*.json`);
    },
  );
