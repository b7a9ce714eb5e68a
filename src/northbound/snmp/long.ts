/**
 * Values that can pass 255 octets. The leaf's own object holds the SHA-256 of the value, a table beside it the octets in segments: text in
 * UTF-8, binary as it is. Writing the digest of the segments that were written commits them.
 */
import { createHash } from 'node:crypto';
import { ConfigError } from '../../error.js';
import {
  jsonContext,
  type LeafListSchema,
  type LeafSchema,
  type ListSchema,
  type OperationSchema,
  parseValue,
  type Schema,
  type Type,
  type Value,
} from '../../yang/index.js';
import { decodeEntries, type EntriesSchema } from './entries.js';
import { type Decoded, octetsSyntax, type Syntax } from './syntax.js';

/** Octets of one segment: with SNMPv3's header and a long name a message stays below 1 472. */
export const segmentSize = 1000;
/** Octets of a whole value that SNMP takes. */
export const maxLongValue = 2 * 1024 * 1024;

export const segmentSyntax: Syntax = octetsSyntax(0, segmentSize);

/** Written as the digest of the value itself; read as base64 of the 32 octets that a manager gave. */
export function digestSyntax(codec: LongCodec): Syntax {
  const octets = octetsSyntax(32, 32);
  return {
    ...octets,
    write: (writer, value) => writer.octets(digestOf(codec.octets(value))),
  };
}

export function digestOf(octets: Buffer): Buffer {
  return createHash('sha256').update(octets).digest();
}

type LongSchema = LeafSchema | LeafListSchema | ListSchema | OperationSchema;

/** Between the value of one leaf and its octets. */
export class LongCodec {
  readonly #leaf: LongSchema;
  readonly #entries: EntriesSchema | undefined;
  readonly #schema: Schema;
  /** The last one: segments of one value are read one after the other. */
  #last: { readonly value: Value; readonly octets: Buffer } | undefined;

  /** For an operation: the text of its result; for `entries` among its inputs: the text of the whole list. */
  constructor(schema: Schema, leaf: LongSchema, entries?: EntriesSchema) {
    this.#schema = schema;
    this.#leaf = leaf;
    this.#entries = entries;
  }

  octets(value: Value): Buffer {
    if (this.#last?.value === value) return this.#last.octets;
    const isText = this.#entries !== undefined || !('type' in this.#leaf) || !isBinary(this.#leaf.type);
    const octets = Buffer.from(String(value), isText ? 'utf8' : 'base64');
    this.#last = { value, octets };
    return octets;
  }

  value(octets: Buffer): Decoded {
    if (this.#entries !== undefined) return this.#entriesValue(this.#entries, octets);
    if (!('type' in this.#leaf)) return { refusal: 'wrongValue' };
    const { type, module } = this.#leaf;
    const text = isBinary(type) ? octets.toString('base64') : octets.toString('utf8');
    if (!isBinary(type) && !Buffer.from(text).equals(octets)) return { refusal: 'wrongEncoding' };
    try {
      return { value: parseValue(type, text, jsonContext(this.#schema, module)) };
    } catch (error) {
      if (error instanceof ConfigError) return { refusal: 'wrongValue' };
      throw error;
    }
  }

  #entriesValue(entries: EntriesSchema, octets: Buffer): Decoded {
    const text = octets.toString('utf8');
    if (!Buffer.from(text).equals(octets)) return { refusal: 'wrongEncoding' };
    try {
      decodeEntries(this.#schema, entries, text);
      return { value: text };
    } catch (error) {
      if (error instanceof ConfigError) return { refusal: 'wrongValue' };
      throw error;
    }
  }
}

function isBinary(type: Type): boolean {
  return type.base === 'leafref' ? isBinary(type.target.type) : type.base === 'binary';
}
