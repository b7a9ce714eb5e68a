/** Syntaxes of objects that no YANG type stands behind: RowStatus, StorageType, TestAndIncr (RFC 2579) and what jobs have. */
import { signedAt, tag, unsignedAt } from './ber.js';
import { sizeText } from './restrictions.js';
import { integerLike, number, octetLike, refused, type Syntax } from './syntax-forms.js';

/** RFC 2579 RowStatus. */
export const rowStatus = {
  active: 1,
  notInService: 2,
  notReady: 3,
  createAndGo: 4,
  createAndWait: 5,
  destroy: 6,
} as const;

/** The row number of tables whose keys cannot stand in an OID. */
export const rowNumberSyntax: Syntax = integerLike(
  'Unsigned32',
  'SNMPv2-SMI',
  tag.unsigned32,
  '(1..4294967295)',
  'integer',
  {
    write: (writer, value) => writer.unsigned(tag.unsigned32, Number(value)),
    read: (buffer, start, end) => number(unsignedAt(buffer, start, end)),
  },
);

export const rowStatusSyntax: Syntax = integerLike('RowStatus', 'SNMPv2-TC', tag.integer, '', 'none', {
  write: (writer, value) => writer.integer(Number(value)),
  read(buffer, start, end) {
    const value = signedAt(buffer, start, end);
    return value >= rowStatus.active && value <= rowStatus.destroy && value !== rowStatus.notReady
      ? { value }
      : refused('wrongValue');
  },
});

/** RFC 2579 StorageType: everything is nonVolatile. */
export const nonVolatile = 3;

export const storageTypeSyntax: Syntax = integerLike('StorageType', 'SNMPv2-TC', tag.integer, '', 'none', {
  write: (writer, value) => writer.integer(Number(value)),
  read(buffer, start, end) {
    const value = signedAt(buffer, start, end);
    return value >= 1 && value <= 5 ? { value } : refused('wrongValue');
  },
});

/** RFC 2579 TestAndIncr. */
export const testAndIncrSyntax: Syntax = integerLike('TestAndIncr', 'SNMPv2-TC', tag.integer, '', 'none', {
  write: (writer, value) => writer.integer(Number(value)),
  read(buffer, start, end) {
    const value = signedAt(buffer, start, end);
    return value >= 0 ? { value } : refused('wrongValue');
  },
});

/** The number of another row; 0 for none. */
export const afterSyntax: Syntax = {
  ...rowNumberSyntax,
  mib: { ...rowNumberSyntax.mib, restriction: '(0..4294967295)' },
  index: 'none',
};

/** Takes the sub-identifier of what shall go; reads as 0. */
export const unsetSyntax: Syntax = integerLike('Unsigned32', 'SNMPv2-SMI', tag.unsigned32, '', 'none', {
  write: (writer, value) => writer.unsigned(tag.unsigned32, Number(value)),
  read: (buffer, start, end) => number(unsignedAt(buffer, start, end)),
});

/** Who a job is for: text that a manager chooses. */
export const ownerSyntax: Syntax = { ...plainTextSyntax(1, 32), index: 'string' };

export const shortTextSyntax: Syntax = plainTextSyntax(0, 255);

/** Where a job stands. */
export const jobStateSyntax: Syntax = enumerationOf([
  ['running', 1],
  ['done', 2],
  ['failed', 3],
]);

/** Octets of any value; in memory base64. */
export function octetsSyntax(min: number, max: number): Syntax {
  return octetLike('OCTET STRING', '', sizeText(min, max), min, max, '', 'none', {
    write: (writer, value) => writer.octets(Buffer.from(String(value), 'base64')),
    read(buffer, start, end) {
      if (end - start < min || end - start > max) return refused('wrongLength');
      return { value: buffer.toString('base64', start, end) };
    },
  });
}

function enumerationOf(labels: readonly (readonly [name: string, number: number])[]): Syntax {
  const numbers = new Map(labels);
  const syntax = integerLike('INTEGER', '', tag.integer, '', 'none', {
    write: (writer, value) => writer.integer(numbers.get(String(value)) ?? 0),
    read: () => refused('wrongValue'),
  });
  return { ...syntax, mib: { ...syntax.mib, labels } };
}

/** Text in UTF-8 whose octets are counted. */
function plainTextSyntax(min: number, max: number): Syntax {
  return octetLike('OCTET STRING', '', sizeText(min, max), min, max, '255t', 'none', {
    write: (writer, value) => writer.octets(cutText(String(value), max)),
    read(buffer, start, end) {
      if (end - start < min || end - start > max) return refused('wrongLength');
      const octets = buffer.subarray(start, end);
      const value = octets.toString('utf8');
      return Buffer.from(value).equals(octets) ? { value } : refused('wrongEncoding');
    },
  });
}

/** Whole characters only. */
function cutText(text: string, max: number): Buffer {
  let octets = Buffer.from(text);
  while (octets.length > max)
    octets = Buffer.from(
      octets
        .subarray(0, max)
        .toString('utf8')
        .replace(/\uFFFD$/u, '')
        .slice(0, max),
    );
  return octets;
}
