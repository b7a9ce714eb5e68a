/** Ten ways to damage a document, each at a random place. */
import type { BranchSchema, DataSchema, Schema } from '../../../src/yang/index.js';
import type { Random } from './random.js';
import { borderTexts } from './values.js';
import type { XmlNode } from './xml-tree.js';

export const mutationKinds = [
  'delete',
  'duplicate',
  'swap',
  'rename',
  'wrong namespace',
  'bad value',
  'boundary value',
  'empty',
  'move',
  'reorder',
] as const;
export type MutationKind = (typeof mutationKinds)[number];

/** Damages `nodes` in place; false where there is nothing of the kind that it needs, or nothing is left. */
export function mutate(kind: MutationKind, nodes: XmlNode[], schema: Schema, random: Random): boolean {
  return damage(kind, nodes, schema, random) && nodes.length > 0;
}

function damage(kind: MutationKind, nodes: XmlNode[], schema: Schema, random: Random): boolean {
  const places = [...placesOf(nodes, schema.root, schema)];
  const any = (test: (place: Place) => boolean): Place | undefined => {
    const found = places.filter(test);
    return found.length === 0 ? undefined : random.pick(found);
  };
  switch (kind) {
    case 'delete': {
      const place = any(() => true);
      place?.siblings.splice(place.siblings.indexOf(place.node), 1);
      return place !== undefined;
    }
    case 'duplicate': {
      const place = any(() => true);
      place?.siblings.push(structuredClone(place.node));
      return place !== undefined;
    }
    case 'swap': {
      const one = any(({ node }) => node.children.length === 0);
      const other = any(({ node }) => node.children.length === 0 && node !== one?.node);
      if (one === undefined || other === undefined) return false;
      [one.node.text, other.node.text] = [other.node.text, one.node.text];
      return true;
    }
    case 'rename': {
      const place = any(() => true);
      if (place === undefined) return false;
      const names = [...(place.parent?.byName.keys() ?? []), 'nosuch', `${place.node.name}x`];
      place.node.name = random.pick(names);
      return true;
    }
    case 'wrong namespace': {
      const place = any(() => true);
      if (place === undefined) return false;
      place.node.uri = random.pick([...schema.namespaces.keys(), 'urn:nosuch']);
      return true;
    }
    case 'bad value':
    case 'boundary value': {
      const place = any(({ own }) => own?.kind === 'leaf' || own?.kind === 'leaf-list');
      const { own, node } = place ?? {};
      if (node === undefined || (own?.kind !== 'leaf' && own?.kind !== 'leaf-list')) return false;
      const texts =
        kind === 'bad value' ? ['nosuch', '', '-', '99999999999999999999', 'a b'] : borderTexts(schema, own.type);
      node.text = random.pick(texts);
      return true;
    }
    case 'empty': {
      const place = any(({ node }) => node.children.length > 0 || node.text !== '');
      if (place === undefined) return false;
      place.node.text = '';
      place.node.children = [];
      return true;
    }
    case 'move': {
      const place = any(() => true);
      const target = any(({ node }) => node.children.length > 0 && place !== undefined && !contains(place.node, node));
      if (place === undefined || target === undefined) return false;
      place.siblings.splice(place.siblings.indexOf(place.node), 1);
      target.node.children.push(place.node);
      return true;
    }
    case 'reorder': {
      const place = any(({ node }) => node.children.length > 1);
      if (place === undefined) return false;
      place.node.children = random.shuffled(place.node.children);
      return true;
    }
  }
}

interface Place {
  readonly node: XmlNode;
  readonly siblings: XmlNode[];
  readonly own: DataSchema | undefined;
  readonly parent: BranchSchema | undefined;
}

function* placesOf(nodes: XmlNode[], parent: BranchSchema | undefined, schema: Schema): Iterable<Place> {
  for (const node of nodes) {
    const module = schema.namespaces.get(node.uri);
    const own = module === undefined ? undefined : parent?.byQualifiedName.get(`${module.name}:${node.name}`);
    yield { node, siblings: nodes, own, parent };
    const inner = own?.kind === 'container' || own?.kind === 'list' ? own : undefined;
    yield* placesOf(node.children, inner, schema);
  }
}

function contains(node: XmlNode, other: XmlNode): boolean {
  return node === other || node.children.some((child) => contains(child, other));
}
