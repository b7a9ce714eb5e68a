/**
 * Valid documents of any schema: a tree with nodes of every kind is filled at random, then what our validation finds at fault is
 * mended or taken away until nothing is. Whether it is valid is for the oracle to say.
 */
import {
  Branch,
  BranchBuilder,
  type BranchSchema,
  type Content,
  type DataSchema,
  DataTree,
  InstanceIdentifier,
  type LeafListSchema,
  type LeafSchema,
  ListData,
  parsePath,
  type Schema,
  type SchemaNode,
  type Type,
  type Validator,
  type Value,
} from '../../../src/yang/index.js';
import type { Random } from './random.js';
import { arbitraryValue } from './values.js';

export interface DocumentOptions {
  readonly schema: Schema;
  readonly validator: Validator;
  readonly random: Random;
}

/** The tree of one document; empty where nothing valid was found. */
export function makeDocument({ schema, validator, random }: DocumentOptions): DataTree {
  const filler = new Filler(schema, random);
  let tree = new DataTree(schema, filler.branch(schema.root, 0));
  tree = filler.refer(tree);
  for (let round = 0; round < maxRounds; round++) {
    const errors = validator.validate(tree);
    if (errors.length === 0) return tree;
    for (const { path, tag } of errors) tree = mend(tree, parsePath(schema, path), tag, filler);
  }
  return DataTree.empty(schema);
}

class Filler {
  readonly #schema: Schema;
  readonly #random: Random;
  /** Leafs that refer to others, to be set when those are there. */
  readonly #references: { readonly path: InstanceIdentifier; readonly schema: LeafSchema | LeafListSchema }[] = [];
  #room = maxNodes;

  constructor(schema: Schema, random: Random) {
    this.#schema = schema;
    this.#random = random;
  }

  branch(schema: BranchSchema, depth: number, path = InstanceIdentifier.root, keys?: readonly Value[]): Branch {
    const slots: (Content | undefined)[] = [];
    for (const [index, key] of (schema.kind === 'list' ? schema.keys : []).entries()) slots[key.slot] = keys![index];
    for (const child of this.#chosen(schema.children)) {
      if (child.kind === 'leaf' && child.isKey) continue;
      const content = this.#content(child, depth, path);
      if (content === undefined) continue;
      while (slots.length < child.slot) slots.push(undefined);
      slots[child.slot] = content;
    }
    return new Branch(schema, slots);
  }

