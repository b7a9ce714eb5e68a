/** What a syntax is (RFC 2578 section 7): between a value in memory, a varbind, an OID and the text of a MIB module. */
import type { Value } from '../../yang/index.js';
import { type BerWriter, tag } from './ber.js';

/** Why a value in a SET is refused (RFC 3416 section 4.2.5 steps 3 to 6). */
export type ValueRefusal = 'wrongType' | 'wrongLength' | 'wrongEncoding' | 'wrongValue';

export type Decoded = { readonly value: Value } | { readonly refusal: ValueRefusal };

/** What the MIB module says of a syntax. */
export interface MibType {
  /** The base or textual convention: `Integer32`, `OCTET STRING`, `TruthValue`. */
  readonly base: string;
  /** Where it comes from, for IMPORTS; '' for what is built in. */
  readonly from: '' | 'SNMPv2-SMI' | 'SNMPv2-TC' | 'INET-ADDRESS-MIB';
  /** Range or size with its parentheses, or ''. */
  readonly restriction: string;
  /** INTEGER and BITS: labels with their numbers. */
  readonly labels: readonly (readonly [label: string, number: number])[];
  readonly displayHint: string;
}

/** How the value stands in an instance's OID (RFC 2578 section 7.7): as one number, text, octets (base64 in memory), an OID; 'none' where it may not. */
export type IndexForm = 'integer' | 'string' | 'octets' | 'oid' | 'none';

export interface Syntax {
  readonly tag: number;
  readonly mib: MibType;
  readonly index: IndexForm;
  /** 'string', 'octets': the fewest and the most octets; 'string': the most characters; 'oid': the same of sub-identifiers. */
  readonly minOctets: number;
  readonly maxOctets: number;
  readonly maxCharacters: number;
  /** 'integer': the sub-identifier of a value, and the value of a sub-identifier. */
  toArc(value: Value): number;
  fromArc(arc: number): Value | undefined;
  write(writer: BerWriter, value: Value): void;
  /** From the content octets of a value whose tag is this syntax's. */
  read(buffer: Buffer, start: number, end: number): Decoded;
}

export type Codec = Pick<Syntax, 'write' | 'read'> & Partial<Pick<Syntax, 'toArc' | 'fromArc'>>;

export function integerLike(
  base: string,
  from: MibType['from'],
  berTag: number,
  restriction: string,
  index: IndexForm,
  codec: Codec,
): Syntax {
  return {
    tag: berTag,
    mib: { base, from, restriction, labels: [], displayHint: '' },
    index,
    minOctets: 1,
    maxOctets: 1,
    maxCharacters: 1,
    toArc: Number,
    fromArc: (arc) => arc,
    ...codec,
  };
}

export function octetLike(
  base: string,
  from: MibType['from'],
  restriction: string,
  minOctets: number,
  maxOctets: number,
  displayHint: string,
  index: IndexForm,
  codec: Codec,
): Syntax {
  return {
    tag: tag.octetString,
    mib: { base, from, restriction, labels: [], displayHint },
    index,
    minOctets,
    maxOctets,
    maxCharacters: maxOctets,
    toArc: Number,
    fromArc: () => undefined,
    ...codec,
  };
}

export function number(value: number | undefined): Decoded {
  return value === undefined ? refused('wrongEncoding') : { value };
}

export function refused(refusal: ValueRefusal): Decoded {
  return { refusal };
}
