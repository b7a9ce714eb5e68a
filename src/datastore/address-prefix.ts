/** The address without a zone; an IPv4 one that came in by a socket for both as what it is (RFC 4291 section 2.5.5.2). */
export function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=[0-9.]+$)/i, '');
}

/** The network that an address is counted under: IPv4 /24, IPv6 /56, as one subscriber commonly has. */
export function addressPrefix(address: string): string {
  const plain = plainAddress(address);
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(plain)) return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`;
  if (!plain.includes(':')) return 'local';
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16));
  const [a = 0, b = 0, c = 0, d = 0] = network;
  return `${[a, b, c, d & 0xff00].map((group) => group.toString(16)).join(':')}::/56`;
}
