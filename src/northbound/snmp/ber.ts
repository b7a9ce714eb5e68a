/**
 * BER as SNMP uses it (RFC 3417 section 8): a cursor over the raw datagram and a writer into one preallocated buffer. Neither
 * makes an object for what it reads or writes; OIDs go into arrays that the caller owns.
 */

/** Thrown, always the same object, for octets that are no SNMP message. It carries no detail: the sender gets none. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}
export const malformed = new MalformedError('malformed message');

/** RFC 2578 section 3.5. */
export const maxSubIdentifiers = 128;
/** The largest UDP payload over IPv4. */
export const maxDatagram = 65_507;

export const tag = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  ipAddress: 0x40,
  counter32: 0x41,
  unsigned32: 0x42,
  timeTicks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
  noSuchObject: 0x80,
  noSuchInstance: 0x81,
  endOfMibView: 0x82,
  get: 0xa0,
  getNext: 0xa1,
  response: 0xa2,
  set: 0xa3,
  trapV1: 0xa4,
  getBulk: 0xa5,
  inform: 0xa6,
  trapV2: 0xa7,
  report: 0xa8,
} as const;

/** A cursor: `position` is the next octet, `end` the end of what is being read (the innermost open sequence). */
export class BerReader {
  readonly buffer: Buffer;
  position: number;
  end: number;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  /** The tag of the next element, which must be there. */
  peekTag(): number {
    if (this.position >= this.end) throw malformed;
    return this.buffer[this.position]!;
  }

  /** Reads the header of an element with this tag; the cursor stands at its content, the end of which is returned. */
  header(expected: number): number {
    if (this.peekTag() !== expected) throw malformed;
    this.position += 1;
    return this.#length();
  }

  /** Opens a constructed element: `end` becomes its end. The returned outer end is handed to {@link leave}. */
  enter(expected: number): number {
    const contentEnd = this.header(expected);
    const outer = this.end;
    this.end = contentEnd;
    return outer;
  }

  /** Closes a constructed element; all of it must have been read. */
  leave(outer: number): void {
    if (this.position !== this.end) throw malformed;
    this.end = outer;
  }

  /** INTEGER of at most 4 content octets. */
  integer(): number {
    const end = this.header(tag.integer);
    const value = signedAt(this.buffer, this.position, end);
    this.position = end;
    return value;
  }

  /** OCTET STRING; a view of the datagram, not a copy. */
  octets(): Buffer {
    const end = this.header(tag.octetString);
    const value = this.buffer.subarray(this.position, end);
    this.position = end;
    return value;
  }

  /** Checks an OBJECT IDENTIFIER and steps over it; its content begins at the returned position and ends at `position`. */
  skipOid(): number {
    const end = this.header(tag.objectIdentifier);
    const start = this.position;
    checkOid(this.buffer, start, end);
    this.position = end;
    return start;
  }

  /** Checks the value of a varbind (known type, possible length) and steps over it; its content begins at the returned position. */
  skipValue(): number {
    const type = this.peekTag();
    this.position += 1;
    const end = this.#length();
    const start = this.position;
    checkValue(this.buffer, type, start, end);
    this.position = end;
    return start;
  }

  /** X.690 8.1.3: definite lengths of at most four length octets that stay inside the parent. */
  #length(): number {
    if (this.position >= this.end) throw malformed;
    const first = this.buffer[this.position++]!;
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4 || this.position + count > this.end) throw malformed;
      length = 0;
      for (let index = 0; index < count; index += 1) length = length * 256 + this.buffer[this.position++]!;
    }
    const end = this.position + length;
    if (end > this.end) throw malformed;
    return end;
  }
}

/** The signed number in at most four octets. */
export function signedAt(buffer: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 4) throw malformed;
  return buffer.readIntBE(start, length);
}

/** The number in at most five octets; undefined where it is negative or passes 2^32-1. */
export function unsignedAt(buffer: Buffer, start: number, end: number): number | undefined {
  const length = end - start;
  if (buffer[start]! >= 0x80 || (length === 5 && buffer[start] !== 0)) return undefined;
  return buffer.readUIntBE(start, length);
}

/** The number in at most nine octets; undefined where it is negative or passes 2^64-1. */
export function unsigned64At(buffer: Buffer, start: number, end: number): bigint | undefined {
  if (buffer[start]! >= 0x80 || (end - start === 9 && buffer[start] !== 0)) return undefined;
  return BigInt(`0x${buffer.toString('hex', start, end)}`);
}

/**
 * The sub-identifiers of a checked OID content into `into`, which must hold {@link maxSubIdentifiers}; returns their number.
 * X.690 8.19.4: the first octets hold 40 times the first arc plus the second.
 */
export function decodeOid(buffer: Buffer, start: number, end: number, into: Uint32Array): number {
  let count = 1;
  let value = 0;
  for (let position = start; position < end; position += 1) {
    const octet = buffer[position]!;
    value = value * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      into[count++] = value;
      value = 0;
    }
  }
  const joined = into[1]!;
  const root = joined < 40 ? 0 : joined < 80 ? 1 : 2;
  into[0] = root;
  into[1] = joined - 40 * root;
  return count;
}

