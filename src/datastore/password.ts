/** Password hashes: scrypt (RFC 7914) in a string that describes itself, `$scrypt$ln=14,r=8,p=1$SALT$KEY` in base64. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** What a hash string says. */
export interface PasswordHash {
  /** Logarithm of the cost N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Hashes for storage. The password is taken as it is typed: no normalisation, any length that its caller allows. */
export async function hashPassword(password: string, random: (size: number) => Buffer = randomBytes): Promise<string> {
  const salt = random(saltOctets);
  const key = await derive(password, { ...cost, salt, key: Buffer.alloc(keyOctets) });
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(key)}`;
}

/** Undefined for anything but a scrypt hash with a cost that this machine can be asked to bear. */
export function parseHash(text: string): PasswordHash | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, ln, r, p, salt, key] = match;
  const parsed = {
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt ?? '', 'base64'),
    key: Buffer.from(key ?? '', 'base64'),
  };
  const bearable = parsed.ln >= 1 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 4 && memoryOf(parsed) <= maxMemory;
  return bearable && parsed.key.length >= 16 && parsed.key.length <= 64 ? parsed : undefined;
}

/** True where the password has this hash. Takes tens of milliseconds and the memory of its cost, off the event loop. */
export async function verifyPassword(password: string, hash: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, hash), hash.key);
}

/** A hash that no password has, at the cost of a new one: what an unknown user is checked against. */
export function impossibleHash(random: (size: number) => Buffer = randomBytes): PasswordHash {
  return { ...cost, salt: random(saltOctets), key: random(keyOctets) };
}

function derive(password: string, hash: PasswordHash): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** hash.ln, r: hash.r, p: hash.p, maxmem: 2 * memoryOf(hash) + 1_048_576 };
  return new Promise((resolve, reject) => {
    scrypt(password, hash.salt, hash.key.length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function memoryOf({ ln, r }: { readonly ln: number; readonly r: number }): number {
  return 128 * r * 2 ** ln;
}

function unpadded(octets: Buffer): string {
  return octets.toString('base64').replace(/=+$/, '');
}

/** 16 MB and some 50 ms. */
const cost = { ln: 14, r: 8, p: 1 } as const;
const saltOctets = 16;
const keyOctets = 32;
/** A hash that was brought from elsewhere may cost up to this: N = 2^17 with r = 8. */
const maxMemory = 128 * 8 * 2 ** 17;
const form =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{1,128})=*\$([A-Za-z0-9+/]{1,128})=*$/;
