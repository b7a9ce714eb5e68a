/**
 * The SMIv2 form of YANG types (RFC 2578, RFC 2579): how a value is written into a varbind and read from one, and what the MIB says
 * of it. Values cross only here.
 */
import type { BinaryType, BitsType, EnumerationType, IntegerType, Type } from '../../yang/index.js';
import { decodeOid, encodeOid, maxSubIdentifiers, signedAt, tag, unsigned64At, unsignedAt } from './ber.js';
import { bounds, inRanges, rangeText, sizeText, valueOfText } from './restrictions.js';
import { type Decoded, integerLike, type MibType, octetLike, refused, type Syntax } from './syntax-forms.js';
import { bitsOctets, bitsValue, dateAndTimeOctets, dateAndTimeText, isAscii } from './text.js';

export type { Decoded, MibType, Syntax } from './syntax-forms.js';
export * from './syntax-own.js';

/** The most characters that a leaf outside segment tables may have. */
const maxText = 255;

/**
 * The syntax of a type; undefined where a value can pass 255 octets, which needs segments. `config`: a writable leaf. `standard`: an
 * object of the IETF's, where numbers that fit Integer32 are INTEGER (sysServices).
 */
export function syntaxOf(type: Type, config: boolean, standard = false): Syntax | undefined {
  if (type.base === 'leafref') return syntaxOf(type.target.type, config, standard);
  const typedef = type.typedefs.map((each) => `${each.module.name}:${each.name}`).find((name) => wellKnown.has(name));
  const known = typedef === undefined ? undefined : wellKnown.get(typedef)!(type, config);
  if (known !== undefined) return known;
  switch (type.base) {
    case 'int8':
    case 'int16':
    case 'int32':
      return signedSyntax(type);
    case 'uint8':
    case 'uint16':
    case 'uint32':
      if (standard && type.base !== 'uint32') return signedSyntax(type);
      return unsignedSyntax(type, 'Unsigned32', tag.unsigned32);
    case 'uint64':
      return config ? decimalSyntax(type) : counter64Syntax();
    case 'int64':
    case 'decimal64':
      return decimalSyntax(type);
    case 'boolean':
      return truthValueSyntax;
    case 'empty':
      return emptySyntax;
    case 'enumeration':
      return enumerationSyntax(type);
    case 'bits':
      return bitsSyntax(type);
    case 'binary':
      return binarySyntax(type, standard ? 65_535 : maxText);
    case 'string': {
      const { min, max } = bounds(type.lengths);
      return max <= maxText ? textSyntax(type, min, max, isAscii(type)) : undefined;
    }
    case 'identityref': {
      const names = type.bases
        .flatMap((base) => [...base.derived])
        .map((each) => `${each.module.name}:${each.name}`.length);
      return textSyntax(type, 1, Math.min(maxText, Math.max(1, ...names)), true);
    }
    case 'instance-identifier':
      return undefined;
    case 'union':
      return unionSyntax(type, config);
  }
}

/** A text syntax with fewer octets. */
export function shortened(syntax: Syntax, maxOctets: number): Syntax {
  return { ...syntax, maxOctets, mib: { ...syntax.mib, restriction: sizeText(syntax.minOctets, maxOctets) } };
}

function signedSyntax(type: IntegerType): Syntax {
  const { min } = bounds(type.ranges);
  return integerLike('Integer32', 'SNMPv2-SMI', tag.integer, rangeText(type.ranges), min >= 0 ? 'integer' : 'none', {
    fromArc: (arc) => inRange(type, arc),
    write: (writer, value) => writer.integer(Number(value)),
    read: (buffer, start, end) => checked(type, signedAt(buffer, start, end)),
  });
}

function unsignedSyntax(type: IntegerType, base: string, berTag: number): Syntax {
  const restriction = base === 'Unsigned32' ? rangeText(type.ranges) : '';
  return integerLike(base, 'SNMPv2-SMI', berTag, restriction, 'integer', {
    fromArc: (arc) => inRange(type, arc),
    write: (writer, value) => writer.unsigned(berTag, Number(value)),
    read(buffer, start, end) {
      const value = unsignedAt(buffer, start, end);
      return value === undefined ? refused('wrongEncoding') : checked(type, value);
    },
  });
}

function counter64Syntax(): Syntax {
  return integerLike('Counter64', 'SNMPv2-SMI', tag.counter64, '', 'none', {
    write: (writer, value) => writer.counter64(BigInt(value as bigint)),
    read(buffer, start, end) {
      const value = unsigned64At(buffer, start, end);
      return value === undefined ? refused('wrongEncoding') : { value };
    },
  });
}