/** The content octets of an OID: of all its sub-identifiers, or of those from `from` on, of which none is joined. */
export function encodeOid(arcs: ArrayLike<number>, from = 0): Buffer {
  const octets: number[] = [];
  let index = from;
  if (from === 0) {
    pushArc(octets, arcs.length > 1 ? arcs[0]! * 40 + arcs[1]! : (arcs[0] ?? 0) * 40);
    index = 2;
  }
  for (; index < arcs.length; index += 1) pushArc(octets, arcs[index]!);
  return Buffer.from(octets);
}

function pushArc(octets: number[], value: number): void {
  for (let shift = 28; shift > 0; shift -= 7) {
    const power = 2 ** shift;
    if (value >= power) octets.push(0x80 | (Math.floor(value / power) & 0x7f));
  }
  octets.push(value & 0x7f);
}

/** D4: one to 128 sub-identifiers of at most 2^32-1, without padding, the last one whole. */
function checkOid(buffer: Buffer, start: number, end: number): void {
  if (start >= end || buffer[end - 1]! >= 0x80) throw malformed;
  let count = 1;
  let value = 0;
  for (let position = start; position < end; position += 1) {
    const octet = buffer[position]!;
    if (value === 0 && octet === 0x80) throw malformed;
    value = value * 128 + (octet & 0x7f);
    if (value > 0xffffffff) throw malformed;
    if (octet < 0x80) {
      count += 1;
      value = 0;
    }
  }
  if (count > maxSubIdentifiers) throw malformed;
}

/** D3: lengths that the type can have. Unknown types are no SNMP (RFC 3416 section 3), but for those a SET refuses as wrongType. */
function checkValue(buffer: Buffer, type: number, start: number, end: number): void {
  const length = end - start;
  switch (type) {
    case tag.integer:
      if (length < 1 || length > 4) throw malformed;
      return;
    case tag.counter32:
    case tag.unsigned32:
    case tag.timeTicks:
      if (length < 1 || length > 5) throw malformed;
      return;
    case tag.counter64:
      if (length < 1 || length > 9) throw malformed;
      return;
    case tag.ipAddress:
      if (length !== 4) throw malformed;
      return;
    case tag.objectIdentifier:
      checkOid(buffer, start, end);
      return;
    case tag.null:
    case tag.noSuchObject:
    case tag.noSuchInstance:
    case tag.endOfMibView:
      if (length !== 0) throw malformed;
      return;
    case tag.octetString:
    case tag.opaque:
    case 0x03: // BIT STRING, NsapAddress and UInteger32 of earlier SMIs: a SET answers wrongType
    case 0x45:
    case 0x47:
      return;
    default:
      throw malformed;
  }
}

/** Octets of the three-octet length form, which is patched when a sequence is closed. */
const reserved = 3;

/** A module of ours gave what its type does not hold; nothing may be told in its place. */
function noNumber(value: number): never {
  throw new RangeError(`${String(value)} is no integer of 32 bits`);
}

/**
 * Writes forward. A sequence is opened with {@link begin} and closed with {@link end}; its length always takes the form
 * `82 hh ll`. `overflow` is set, and nothing written, where a value does not fit the buffer.
 */
export class BerWriter {
  readonly buffer = Buffer.allocUnsafe(70_000);
  position = 0;
  overflow = false;

  reset(): void {
    this.position = 0;
    this.overflow = false;
  }

  /** Opens an element; the returned mark is handed to {@link end}. */
  begin(type: number): number {
    const { buffer } = this;
    buffer[this.position] = type;
    buffer[this.position + 1] = 0x82;
    this.position += 1 + reserved;
    return this.position;
  }

  end(mark: number): void {
    const length = this.position - mark;
    this.buffer[mark - 2] = length >>> 8;
    this.buffer[mark - 1] = length & 0xff;
  }

  /** Opens a varbind, the length of which is one octet until it turns out to be longer. */
  beginShort(): number {
    this.buffer[this.position] = tag.sequence;
    this.position += 2;
    return this.position;
  }

  endShort(mark: number): void {
    const length = this.position - mark;
    if (length < 0x80) {
      this.buffer[mark - 1] = length;
      return;
    }
    this.buffer.copyWithin(mark + 2, mark, this.position);
    this.buffer[mark - 1] = 0x82;
    this.buffer[mark] = length >>> 8;
    this.buffer[mark + 1] = length & 0xff;
    this.position += 2;
  }

  null(type: number = tag.null): void {
    this.buffer[this.position] = type;
    this.buffer[this.position + 1] = 0;
    this.position += 2;
  }

