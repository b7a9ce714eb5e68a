/**
 * Public keys of SSH users as OpenSSH writes them: a type, the key of RFC 4253 section 6.6 in base64, a comment. Types are those of
 * RFC 4253 (rsa), RFC 5656 (ecdsa) and RFC 8709 (ed25519).
 */
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';

export interface SshPublicKey {
  readonly type: string;
  /** What a client sends for it (RFC 4252 section 7). */
  readonly blob: Buffer;
}

/** Gives the key, or what is wrong with it. */
export function parseSshPublicKey(text: string): SshPublicKey | string {
  const [type = '', body = ''] = text.split(' ');
  const blob = Buffer.from(body, 'base64');
  if (blob.length === 0 || blob.toString('base64') !== body) return 'the second word is not the base64 of a key';
  const reader = new Reader(blob);
  const inner = reader.string()?.toString('latin1');
  if (inner !== type) return `the key is of type ${printable(inner)}, not ${printable(type)}`;
  const judge = judges.get(type);
  if (judge === undefined) return `keys of type ${printable(type)} are not taken`;
  const problem = judge(reader);
  if (problem !== undefined) return problem;
  return reader.isAtEnd ? { type, blob } : 'something follows the key';
}

/** As `ssh-keygen -l` shows it. */
export function sshFingerprint({ blob }: SshPublicKey): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** Undefined where the rest of the key is what its type says; else what is wrong. */
type Judge = (reader: Reader) => string | undefined;

function ed25519(reader: Reader): string | undefined {
  const point = reader.string();
  if (point?.length !== 32) return 'an ed25519 key has 32 octets';
  return isKey({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }) ? undefined : 'not an ed25519 key';
}

function ecdsa(name: string, crv: string, octets: number): Judge {
  return (reader) => {
    const curve = reader.string()?.toString('latin1');
    if (curve !== name) return `the key names the curve ${printable(curve)}, its type ${name}`;
    const point = reader.string();
    // RFC 5656 3.1 allows compressed points; OpenSSH takes none.
    if (point?.length !== 2 * octets + 1 || point[0] !== 4) return `not an uncompressed point of ${name}`;
    const [x, y] = [point.subarray(1, octets + 1), point.subarray(octets + 1)];
    const jwk = { kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') };
    return isKey(jwk) ? undefined : `the point is not on ${name}`;
  };
}

function rsa(reader: Reader): string | undefined {
  const exponent = reader.positive();
  const modulus = reader.positive();
  if (exponent === undefined || modulus === undefined) return 'not an RSA key';
  const bits = modulus.length * 8 - Math.clz32(modulus[0]!) + 24;
  if (bits < 2048 || bits > 16_384) return `RSA keys have 2048 to 16384 bits, this one has ${bits}`;
  const isOdd = (number: Buffer) => (number.at(-1)! & 1) === 1;
  const isSmall = exponent.length === 1 && exponent[0]! < 3;
  return exponent.length > 8 || isSmall || !isOdd(exponent) || !isOdd(modulus) ? 'not an RSA key' : undefined;
}

function isKey(jwk: JsonWebKey): boolean {
  try {
    createPublicKey({ key: jwk, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

/** The data types of RFC 4251 section 5. */
class Reader {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#octets.length;
  }

  /** Undefined where the octets end before it does. */
  string(): Buffer | undefined {
    const octets = this.#octets;
    if (octets.length - this.#at < 4) return undefined;
    const start = this.#at + 4;
    const end = start + octets.readUInt32BE(this.#at);
    if (end > octets.length) return undefined;
    this.#at = end;
    return octets.subarray(start, end);
  }

  /** An mpint above zero, without a leading zero octet; undefined where it is none in its shortest form. */
  positive(): Buffer | undefined {
    const number = this.string();
    const [first, second] = number ?? [];
    if (number === undefined || first === undefined || first >= 0x80) return undefined;
    if (first > 0) return number;
    return second === undefined || second < 0x80 ? undefined : number.subarray(1);
  }
}

/** Whatever a key says of itself, short and in one line. */
function printable(text = ''): string {
  return JSON.stringify(text.slice(0, 40));
}

const judges: ReadonlyMap<string, Judge> = new Map([
  ['ssh-ed25519', ed25519],
  ['ecdsa-sha2-nistp256', ecdsa('nistp256', 'P-256', 32)],
  ['ecdsa-sha2-nistp384', ecdsa('nistp384', 'P-384', 48)],
  ['ecdsa-sha2-nistp521', ecdsa('nistp521', 'P-521', 66)],
  ['ssh-rsa', rsa],
]);
