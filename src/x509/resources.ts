/**
 * Number resources (RFC 3779): IP addresses and autonomous systems that a certificate claims must be among its issuer's.
 * They belong to routing; a chain of a TLS client or server that has them is still held to them.
 */

import type { Certificate } from './certificate.js';
import { type DerNode, expectTag, isContext, readDer, readInteger, readOctets, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { type ChainFinding, error, titled } from './findings.js';
import { extensionOids } from './oids.js';

/** RFC 3779 2.3 and 3.3: each claim lies within the next one up. A chain whose first certificate claims nothing passes. */
export function resourceFindings(chain: readonly Certificate[]): ChainFinding[] {
  return [
    ...claimFindings(chain, extensionOids.ipAddressBlocks, readAddressBlocks),
    ...claimFindings(chain, extensionOids.autonomousSystems, readSystems),
  ];
}

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

/** By family: its ranges, in order, or `inherit` for whatever the issuer has. */
type Claim = ReadonlyMap<string, readonly Range[] | 'inherit'>;

function claimFindings(chain: readonly Certificate[], oid: string, read: (node: DerNode) => Claim): ChainFinding[] {
  if (chain[0]?.extensions.has(oid) !== true) return [];
  let claim: Claim = new Map();
  for (const [position, certificate] of chain.entries()) {
    const name = titled(certificate, position);
    try {
      const extension = certificate.extensions.get(oid);
      const own = extension === undefined ? undefined : read(readDer(extension.value));
      const next = position === 0 ? own : within(claim, own);
      if (next === undefined) {
        return [
          error('resources', `${name} does not hold the addresses or systems that are claimed below it`, position),
        ];
      }
      claim = next;
      if (position > 0 && position === chain.length - 1 && [...(own?.values() ?? [])].includes('inherit')) {
        return [error('resources', `${name} inherits addresses or systems from nobody`, position)];
      }
    } catch (thrown) {
      if (!(thrown instanceof X509Error)) throw thrown;
      return [error('resources', `${name} has damaged addresses or systems: ${thrown.message}`, position)];
    }
  }
  return [];
}

/** What the next issuer up must hold; undefined where this issuer does not hold the claim. */
function within(claim: Claim, issuer: Claim | undefined): Claim | undefined {
  const next = new Map<string, readonly Range[] | 'inherit'>();
  for (const [family, ranges] of claim) {
    const held = issuer?.get(family);
    if (held === undefined) {
      if (ranges !== 'inherit') return undefined;
      next.set(family, ranges);
    } else if (held === 'inherit') next.set(family, ranges);
    else if (ranges === 'inherit' || ranges.every((range) => contains(held, range))) next.set(family, held);
    else return undefined;
  }
  return next;
}

function contains(ranges: readonly Range[], { min, max }: Range): boolean {
  let [low, high] = [0, ranges.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ranges[middle]!.min <= min) low = middle;
    else high = middle - 1;
  }
  const found = ranges[low];
  return found !== undefined && found.min <= min && max <= found.max;
}

function readAddressBlocks(node: DerNode): Claim {
  const claim = new Map<string, readonly Range[] | 'inherit'>();
  let last = '';
  for (const entry of expectTag(node, tags.sequence, 'IP address blocks').children) {
    const [familyNode, choice] = expectTag(entry, tags.sequence, 'address family').children;
    const family = readOctets(familyNode, 'address family').toString('hex');
    const bits = addressBits[family.slice(0, 4)];
    if (bits === undefined || family.length > 6) throw malformed('an address family that is neither IPv4 nor IPv6');
    // RFC 3779 2.2.3.3: sorted, each once.
    if (family <= last) throw malformed('address families are not in order');
    last = family;
    claim.set(
      family,
      readChoice(choice, (each) => readAddresses(each, bits)),
    );
  }
  return claim;
}

function readSystems(node: DerNode): Claim {
  const claim = new Map<string, readonly Range[] | 'inherit'>();
  for (const [tag, name] of [[0, 'asnum'] as const, [1, 'rdi'] as const]) {
    const wrapped = expectTag(node, tags.sequence, 'autonomous systems').children.find((part) => isContext(part, tag));
    if (wrapped !== undefined) claim.set(name, readChoice(wrapped.children[0], readSystem));
  }
  return claim;
}

function readChoice(node: DerNode | undefined, read: (node: DerNode) => Range): readonly Range[] | 'inherit' {
  if (node?.tagClass === 0 && node.tag === tags.null) return 'inherit';
  const ranges = expectTag(node, tags.sequence, 'addresses or systems').children.map(read);
  if (ranges.length === 0) throw malformed('a list is empty');
  for (const [index, { min, max }] of ranges.entries()) {
    const before = ranges[index - 1];
    // RFC 3779 2.2.3.6 and 3.2.3.4: in order, without overlap, and what touches is one range.
    if (min > max || (before !== undefined && before.max + 1n >= min)) throw malformed('ranges are not in order');
  }
  return ranges;
}

function readAddresses(node: DerNode, bits: number): Range {
  if (node.tagClass === 0 && node.tag === tags.bitString) return readPrefix(node, bits, node);
  const [min, max] = expectTag(node, tags.sequence, 'address range').children;
  const range = readPrefix(min, bits, max);
  const size = range.max - range.min + 1n;
  // RFC 3779 2.2.3.7: what can be written as a prefix must be.
  if (size > 0n && (size & (size - 1n)) === 0n && (range.min & (size - 1n)) === 0n) {
    throw malformed('a range that is a prefix');
  }
  return range;
}

/** The lowest address of the one bit string and the highest of the other: bits that are left out are 0, or 1. */
function readPrefix(low: DerNode | undefined, bits: number, high: DerNode | undefined): Range {
  const [first, last] = [prefixBits(low, bits), prefixBits(high, bits)];
  const free = BigInt(bits - last.length);
  return {
    min: first.value << BigInt(bits - first.length),
    max: ((last.value + 1n) << free) - 1n,
  };
}

function prefixBits(node: DerNode | undefined, bits: number): { value: bigint; length: number } {
  const { content, constructed } = expectTag(node, tags.bitString, 'address');
  const unused = content[0] ?? 8;
  const length = (content.length - 1) * 8 - unused;
  if (constructed || unused > 7 || length < 0 || length > bits) throw malformed('an address has a wrong length');
  const whole = content.length === 1 ? 0n : BigInt(`0x${content.subarray(1).toString('hex')}`);
  return { value: whole >> BigInt(unused), length };
}

function readSystem(node: DerNode): Range {
  if (node.tagClass === 0 && node.tag === tags.integer) {
    const value = systemNumber(node);
    return { min: value, max: value };
  }
  const [min, max] = expectTag(node, tags.sequence, 'range of systems').children;
  return { min: systemNumber(min), max: systemNumber(max) };
}

function systemNumber(node: DerNode | undefined): bigint {
  const octets = readInteger(node, 'autonomous system');
  if (octets.length > 5 || octets[0]! >= 0x80) throw malformed('a number of a system out of range');
  return BigInt(`0x${octets.toString('hex')}`);
}

/** By the address family identifier: IPv4 and IPv6. */
const addressBits: Readonly<Record<string, number>> = { '0001': 32, '0002': 128 };
