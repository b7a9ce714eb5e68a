/** Addresses and networks of senders. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** A network: an address and how many bits of it count. */
export interface Network {
  readonly address: string;
  readonly bits: number;
}

/** Of all bits where `bits` is undefined. A zone (`%eth0`) does not count. */
export function networkOf(address: string, bits?: number): Network {
  const plain = withoutZone(address);
  return { address: plain, bits: bits ?? (isIPv6(plain) ? 128 : 32) };
}

/** True where the sender's address lies in the network; one that is none does not. */
export function contains(network: Network, sender: string): boolean {
  const address = unmapped(withoutZone(sender));
  const family = isIPv6(network.address) ? 'ipv6' : 'ipv4';
  if (family === 'ipv6' ? !isIPv6(address) : !isIPv4(address) || !isIPv4(network.address)) return false;
  const list = new BlockList();
  list.addSubnet(network.address, Math.min(network.bits, family === 'ipv6' ? 128 : 32), family);
  return list.check(address, family);
}

/** Of what is known to be an address: the pattern of `isIPv6` takes 4 ms of a start to compile. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/u, '');
}

/** The IPv4 address that an IPv6 one stands for (RFC 4291 section 2.5.5.2). */
function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(address)?.[1] ?? address;
}

export function ipv4Octets(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Without a zone. The URL parser knows all spellings and writes one: hexadecimal groups, `::` once. */
export function ipv6Octets(address: string): Buffer {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head, tail] = plain.split('::').map((side) => side.split(':').filter(Boolean)) as [string[], string[]?];
  const missing = 8 - head.length - (tail?.length ?? 0);
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** As RFC 5952 writes it. */
export function ipv6Text(octets: Buffer): string {
  const groups = octets.toString('hex').match(/.{4}/gu) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