export const truthValueSyntax: Syntax = integerLike('TruthValue', 'SNMPv2-TC', tag.integer, '', 'integer', {
  toArc: (value) => (value === true ? 1 : 2),
  fromArc: (arc) => (arc === 1 || arc === 2 ? arc === 1 : undefined),
  write: (writer, value) => writer.integer(value === true ? 1 : 2),
  read(buffer, start, end) {
    const value = signedAt(buffer, start, end);
    return value === 1 || value === 2 ? { value: value === 1 } : refused('wrongValue');
  },
});

/** A leaf of type empty is there or not; writing false removes nothing, so it is refused. */
const emptySyntax: Syntax = integerLike('TruthValue', 'SNMPv2-TC', tag.integer, '', 'none', {
  write: (writer) => writer.integer(1),
  read: (buffer, start, end) => (signedAt(buffer, start, end) === 1 ? { value: null } : refused('wrongValue')),
});

function enumerationSyntax(type: EnumerationType): Syntax {
  const numbers = new Map(type.enums.map((each) => [each.name, each.value]));
  const names = new Map(type.enums.map((each) => [each.value, each.name]));
  const negative = type.enums.some((each) => each.value < 0);
  const syntax = integerLike('INTEGER', '', tag.integer, '', negative ? 'none' : 'integer', {
    toArc: (value) => numbers.get(String(value)) ?? 0,
    fromArc: (arc) => names.get(arc),
    write: (writer, value) => writer.integer(numbers.get(String(value)) ?? 0),
    read(buffer, start, end) {
      const value = names.get(signedAt(buffer, start, end));
      return value === undefined ? refused('wrongValue') : { value };
    },
  });
  return { ...syntax, mib: { ...syntax.mib, labels: labelsOf(type.enums.map((each) => [each.name, each.value])) } };
}

function bitsSyntax(type: Type & { readonly base: 'bits' }): Syntax {
  const syntax = octetLike('BITS', '', '', 0, maxText, '', 'none', {
    write: (writer, value) => writer.octets(bitsOctets(type, String(value))),
    read(buffer, start, end) {
      const value = bitsValue(type, buffer.subarray(start, end));
      return value === undefined ? refused('wrongValue') : { value };
    },
  });
  return { ...syntax, mib: { ...syntax.mib, labels: bitLabels(type) } };
}

/** RFC 2578 section 7.1.4: the first bit has a name. */
function bitLabels({ bits }: BitsType): MibType['labels'] {
  const named = bits.map((bit) => [bit.name, bit.position] as const);
  return labelsOf(named.some(([, position]) => position === 0) ? named : [...named, ['unused', 0]]);
}

function binarySyntax(type: BinaryType, most: number): Syntax | undefined {
  const { min, max } = bounds(type.lengths);
  if (max > most) return undefined;
  return octetLike('OCTET STRING', '', sizeText(min, max), min, max, '', 'none', {
    write: (writer, value) => writer.octets(Buffer.from(String(value), 'base64')),
    read(buffer, start, end) {
      if (!inRanges(type.lengths, BigInt(end - start))) return refused('wrongLength');
      return { value: buffer.toString('base64', start, end) };
    },
  });
}

/** Text in UTF-8. Where characters may take several octets the size says so. */
function textSyntax(type: Type, min: number, max: number, ascii: boolean): Syntax {
  const maxOctets = ascii ? max : max * 4;
  const hint = ascii ? '255a' : `${String(Math.max(255, maxOctets))}t`;
  const syntax = octetLike('OCTET STRING', '', sizeText(min, maxOctets), min, maxOctets, hint, 'string', {
    write: (writer, value) => writer.text(value === null ? '' : String(value)),
    read(buffer, start, end) {
      if (end - start < min || end - start > maxOctets) return refused('wrongLength');
      const octets = buffer.subarray(start, end);
      const value = octets.toString('utf8');
      if (!Buffer.from(value).equals(octets)) return refused('wrongEncoding');
      if (type.base === 'string' && !inRanges(type.lengths, BigInt([...value].length))) return refused('wrongLength');
      return read(type, value);
    },
  });
  return { ...syntax, maxCharacters: max };
}

function read(type: Type, text: string): Decoded {
  const value = valueOfText(type, text);
  return value === undefined ? refused('wrongValue') : { value };
}

/** int64, decimal64 and writable uint64: the decimal digits as text. */
function decimalSyntax(type: Type): Syntax {
  return octetLike('OCTET STRING', '', sizeText(1, 21), 1, 21, '255a', 'none', {
    write: (writer, value) => writer.text(String(value)),
    read(buffer, start, end) {
      if (end - start < 1 || end - start > 21) return refused('wrongLength');
      return read(type, buffer.toString('latin1', start, end));
    },
  });
}

