import { createHash, timingSafeEqual, verify, type X509Certificate } from "node:crypto";

/** A signed message cannot be believed: says why. */
export class SignatureError extends Error {
  override readonly name = "SignatureError";
}

/** OBJECT IDENTIFIERs, as the hex of their content. */
const SIGNED_DATA = "2a864886f70d010702";
const DATA = "2a864886f70d010701";
const SHA256 = "608648016503040201";
const CONTENT_TYPE = "2a864886f70d010903";
const MESSAGE_DIGEST = "2a864886f70d010904";

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const INTEGER = 0x02;
const OCTETS = 0x04;
const OCTETS_IN_PARTS = 0x24;
/** [0], constructed. */
const TAGGED_0 = 0xa0;

/**
 * The content of a signed message (CMS, once PKCS #7; RFC 5652) whose one signature, RSA with SHA-256, was made with the key of this
 * certificate. Certificates within the message are not looked at. This is how EC2 signs an instance identity document (`rsa2048`).
 * @param base64 with or without the lines around a PEM
 * @throws SignatureError for all else
 */
export function signedContent(base64: string, certificate: X509Certificate): Buffer {
  const bytes = Buffer.from(base64.replace(/-----[^-\n]+-----/g, ""), "base64");
  const [type, wrapped] = childrenOf(elementsOf(bytes)[0], SEQUENCE);
  expectOid(type, SIGNED_DATA, "the message");
  const [, , encapsulated, ...rest] = childrenOf(childrenOf(wrapped, TAGGED_0)[0], SEQUENCE);
  const [contentType, content] = childrenOf(encapsulated, SEQUENCE);
  expectOid(contentType, DATA, "its content");
  const said = octetsOf(childrenOf(content, TAGGED_0)[0]);

  const signers = childrenOf(rest.at(-1), SET);
  if (signers.length !== 1) throw new SignatureError(`expected one signature, got ${signers.length}`);
  const [version, , digest, ...parts] = childrenOf(signers[0], SEQUENCE);
  if (version?.tag !== INTEGER) throw new SignatureError("a signature without its version");
  expectOid(childrenOf(digest, SEQUENCE)[0], SHA256, "the digest");
  const attributes = parts[0]?.tag === TAGGED_0 ? parts.shift()! : undefined;
  const signature = octetsOf(parts[1]);
  const signed = attributes === undefined ? said : attributesOver(said, attributes);
  if (!verify("sha256", signed, certificate.publicKey, signature)) {
    throw new SignatureError("the signature is not that of the certificate");
  }
  return said;
}

/**
 * Of a message with signed attributes it is these that are signed, as a SET, and they hold the digest of the content.
 * Source: RFC 5652, section 5.4.
 */
function attributesOver(said: Buffer, attributes: Element): Buffer {
  const values = new Map<string, Element | undefined>();
  for (const attribute of childrenOf(attributes, TAGGED_0)) {
    const [type, set] = childrenOf(attribute, SEQUENCE);
    const name = type?.content.toString("hex") ?? "";
    if (values.has(name)) throw new SignatureError("a signed attribute is there twice");
    values.set(name, childrenOf(set, SET)[0]);
  }
  expectOid(values.get(CONTENT_TYPE), DATA, "the signed content");
  const digest = octetsOf(values.get(MESSAGE_DIGEST));
  const ours = createHash("sha256").update(said).digest();
  if (digest.length !== ours.length || !timingSafeEqual(digest, ours)) {
    throw new SignatureError("the content is not what was signed");
  }
  return Buffer.concat([Buffer.from([SET]), attributes.whole.subarray(1)]);
}

/** An element of BER, the notation that signed messages are written in (ITU-T X.690). */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const NOT_A_MESSAGE = "this is no signed message";

function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at, 0);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

function elementAt(bytes: Buffer, from: number, depth: number): Element {
  const tag = bytes[from];
  const first = bytes[from + 1];
  // No tag of a signed message needs more than one byte, and none lies deeper.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f || depth > 16) {
    throw new SignatureError(NOT_A_MESSAGE);
  }
  const start = from + 2;
  if (first === 0x80) return untilItsEnd(bytes, from, tag, depth);
  const sizeBytes = first < 0x80 ? 0 : first & 0x7f;
  if (sizeBytes > 3 || start + sizeBytes > bytes.length) throw new SignatureError(NOT_A_MESSAGE);
  const size = sizeBytes === 0 ? first : bytes.readUIntBE(start, sizeBytes);
  const end = start + sizeBytes + size;
  if (end > bytes.length) throw new SignatureError(NOT_A_MESSAGE);
  return { tag, content: bytes.subarray(start + sizeBytes, end), whole: bytes.subarray(from, end) };
}

/** Of indefinite length: its elements follow until one of tag and length 0. */
function untilItsEnd(bytes: Buffer, from: number, tag: number, depth: number): Element {
  let at = from + 2;
  while (bytes[at] !== 0 || bytes[at + 1] !== 0) at += elementAt(bytes, at, depth + 1).whole.length;
  return { tag, content: bytes.subarray(from + 2, at), whole: bytes.subarray(from, at + 2) };
}

function childrenOf(element: Element | undefined, tag: number): Element[] {
  if (element?.tag !== tag) throw new SignatureError(NOT_A_MESSAGE);
  return elementsOf(element.content);
}

function octetsOf(element: Element | undefined): Buffer {
  if (element?.tag === OCTETS) return element.content;
  return Buffer.concat(childrenOf(element, OCTETS_IN_PARTS).map(octetsOf));
}

function expectOid(element: Element | undefined, hex: string, what: string): void {
  if (element?.tag !== OID || element.content.toString("hex") !== hex) {
    throw new SignatureError(`${what} is of another type than EC2's`);
  }
}
