/**
 * Addresses as InetAddressType and InetAddress (RFC 4001): a pair of objects beside the one that holds the address as text. Both are set
 * in one PDU, or neither.
 */
import type { LeafSchema, Value } from '../../yang/index.js';
import { ipv4Octets, ipv6Octets, ipv6Text } from './addresses.js';
import { signedAt, tag } from './ber.js';
import type { MibObject } from './model.js';
import { integerLike, octetLike, refused, type Syntax } from './syntax-forms.js';

/** InetAddressType: those that a YANG address can be. */
const types = { ipv4: 1, ipv6: 2, ipv4z: 3, ipv6z: 4 } as const;
/** Octets of an address and of the zone index behind it. */
const octetsOf: ReadonlyMap<number, number> = new Map([
  [types.ipv4, 4],
  [types.ipv6, 16],
  [types.ipv4z, 8],
  [types.ipv6z, 20],
]);

/** True for a leaf whose type is one of the addresses of ietf-inet-types. */
export function isInetAddress({ type }: LeafSchema): boolean {
  return type.typedefs.some(({ module, name }) => module.name === 'ietf-inet-types' && addresses.has(name));
}

const addresses: ReadonlySet<string> = new Set([
  'ip-address',
  'ip-address-no-zone',
  'ipv4-address',
  'ipv4-address-no-zone',
  'ipv6-address',
  'ipv6-address-no-zone',
]);

export const inetTypeSyntax: Syntax = integerLike('InetAddressType', 'INET-ADDRESS-MIB', tag.integer, '', 'none', {
  write: (writer, value) => writer.integer(Number(value)),
  read(buffer, start, end) {
    const value = signedAt(buffer, start, end);
    return octetsOf.has(value) ? { value } : refused('wrongValue');
  },
});

/** In memory base64. */
export const inetAddressSyntax: Syntax = octetLike(
  'InetAddress',
  'INET-ADDRESS-MIB',
  '(SIZE (4 | 8 | 16 | 20))',
  4,
  20,
  '',
  'none',
  {
    write: (writer, value) => writer.octets(Buffer.from(String(value), 'base64')),
    read(buffer, start, end) {
      const isLength = [...octetsOf.values()].includes(end - start);
      return isLength ? { value: buffer.toString('base64', start, end) } : refused('wrongLength');
    },
  },
);

/** What a text reads as in one of the pair; undefined where it has no form there, as with a zone that is a name. */
export function inetPart(kind: MibObject['kind'], text: string): Value | undefined {
  const [address, zone] = text.split('%') as [string, string?];
  if (zone !== undefined && (!/^\d{1,10}$/u.test(zone) || Number(zone) > 0xffffffff)) return undefined;
  const isIpv6 = address.includes(':');
  if (kind === 'inetType') {
    if (zone === undefined) return isIpv6 ? types.ipv6 : types.ipv4;
    return isIpv6 ? types.ipv6z : types.ipv4z;
  }
  const octets = isIpv6 ? ipv6Octets(address) : ipv4Octets(address);
  if (zone === undefined) return octets.toString('base64');
  const index = Buffer.alloc(4);
  index.writeUInt32BE(Number(zone));
  return Buffer.concat([octets, index]).toString('base64');
}

/** The text of octets that InetAddressType says the kind of; undefined where they do not fit. */
export function inetText(type: Value, octets: Buffer): string | undefined {
  return octetsOf.get(Number(type)) === octets.length ? textOf(octets) : undefined;
}

function textOf(octets: Buffer): string {
  const isIpv4 = octets.length <= 8;
  const size = isIpv4 ? 4 : 16;
  const address = isIpv4 ? octets.subarray(0, size).join('.') : ipv6Text(octets.subarray(0, size));
  return octets.length === size ? address : `${address}%${String(octets.readUInt32BE(size))}`;
}
