/** Damage to files, as networks, people and attackers do it. */

import { type DerNode, readDer } from '../../src/x509/der.js';
import { X509Error } from '../../src/x509/index.js';
import { tlv } from './support.js';

export interface Mutation {
  readonly kind: string;
  readonly octets: Buffer;
}

type Random = (limit: number) => number;

/** One mutation by chance: of octets, or of an element where the input is DER. */
export function mutate(octets: Buffer, random: Random): Mutation {
  const root = parsed(octets);
  if (root !== undefined && random(3) === 0) {
    const elements = elementsOf(root);
    const at = random(elements.length);
    const [kind, change] = changes[random(changes.length)]!;
    return { kind: `element ${at} ${kind}`, octets: replace(root, elements[at]!, change(elements[at]!)) };
  }
  return mutateOctets(octets, random);
}

/** Every truncation and flipped bit, and every change of every element. */
export function* everyMutation(octets: Buffer): Generator<Mutation> {
  for (let at = 0; at < octets.length; at++) {
    yield { kind: `cut to ${at} octets`, octets: octets.subarray(0, at) };
    for (let bit = 0; bit < 8; bit++) {
      const copy = Buffer.from(octets);
      copy[at]! ^= 1 << bit;
      yield { kind: `bit ${bit} of octet ${at} flipped`, octets: copy };
    }
  }
  const root = parsed(octets);
  for (const [index, element] of (root === undefined ? [] : elementsOf(root)).entries()) {
    for (const [kind, change] of changes) {
      yield { kind: `element ${index} ${kind}`, octets: replace(root!, element, change(element)) };
    }
  }
}

function mutateOctets(octets: Buffer, random: Random): Mutation {
  const at = random(octets.length);
  const copy = Buffer.from(octets);
  switch (random(7)) {
    case 0:
      copy[at]! ^= 1 << random(8);
      return { kind: `bit of octet ${at} flipped`, octets: copy };
    case 1:
      return { kind: `cut to ${at} octets`, octets: copy.subarray(0, at) };
    case 2:
      return { kind: `octet ${at} removed`, octets: Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1)]) };
    case 3: {
      const inserted = Buffer.concat([copy.subarray(0, at), Buffer.of(random(256)), copy.subarray(at)]);
      return { kind: `octet inserted at ${at}`, octets: inserted };
    }
    case 4:
      copy[at] = [0x00, 0x7f, 0x80, 0xff][random(4)]!;
      return { kind: `octet ${at} set to an edge value`, octets: copy };
    case 5: {
      const size = 1 + random(64);
      const doubled = Buffer.concat([copy.subarray(0, at + size), copy.subarray(at)]);
      return { kind: `${size} octets doubled at ${at}`, octets: doubled };
    }
    default: {
      for (let count = 2 + random(20); count > 0; count--) copy[random(copy.length)] = random(256);
      return { kind: 'several octets changed', octets: copy };
    }
  }
}

/** What may become of one element; its neighbours and the lengths around it stay right. */
const changes: readonly (readonly [string, (node: DerNode) => Buffer])[] = [
  ['removed', () => Buffer.alloc(0)],
  ['doubled', ({ raw }) => Buffer.concat([raw, raw])],
  ['emptied', ({ raw }) => Buffer.of(raw[0]!, 0)],
  ['nested 40 deep', ({ raw }) => nest(raw, 40)],
  ['made an integer of 4000 octets', () => tlv(0x02, Buffer.alloc(4000, 0x7f))],
  ['made a negative integer', () => tlv(0x02, Buffer.of(0x80, 1))],
  ['made an empty sequence', () => Buffer.of(0x30, 0)],
  [
    'given a length beyond the end',
    ({ raw, content }) => Buffer.concat([Buffer.of(raw[0]!, 0x83, 0xff, 0xff, 0xff), content]),
  ],
  ['given a length that is not minimal', ({ raw, content }) => Buffer.concat([longForm(raw[0]!, content), content])],
  ['given another tag', ({ raw, content }) => tlv(raw[0]! ^ 0x05, content)],
  ['filled with ones', ({ raw, content }) => tlv(raw[0]!, Buffer.alloc(content.length, 0xff))],
];

function longForm(identifier: number, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([Buffer.of(identifier, 0x84), length]);
}

function nest(value: Buffer, depth: number): Buffer {
  let nested = value;
  for (let level = 0; level < depth; level++) nested = tlv(0x30, nested);
  return nested;
}

function parsed(octets: Buffer): DerNode | undefined {
  try {
    return readDer(octets);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

function elementsOf(node: DerNode): readonly DerNode[] {
  return [node, ...node.children.flatMap(elementsOf)];
}

/** The octets of `node` with `wanted` replaced, and the lengths around it put right. */
function replace(node: DerNode, wanted: DerNode, replacement: Buffer): Buffer {
  if (node === wanted) return replacement;
  const holds = node.raw.buffer === wanted.raw.buffer && contains(node, wanted);
  if (!holds) return node.raw;
  return tlv(node.raw[0]!, Buffer.concat(node.children.map((each) => replace(each, wanted, replacement))));
}

function contains(node: DerNode, wanted: DerNode): boolean {
  const [start, end] = [node.raw.byteOffset, node.raw.byteOffset + node.raw.length];
  return node.constructed && wanted.raw.byteOffset >= start && wanted.raw.byteOffset + wanted.raw.length <= end;
}
