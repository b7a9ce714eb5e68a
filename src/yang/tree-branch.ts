/** One node of the data tree that holds children: its values sit in slots, by the slot number of the schema child. */
import type {
  AnySchema,
  BranchSchema,
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Value,
} from './schema.js';
import type { ListData } from './tree-list.js';
import { scalarOrder } from './tree-order.js';

/** The content of an anydata or anyxml node, as it came. */
export interface AnyContent {
  readonly format: 'json' | 'xml';
  /** JSON text, or the XML of the children with every namespace declared. */
  readonly text: string;
}

/** What a data node holds: leaf, leaf-list, container or list entry, whole list, anydata. The schema node tells which. */
export type Content = Value | readonly Value[] | Branch | ListData | AnyContent;

/** Where an entry of a user-ordered list or leaf-list goes (RFC 7950 7.7.8, 7.8.6). The anchor is a key, or one value. */
export type Placement =
  | { readonly where: 'first' | 'last' }
  | { readonly where: 'before' | 'after'; readonly anchor: readonly Value[] };

/** The root, a container, a list entry, or the input, output or body of an operation. Never changes. */
export class Branch {
  readonly schema: BranchSchema;
  /** For the engine only: contents by slot; trailing slots may be missing. */
  readonly slots: readonly (Content | undefined)[];

  constructor(schema: BranchSchema, slots: readonly (Content | undefined)[] = []) {
    this.schema = schema;
    this.slots = slots;
  }

  leaf(child: LeafSchema): Value | undefined {
    return this.slots[child.slot] as Value | undefined;
  }

  leafList(child: LeafListSchema): readonly Value[] {
    return (this.slots[child.slot] as readonly Value[] | undefined) ?? nothing;
  }

  container(child: ContainerSchema): Branch | undefined {
    return this.slots[child.slot] as Branch | undefined;
  }

  list(child: ListSchema): ListData | undefined {
    return this.slots[child.slot] as ListData | undefined;
  }

  any(child: AnySchema): AnyContent | undefined {
    return this.slots[child.slot] as AnyContent | undefined;
  }

  /** Any child's content; undefined where absent. */
  get(child: DataSchema): Content | undefined {
    return this.slots[child.slot];
  }

  /** Children that are present, in schema order. */
  *present(): Iterable<readonly [DataSchema, Content]> {
    const { slots } = this;
    const { dataChildren } = this.schema;
    for (let slot = 0; slot < slots.length; slot++) {
      const content = slots[slot];
      if (content !== undefined) yield [dataChildren[slot]!, content];
    }
  }

  /** The key values of a list entry, in the order of the key statement. */
  keys(): readonly Value[] {
    return this.schema.kind === 'list' ? this.schema.keys.map((key) => this.slots[key.slot] as Value) : nothing;
  }

  isEmpty(): boolean {
    return this.slots.every((content) => content === undefined);
  }
}

/** The same branch with some slots changed; the same object where nothing differs. */
export function withSlots(
  branch: Branch,
  changes: readonly (readonly [slot: number, content: Content | undefined])[],
): Branch {
  if (changes.every(([slot, content]) => branch.slots[slot] === content)) return branch;
  const slots = branch.slots.slice();
  for (const [slot, content] of changes) setSlot(slots, slot, content);
  return new Branch(branch.schema, slots);
}

/** Writes a slot without leaving holes in the array. */
export function setSlot(slots: (Content | undefined)[], slot: number, content: Content | undefined): void {
  while (slots.length < slot) slots.push(undefined);
  slots[slot] = content;
}

/**
 * The order in which a leaf-list is kept: configuration is a set (RFC 7950 7.7), in order of value unless the user orders
 * it; state keeps what came (duplicates too, 7.7.7).
 */
export function leafListValues(schema: LeafListSchema, values: Iterable<Value>): readonly Value[] {
  if (!schema.config) return [...values];
  const distinct = [...new Set(values)];
  return schema.orderedBy === 'user' ? distinct : distinct.sort(scalarOrder(schema));
}

const nothing: readonly never[] = [];
