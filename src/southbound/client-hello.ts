/**
 * Reads the server name out of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 section 3) without consuming it.
 *
 * Node's own SNICallback adds the certificate of the name beside the default one instead of replacing it, so that with keys
 * of different kinds a client is given whichever kind it prefers, and the default's intermediates stay in the chain.
 */
import type { Socket } from 'node:net';

/** The server name; undefined where there is none; `more` where the hello has not arrived whole. */
export type HelloResult = { readonly kind: 'name'; readonly name: string | undefined } | { readonly kind: 'more' };

/** Whatever is no ClientHello counts as one without a name: the TLS library answers it as it deserves. */
export function readServerName(octets: Buffer): HelloResult {
  const handshake: Buffer[] = [];
  let collected = 0;
  let needed = handshakeHeader;
  for (let offset = 0; ; ) {
    if (collected >= needed) return { kind: 'name', name: nameOfHello(Buffer.concat(handshake).subarray(0, needed)) };
    if (octets.length < offset + recordHeader) return octets.length < maxHello ? { kind: 'more' } : nameless;
    const length = octets.readUInt16BE(offset + 3);
    if (octets[offset] !== handshakeRecord || length === 0 || length > maxRecord) return nameless;
    const end = offset + recordHeader + length;
    if (octets.length < end) return octets.length < maxHello ? { kind: 'more' } : nameless;
    handshake.push(octets.subarray(offset + recordHeader, end));
    collected += length;
    offset = end;
    if (collected >= handshakeHeader && needed === handshakeHeader) {
      const head = Buffer.concat(handshake);
      if (head[0] !== clientHello) return nameless;
      needed = handshakeHeader + head.readUIntBE(1, 3);
      if (needed > maxHello) return nameless;
    }
  }
}

/** Resolves once the name is known; what was read is put back. Undefined too when the peer leaves or `timeout` passes. */
export function peekServerName(socket: Socket, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let octets = Buffer.alloc(0);
    const done = (name: string | undefined): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      socket.pause();
      if (octets.length > 0) socket.unshift(octets);
      resolve(name);
    };
    const onData = (chunk: Buffer): void => {
      octets = Buffer.concat([octets, chunk]);
      const result = readServerName(octets);
      if (result.kind === 'name') done(result.name);
    };
    const onEnd = (): void => done(undefined);
    const timer = setTimeout(() => {
      socket.destroy();
      done(undefined);
    }, timeout);
    socket.on('data', onData).once('end', onEnd).once('close', onEnd);
  });
}

/** Throws nothing: a length that points outside makes the result undefined. */
function nameOfHello(hello: Buffer): string | undefined {
  try {
    const reader = new Reader(hello, handshakeHeader + 2 + 32);
    reader.skip(reader.number(1)); // legacy_session_id
    reader.skip(reader.number(2)); // cipher_suites
    reader.skip(reader.number(1)); // legacy_compression_methods
    const end = reader.number(2) + reader.offset;
    while (reader.offset < end) {
      const type = reader.number(2);
      const length = reader.number(2);
      if (type === serverNameExtension) return nameOfExtension(reader);
      reader.skip(length);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

function nameOfExtension(reader: Reader): string | undefined {
  const end = reader.number(2) + reader.offset;
  while (reader.offset < end) {
    const type = reader.number(1);
    const name = reader.take(reader.number(2));
    if (type === hostName) return name.toString('latin1');
  }
  return undefined;
}

class Reader {
  readonly #octets: Buffer;
  offset: number;

  constructor(octets: Buffer, offset: number) {
    this.#octets = octets;
    this.offset = offset;
  }

  number(size: number): number {
    const value = this.#octets.readUIntBE(this.offset, size);
    this.offset += size;
    return value;
  }

  skip(length: number): void {
    this.take(length);
  }

  take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.#octets.length) throw new RangeError('beyond the end of the hello');
    const taken = this.#octets.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }
}

const nameless: HelloResult = { kind: 'name', name: undefined };
const recordHeader = 5;
const handshakeRecord = 22;
const handshakeHeader = 4;
const clientHello = 1;
const serverNameExtension = 0;
const hostName = 0;
/** RFC 8446 5.1. */
const maxRecord = 1 << 14;
/** No client's hello is nearly as long; a longer one is left to the TLS library. */
const maxHello = 1 << 15;
