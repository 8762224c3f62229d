import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";

const missing = spawnSync("openssl", ["version"]).error !== undefined && process.env.REQUIRE_ALL !== "1";
if (missing) console.warn("SKIPPED: tests with certificates, openssl is not there; REQUIRE_ALL=1 makes them fail");

/** Runs where openssl is there, is skipped aloud where it is not, and fails then under REQUIRE_ALL=1. */
export const describeOpenssl = describe.skipIf(missing);

/** A key and its certificate, PEM. */
export interface Pair {
  readonly key: string;
  readonly cert: string;
}

/** Keys, certificates and signed messages, made by openssl in a folder of its own. */
export class Certificates {
  readonly #folder = mkdtempSync(join(tmpdir(), "certificates-"));

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** Signed by itself; of a server at 127.0.0.1. */
  pair(name: string, { bits = 2048 } = {}): Pair {
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", this.#at(`${name}.key`), "-out", this.#at(`${name}.pem`)];
    this.#openssl(["req", "-x509", "-newkey", `rsa:${bits}`, "-nodes", "-days", "2", ...subject, ...files]);
    return { key: this.#read(`${name}.key`), cert: this.#read(`${name}.pem`) };
  }

  certificate(name: string): X509Certificate {
    return new X509Certificate(this.pair(name).cert);
  }

  /** As EC2 signs an identity document, by the key of a pair made before. @param options of `openssl cms` */
  signed(name: string, content: string, options: readonly string[] = ["-md", "sha256"]): string {
    writeFileSync(this.#at("content"), content);
    const by = ["-signer", this.#at(`${name}.pem`), "-inkey", this.#at(`${name}.key`)];
    const what = ["-in", this.#at("content"), "-binary", "-nodetach", "-nocerts", "-outform", "DER"];
    return this.#openssl(["cms", "-sign", ...what, ...by, ...options]).toString("base64");
  }

  #at(file: string): string {
    return join(this.#folder, file);
  }

  #read(file: string): string {
    return readFileSync(this.#at(file), "utf8");
  }

  #openssl(args: readonly string[]): Buffer {
    const { status, stdout, stderr } = spawnSync("openssl", args);
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
    return stdout;
  }
}
