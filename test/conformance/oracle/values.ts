/** Lexical values that a type takes, and such as lie on the border of what it takes. */
import fc from 'fast-check';
import { type IntegerType, parseValue, type Schema, type Type, type Value } from '../../../src/yang/index.js';
import type { Decimal64Type, RangeRestriction } from '../../../src/yang/types.js';
import type { Random } from './random.js';

/** A value of the type, or undefined where none was found. Leafrefs take values of their target's type. */
export function arbitraryValue(schema: Schema, type: Type, random: Random): Value | undefined {
  const accepted = acceptedTexts(schema, type).map((text) => read(schema, type, text)!);
  return accepted.length === 0 ? undefined : random.pick(accepted);
}

/** Texts on both sides of the type's borders, and of other types. */
export function borderTexts(schema: Schema, type: Type): readonly string[] {
  return [...candidates(schema, type), ...borders(type), ...oddities];
}

function acceptedTexts(schema: Schema, type: Type): readonly string[] {
  let texts = memo.get(type);
  if (texts === undefined) {
    texts = [...new Set(candidates(schema, type))].filter((text) => read(schema, type, text) !== undefined);
    memo.set(type, texts);
  }
  return texts;
}

function read(schema: Schema, type: Type, text: string): Value | undefined {
  try {
    return parseValue(type, text, {
      schema,
      form: 'json',
      resolvePrefix: (prefix) => schema.modules.get(prefix),
    });
  } catch {
    return undefined;
  }
}

function candidates(schema: Schema, type: Type): readonly string[] {
  switch (type.base) {
    case 'leafref':
      return candidates(schema, type.target.type);
    case 'union':
      return type.members.flatMap((member) => candidates(schema, member));
    case 'boolean':
      return ['true', 'false'];
    case 'empty':
      return [''];
    case 'enumeration':
      return type.enums.map(({ name }) => name);
    case 'bits': {
      const names = type.bits.map(({ name }) => name);
      return ['', ...names, names.join(' ')];
    }
    case 'identityref':
      return [...type.bases[0]!.derived]
        .filter((each) => type.bases.every((base) => base.derived.has(each)) && each.module.implemented)
        .map((each) => `${each.module.name}:${each.name}`);
    case 'instance-identifier':
      return schema.root.dataChildren.filter(({ kind }) => kind === 'container').map(({ path }) => path);
    case 'binary':
      return [
        '',
        'AA==',
        'AAEC',
        'c2lnbmV0',
        ...[4, 8, 16, 20, 32].map((size) => Buffer.alloc(size, 7).toString('base64')),
      ];
    case 'string': {
      if (type.typedefs.some(({ name }) => name === 'xpath1.0')) return ['/'];
      const lengths = type.lengths.flatMap(({ parts }) => parts.flatMap(({ min, max }) => [min, max]));
      const padded = lengths.filter((length) => length <= 300n).map((length) => 'a'.repeat(Number(length)));
      const plain = [...samples, ...padded];
      if (plain.some((text) => read(schema, type, text) !== undefined)) return plain;
      // Only where no natural text fits: a pattern may take what the type's description does not mean.
      return type.patterns.filter(({ invert }) => !invert).flatMap(({ text }) => matching(text));
    }
    default:
      return numbers(type).map(({ inside }) => inside);
  }
}

function borders(type: Type): readonly string[] {
  switch (type.base) {
    case 'leafref':
      return borders(type.target.type);
    case 'union':
      return type.members.flatMap(borders);
    case 'enumeration':
      return type.enums.flatMap(({ name }) => [` ${name}`, name.toUpperCase(), `${name}x`]);
    case 'bits':
      return type.bits.flatMap(({ name }) => [`${name} ${name}`, ` ${name}  `, `${name},`]);
    case 'string': {
      const lengths = type.lengths.flatMap(({ parts }) => parts.flatMap(({ min, max }) => [min - 1n, max + 1n]));
      return lengths.filter((length) => length >= 0n && length <= 70_000n).map((length) => 'a'.repeat(Number(length)));
    }
    case 'binary':
      return ['A', 'AA', 'AA=', 'A A = =', '????', 'AAEC\nAAEC'];
    case 'identityref':
      return ['nosuch', 'nosuch:nosuch', type.bases[0]!.name];
    case 'boolean':
      return ['TRUE', '1', ' true '];
    case 'empty':
      return [' ', 'x'];
    case 'instance-identifier':
      return ['/', '/nosuch:x', 'a/b', '/*'];
    default:
      return numbers(type).flatMap(({ outside }) => outside);
  }
}

/** The ends of each range in decimal, and what lies just beyond them. */
function numbers(
  type: IntegerType | Decimal64Type,
): readonly { readonly inside: string; readonly outside: readonly string[] }[] {
  const digits = type.base === 'decimal64' ? type.fractionDigits : 0;
  const write = (units: bigint): string => {
    if (digits === 0) return String(units);
    const text = String(units < 0n ? -units : units).padStart(digits + 1, '0');
    return `${units < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`;
  };
  const parts = (type.ranges[0] as RangeRestriction).parts;
  return parts.flatMap(({ min, max }) => {
    const outside = [
      write(min - 1n),
      write(max + 1n),
      `+${write(max)}`,
      `0${write(max)}`,
      `${write(max)}.`,
      '1e3',
      '0x10',
      '1.55555555555555555555',
    ];
    return [min, max, (min + max) / 2n, min + 1n <= max ? min + 1n : min].map((each) => ({
      inside: write(each),
      outside,
    }));
  });
}

/** Texts that match an XSD pattern, where it can be read as one of JavaScript. */
function matching(pattern: string): readonly string[] {
  try {
    return fc.sample(fc.stringMatching(new RegExp(`^(?:${pattern})$`)), { numRuns: 12, seed: 1 });
  } catch {
    return [];
  }
}

const samples = [
  'a',
  'abc',
  'Ab-1.x_',
  'x y',
  '',
  '1',
  '0.5',
  '192.0.2.7',
  '192.0.2.0/24',
  '2001:db8::7',
  '2001:db8::/32',
  '1.2.3.4.5',
  'host.example.net',
  'https://example.net/a?b#c',
  '2026-11-26T12:00:00Z',
  '2026-11-26T12:00:00+01:00',
  '2026-11-26',
  '12:00:00',
  '12:00:00Z',
  '00:11:22:33:44:55',
  '0a:1b',
  '00-11-22-33-44-55',
  'urn:example:x',
  '550e8400-e29b-41d4-a716-446655440000',
  '*',
  '/',
  '$0$secret',
  '1:2',
  'en',
  'Etc/UTC',
  'default',
  '80:00:7e:d9:05:01:02:03',
  'web.example.net',
  'signature',
] as const;

const oddities = [
  '',
  ' ',
  'x',
  '-1',
  '0',
  '18446744073709551616',
  'ä',
  '<&>',
  '\u{1f600}',
  'true',
  'a\nb',
  '  a  ',
] as const;

/** A memo of pure functions of a type. */
const memo = new WeakMap<Type, readonly string[]>();
