import type { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SignatureError, signedContent } from "../../../orchestrator/door/signed-content.ts";
import { Certificates, describeOpenssl } from "../../support/certificates.ts";

describeOpenssl("what is signed, by openssl as a second implementation", () => {
  let made: Certificates;
  let ours: X509Certificate;
  let another: X509Certificate;
  beforeAll(() => {
    made = new Certificates();
    ours = made.certificate("ours");
    another = made.certificate("another");
  });
  afterAll(() => made.remove());
  const DOCUMENT = '{"instanceId":"i-0123456789abcdef0"}';

  it.each<[string, readonly string[]]>([
    ["with signed attributes", ["-md", "sha256"]],
    ["of indefinite length, its content in parts, as EC2's are", ["-md", "sha256", "-stream"]],
    ["without attributes", ["-md", "sha256", "-noattr"]],
  ])("is read from a message %s", (_, options) => {
    expect(signedContent(made.signed("ours", DOCUMENT, options), ours).toString()).toBe(DOCUMENT);
    const long = "long ".repeat(20_000);
    expect(signedContent(made.signed("ours", long, options), ours).toString()).toBe(long);
  });

  it("is refused if another key signed it, or with another digest, or nobody", () => {
    expect(() => signedContent(made.signed("another", DOCUMENT), ours)).toThrow("not that of the certificate");
    expect(() => signedContent(made.signed("ours", DOCUMENT), another)).toThrow("not that of the certificate");
    expect(() => signedContent(made.signed("ours", DOCUMENT, ["-md", "sha512"]), ours)).toThrow(
      "the digest is of another",
    );
    for (const text of ["", "AAAA", "MIAG", Buffer.from(DOCUMENT).toString("base64")]) {
      expect(() => signedContent(text, ours)).toThrow(SignatureError);
    }
  });

  it.each(["-stream", "-noattr"])("is what was signed or nothing, whichever bytes were changed (%s)", (option) => {
    const bytes = Buffer.from(made.signed("ours", DOCUMENT, ["-md", "sha256", option]), "base64");
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    let refused = 0;
    fc.assert(
      fc.property(changes, (changed) => {
        const spoilt = Buffer.from(bytes);
        for (const [at, value] of changed) spoilt[at] = value;
        try {
          expect(signedContent(spoilt.toString("base64"), ours).toString()).toBe(DOCUMENT);
        } catch (error) {
          if (!(error instanceof SignatureError)) throw error;
          refused++;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(refused).toBeGreaterThan(1_000);
  });
});