  /** INTEGER in the fewest octets. */
  integer(value: number): void {
    const { buffer } = this;
    const length =
      value >= -0x80 && value < 0x80
        ? 1
        : value >= -0x8000 && value < 0x8000
          ? 2
          : value >= -0x800000 && value < 0x800000
            ? 3
            : value >= -0x80000000 && value < 0x80000000
              ? 4
              : noNumber(value);
    buffer[this.position] = tag.integer;
    buffer[this.position + 1] = length;
    buffer.writeIntBE(value, this.position + 2, length);
    this.position += 2 + length;
  }

  /** Counter32, Unsigned32 or TimeTicks. */
  unsigned(type: number, value: number): void {
    const { buffer } = this;
    const length =
      value < 0x80
        ? 1
        : value < 0x8000
          ? 2
          : value < 0x800000
            ? 3
            : value < 0x80000000
              ? 4
              : value < 0x100000000
                ? 5
                : noNumber(value);
    buffer[this.position] = type;
    buffer[this.position + 1] = length;
    buffer.writeUIntBE(value, this.position + 2, length);
    this.position += 2 + length;
  }

  counter64(value: bigint): void {
    let hex = value.toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    if (hex.charCodeAt(0) >= 0x38) hex = `00${hex}`;
    const length = hex.length / 2;
    this.buffer[this.position] = tag.counter64;
    this.buffer[this.position + 1] = length;
    this.buffer.write(hex, this.position + 2, length, 'hex');
    this.position += 2 + length;
  }

  octets(value: Uint8Array, type: number = tag.octetString): void {
    if (!this.#head(type, value.length)) return;
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  /** An OCTET STRING of UTF-8 text. */
  text(value: string): void {
    if (value.length < 0x40 && this.#shortText(value)) return;
    const length = Buffer.byteLength(value);
    if (!this.#head(tag.octetString, length)) return;
    this.position += this.buffer.write(value, this.position, length, 'utf8');
  }

  /** ASCII without a call out of the engine; false, and nothing written, where it is other text. */
  #shortText(value: string): boolean {
    const { buffer, position } = this;
    const { length } = value;
    if (position + length + 16 > buffer.length) return false;
    for (let at = 0; at < length; at += 1) {
      const unit = value.charCodeAt(at);
      if (unit >= 0x80) return false;
      buffer[position + 2 + at] = unit;
    }
    buffer[position] = tag.octetString;
    buffer[position + 1] = length;
    this.position = position + 2 + length;
    return true;
  }

  /** An OID from its content octets: a prefix, and what follows it. */
  oid(prefix: Uint8Array, suffix?: Uint8Array): void {
    const length = prefix.length + (suffix?.length ?? 0);
    if (!this.#head(tag.objectIdentifier, length)) return;
    this.buffer.set(prefix, this.position);
    this.position += prefix.length;
    if (suffix === undefined) return;
    this.buffer.set(suffix, this.position);
    this.position += suffix.length;
  }

  /** The OID of an instance: the content octets of its object's OID, and the index key of its row (0 for a scalar). */
  instance(prefix: Uint8Array, key: number | string): void {
    const { buffer } = this;
    buffer[this.position] = tag.objectIdentifier;
    const start = this.position + 2;
    this.position = start;
    buffer.set(prefix, this.position);
    this.position += prefix.length;
    if (typeof key === 'number') {
      this.#arc(key);
    } else {
      for (let at = 0; at < key.length; at += 2) this.#arc(key.charCodeAt(at) * 65_536 + key.charCodeAt(at + 1));
    }
    const length = this.position - start;
    if (length < 0x80) {
      buffer[start - 1] = length;
      return;
    }
    buffer.copyWithin(start + 2, start, this.position);
    buffer[start - 1] = 0x82;
    buffer[start] = length >>> 8;
    buffer[start + 1] = length & 0xff;
    this.position += 2;
  }

  #arc(value: number): void {
    const { buffer } = this;
    if (value >= 0x80) {
      if (value >= 0x4000) {
        if (value >= 0x200000) {
          if (value >= 0x10000000) buffer[this.position++] = 0x80 | (value >>> 28);
          buffer[this.position++] = 0x80 | ((value >>> 21) & 0x7f);
        }
        buffer[this.position++] = 0x80 | ((value >>> 14) & 0x7f);
      }
      buffer[this.position++] = 0x80 | ((value >>> 7) & 0x7f);
    }
    buffer[this.position++] = value & 0x7f;
  }

  /** Octets that are BER already. */
  raw(value: Uint8Array): void {
    if (this.position + value.length > this.buffer.length) {
      this.overflow = true;
      return;
    }
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  #head(type: number, length: number): boolean {
    const { buffer } = this;
    if (this.position + length + 16 > buffer.length) {
      this.overflow = true;
      return false;
    }
    buffer[this.position++] = type;
    if (length < 0x80) {
      buffer[this.position++] = length;
    } else if (length < 0x100) {
      buffer[this.position++] = 0x81;
      buffer[this.position++] = length;
    } else {
      buffer[this.position++] = 0x82;
      buffer[this.position++] = length >>> 8;
      buffer[this.position++] = length & 0xff;
    }
    return true;
  }
}