/** A union is its members' text where all of them have one of bounded length. */
function unionSyntax(type: Type & { readonly base: 'union' }, config: boolean): Syntax | undefined {
  const members = type.members.map((member) => syntaxOf(member, config));
  if (members.some((member) => member === undefined)) return undefined;
  const max = Math.max(...members.map((member) => (member!.index === 'string' ? member!.maxCharacters : 64)));
  return { ...textSyntax(type, 0, Math.min(max, maxText), false), index: 'none' };
}

const dateAndTime: Known = (type) =>
  octetLike('DateAndTime', 'SNMPv2-TC', '', 8, 11, '', 'none', {
    write(writer, value) {
      writer.octets(dateAndTimeOctets(String(value)) ?? Buffer.alloc(8));
    },
    read(buffer, start, end) {
      if (end - start !== 8 && end - start !== 11) return refused('wrongLength');
      const text = dateAndTimeText(buffer.subarray(start, end));
      return text === undefined ? refused('wrongValue') : read(type, text);
    },
  });

const objectIdentifier: Known = (type) =>
  integerLike('OBJECT IDENTIFIER', '', tag.objectIdentifier, '', 'none', {
    write: (writer, value) => writer.oid(encodeOid(String(value).split('.').map(Number))),
    read(buffer, start, end) {
      const arcs = new Uint32Array(maxSubIdentifiers);
      const count = decodeOid(buffer, start, end, arcs);
      return read(type, arcs.subarray(0, count).join('.'));
    },
  });

type Known = (type: Type, config: boolean) => Syntax | undefined;
const boundedText =
  (max: number): Known =>
  (type) => ({ ...textSyntax(type, 0, max, true), index: 'none' });
const readOnlyUnsigned =
  (base: string, berTag: number): Known =>
  (type, config) =>
    config && base.startsWith('Counter') ? undefined : unsignedSyntax(type as IntegerType, base, berTag);

/** Typedefs with a counterpart in SMIv2, and those whose text is short though no length says so. */
const wellKnown: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['ietf-yang-types:counter32', readOnlyUnsigned('Counter32', tag.counter32)],
  ['ietf-yang-types:gauge32', readOnlyUnsigned('Gauge32', tag.unsigned32)],
  ['ietf-yang-types:timeticks', readOnlyUnsigned('TimeTicks', tag.timeTicks)],
  ['ietf-yang-types:date-and-time', dateAndTime],
  ['ietf-yang-types:object-identifier', objectIdentifier],
  ['ietf-inet-types:ip-address', boundedText(maxText)],
  ['ietf-inet-types:ipv4-address', boundedText(maxText)],
  ['ietf-inet-types:ipv6-address', boundedText(maxText)],
  ['ietf-inet-types:ip-prefix', boundedText(64)],
  ['ietf-inet-types:ipv4-prefix', boundedText(64)],
  ['ietf-inet-types:ipv6-prefix', boundedText(64)],
  ['ietf-yang-types:mac-address', boundedText(17)],
  ['ietf-yang-types:uuid', boundedText(36)],
]);

/** Labels by ascending number. The first name in the module's order has its label, others of the same get a number behind it. */
function labelsOf(named: readonly (readonly [name: string, number: number])[]): MibType['labels'] {
  const taken = new Set<string>();
  const claim = (name: string): string => {
    const own = label(name);
    let free = own;
    for (let suffix = 2; taken.has(free); suffix += 1) free = `${own.slice(0, maxLabel - 5)}${String(suffix)}`;
    taken.add(free);
    return free;
  };
  return named.map(([name, number]) => [claim(name), number] as const).toSorted(([, a], [, b]) => a - b);
}

/** RFC 2578 section 7.1.1. */
const maxLabel = 64;

/** `self-signed` -> `selfSigned`: RFC 2578 section 7.1.1 allows letters and digits, the first a small letter. */
function label(name: string): string {
  const joined = name.replace(/[^A-Za-z0-9]+([A-Za-z0-9])?/gu, (_, next: string | undefined) =>
    (next ?? '').toUpperCase(),
  );
  const first = joined.slice(0, 1).toLowerCase();
  return (/^[a-z]/u.test(first) ? first + joined.slice(1) : `v${joined}`).slice(0, maxLabel);
}

function checked(type: IntegerType, value: number): Decoded {
  return inRange(type, value) === undefined ? refused('wrongValue') : { value };
}

function inRange(type: IntegerType, value: number): number | undefined {
  return inRanges(type.ranges, BigInt(value)) ? value : undefined;
}