  /** A value for a leaf, without what it refers to. */
  value(schema: LeafSchema | LeafListSchema): Value | undefined {
    return arbitraryValue(this.#schema, schema.type, this.#random);
  }

  /** Gives every reference a value that is there; one without is taken away. */
  refer(tree: DataTree): DataTree {
    const editor = tree.edit();
    for (const { path, schema } of this.#references) {
      if (upToKeyless(path) !== path) continue;
      const parent = editor.get(path.parent ?? InstanceIdentifier.root);
      if (!(parent instanceof Branch)) continue;
      const values = [...instancesOf(tree.root, leafrefOf(schema.type)!.target)];
      if (values.length === 0) continue;
      if (schema.kind === 'leaf') editor.set(path, this.#random.pick(values));
      else editor.set(path.child(schema, [this.#random.pick(values)]), this.#random.pick(values));
    }
    return editor.finish();
  }

  /** Of each choice the nodes of one case. */
  *#chosen(nodes: readonly SchemaNode[]): Iterable<DataSchema> {
    for (const node of nodes) {
      if (node.kind === 'choice') {
        if (node.cases.length === 0 || (!node.mandatory && this.#random.chance(0.2))) continue;
        yield* this.#chosen(this.#random.pick(node.cases).children);
      } else if ('slot' in node) yield node;
    }
  }

  #content(child: DataSchema, depth: number, parent: InstanceIdentifier): Content | undefined {
    const path = parent.child(child);
    const isNeeded = 'mandatory' in child && child.mandatory;
    if (!isNeeded && (this.#room <= 0 || this.#random.chance(depth > 6 ? 0.7 : 0.3))) return undefined;
    this.#room--;
    switch (child.kind) {
      case 'leaf':
        if (leafrefOf(child.type) !== undefined) {
          this.#references.push({ path, schema: child });
          return undefined;
        }
        return this.value(child);
      case 'leaf-list':
        return this.#leafList(child, path);
      case 'container':
        return this.branch(child, depth + 1, path);
      case 'list':
        return this.#list(child, depth, parent);
      default:
        return { format: 'xml', text: '<x xmlns="urn:x">y</x>' };
    }
  }

  #leafList(child: LeafListSchema, path: InstanceIdentifier): readonly Value[] | undefined {
    if (leafrefOf(child.type) !== undefined) {
      this.#references.push({ path: path.parent ?? InstanceIdentifier.root, schema: child });
      return undefined;
    }
    const count = Math.max(child.minElements, 1 + this.#random.below(2));
    const builder = new BranchBuilder(parentOf(child));
    const seen = new Set<Value>();
    for (let attempt = 0; attempt < count * 4 && seen.size < count; attempt++) {
      const value = this.value(child);
      if (value === undefined || seen.has(value)) continue;
      seen.add(value);
      builder.leafListItem(child, value);
    }
    return seen.size === 0 ? undefined : builder.finish().leafList(child);
  }

  #list(child: Extract<DataSchema, { kind: 'list' }>, depth: number, parent: InstanceIdentifier): Content | undefined {
    const entries: Branch[] = [];
    const count = Math.max(child.minElements, 1 + this.#random.below(2));
    for (let index = 0; index < count; index++) {
      const keys = child.keys.map((key) => this.value(key));
      if (keys.includes(undefined)) continue;
      const at = child.keys.length === 0 ? parent.place(child, index + 1) : parent.child(child, keys as Value[]);
      entries.push(this.branch(child, depth + 1, at, keys as Value[]));
    }
    return entries.length === 0 ? undefined : ListData.of(child, entries);
  }
}

/** Fills in what is missing, takes away what is wrong; where it cannot be taken away by itself, what holds it. */
function mend(tree: DataTree, full: InstanceIdentifier, tag: string, filler: Filler): DataTree {
  const editor = tree.edit();
  const path = upToKeyless(full);
  const { last } = path;
  if (last === undefined) return tree;
  const { schema } = last;
  const parent = path.parent ?? InstanceIdentifier.root;
  const isMissing = editor.get(path) === undefined;
  if (isMissing && tag === 'missing-element' && schema.kind === 'leaf' && editor.get(parent) !== undefined) {
    const value = filler.value(schema);
    if (value !== undefined && leafrefOf(schema.type) === undefined) {
      editor.set(path, value);
      return editor.finish();
    }
  }
  let at = path;
  while (at.last !== undefined && (editor.get(at) === undefined || isKey(at)))
    at = at.parent ?? InstanceIdentifier.root;
  if (at.last === undefined) editor.remove(prefixOf(path));
  else editor.remove(at);
  return editor.finish();
}

/** Entries without keys cannot be edited one by one: their list goes whole. */
function upToKeyless(path: InstanceIdentifier): InstanceIdentifier {
  const index = path.steps.findIndex(({ schema, position }) => schema.kind === 'list' && position !== undefined);
  if (index < 0) return path;
  const parent = new InstanceIdentifier(path.steps.slice(0, index));
  return parent.child(path.steps[index]!.schema);
}

function prefixOf(path: InstanceIdentifier): InstanceIdentifier {
  return new InstanceIdentifier(path.steps.slice(0, 1));
}

function isKey(path: InstanceIdentifier): boolean {
  const schema = path.last?.schema;
  return schema?.kind === 'leaf' && schema.isKey;
}

function leafrefOf(type: Type): Extract<Type, { base: 'leafref' }> | undefined {
  return type.base === 'leafref' ? type : undefined;
}

function parentOf(child: LeafListSchema): BranchSchema {
  let at = child.parent;
  while (at !== undefined && (at.kind === 'choice' || at.kind === 'case')) at = at.parent;
  return at as BranchSchema;
}

function* instancesOf(branch: Branch, target: LeafSchema | LeafListSchema): Iterable<Value> {
  for (const [child, content] of branch.present()) {
    if (child === target) yield* Array.isArray(content) ? (content as readonly Value[]) : [content as Value];
    else if (content instanceof Branch) yield* instancesOf(content, target);
    else if (content instanceof ListData) for (const entry of content) yield* instancesOf(entry, target);
  }
}

const maxNodes = 160;
const maxRounds = 60;
