/** Builds branches from a stream of nodes, as the codecs read them: cheaper than edits, and duplicates are found. */
import { ConfigError } from '../error.js';
import { InstanceIdentifier, type PathStep } from './path.js';
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
import { type AnyContent, Branch, type Content, leafListValues, setSlot } from './tree-branch.js';
import { ListLoader } from './tree-list.js';

type Building = Content | Value[] | BranchBuilder | ListLoader | undefined;

export class BranchBuilder {
  readonly schema: BranchSchema;
  readonly #at: InstanceIdentifier;
  readonly #parent: BranchBuilder | undefined;
  readonly #slots: Building[] = [];
  /** Of all that is built together; told last of all, when the keys on the way are known. */
  readonly #faults: (() => ConfigError)[];
  /** The one that was opened last, while it is open. */
  #open: BranchBuilder | undefined;
  #isClosed = false;

  /** `at` is where the branch will be in the tree, for the paths of errors. */
  constructor(schema: BranchSchema, at: InstanceIdentifier = InstanceIdentifier.root, parent?: BranchBuilder) {
    this.schema = schema;
    this.#at = at;
    this.#parent = parent;
    this.#faults = parent === undefined ? [] : parent.#faults;
  }

  /** Where this branch is, with the keys that are known so far. */
  get path(): InstanceIdentifier {
    const { schema } = this;
    if (this.#parent === undefined || !('slot' in schema)) return this.#at;
    if (schema.kind !== 'list') return this.#parent.path.child(schema);
    const keys = schema.keys.map((key) => this.#slots[key.slot] as Value | undefined);
    return this.#parent.path.child(schema, keys.length > 0 && isComplete(keys) ? keys : undefined);
  }

  leaf(child: LeafSchema, value: Value): void {
    this.#once(child);
    this.#put(child, value);
  }

  leafListItem(child: LeafListSchema, value: Value): void {
    const values = this.#slots[child.slot] as Value[] | undefined;
    if (values === undefined) this.#put(child, [value]);
    else values.push(value);
  }

  any(child: AnySchema, content: AnyContent): void {
    this.#once(child);
    this.#put(child, content);
  }

  /** What is opened is closed by its `close`, or when the next is opened or this one ends. */
  container(child: ContainerSchema): BranchBuilder {
    this.#once(child);
    return this.#begin(child);
  }

  /** As `container`. An entry without all of its keys does not count. */
  entry(list: ListSchema): BranchBuilder {
    return this.#begin(list);
  }

  /** True where the child was given already. */
  has(child: DataSchema): boolean {
    return this.#slots[child.slot] !== undefined;
  }

  /** All of it was given: it becomes a branch, and part of what it is in. The outermost ends with `finish`. */
  close(): void {
    const parent = this.#parent;
    if (this.#isClosed || parent === undefined) return;
    const branch = this.#build();
    if (parent.#open === this) parent.#open = undefined;
    const { schema } = this;
    if (schema.kind === 'container') parent.#put(schema, branch);
    else if (schema.kind === 'list') parent.#add(schema, branch, this);
  }

  /**
   * The branch. Faults (a node given twice, two entries with the same key, an entry without its keys) are added to
   * `errors`, of duplicates the last counts; without `errors` they are thrown as one ConfigError.
   */
  finish(errors?: ConfigError[]): Branch {
    const branch = this.#build();
    const faults = this.#faults.map((fault) => fault());
    if (errors !== undefined) errors.push(...faults);
    else if (faults.length > 0) throw ConfigError.join(faults);
    return branch;
  }

  #begin(child: ContainerSchema | ListSchema): BranchBuilder {
    this.#open?.close();
    this.#open = new BranchBuilder(child, this.#at, this);
    return this.#open;
  }

  #build(): Branch {
    const slots = this.#slots;
    if (!this.#isClosed) {
      this.#open?.close();
      this.#isClosed = true;
      for (let slot = 0; slot < slots.length; slot++) {
        const content = slots[slot];
        if (content instanceof ListLoader) slots[slot] = content.finish();
        else if (Array.isArray(content)) slots[slot] = this.#values(slot, content as Value[]);
      }
    }
    return new Branch(this.schema, slots as Content[]);
  }

  #values(slot: number, values: readonly Value[]): readonly Value[] {
    const schema = this.schema.dataChildren[slot] as LeafListSchema;
    const distinct = leafListValues(schema, values);
    if (distinct.length < values.length) {
      for (const value of repeated(values)) this.#fault(() => givenTwice(this.path.child(schema, [value]), schema));
    }
    return distinct;
  }

  #add(list: ListSchema, entry: Branch, builder: BranchBuilder): void {
    const missing = list.keys.filter((key) => entry.leaf(key) === undefined);
    for (const key of missing) this.#fault(() => missingKey(builder.path, key));
    if (missing.length > 0) return;
    let loader = this.#slots[list.slot] as ListLoader | undefined;
    if (loader === undefined) {
      loader = new ListLoader(list, (twin) => {
        this.#fault(() => givenTwice(this.path.child(list, twin.keys()), list));
      });
      this.#put(list, loader);
    }
    loader.add(entry);
  }

  #once(child: DataSchema): void {
    const isOpen = this.#open?.schema === child;
    if (!isOpen && this.#slots[child.slot] === undefined) return;
    this.#fault(() => givenTwice(this.path.child(child), child));
  }

  #fault(make: () => ConfigError): void {
    if (this.#faults.length < maxFaults) this.#faults.push(make);
  }

  #put(child: DataSchema, content: Building): void {
    setSlot(this.#slots as (Content | undefined)[], child.slot, content as Content);
  }
}

/** More are not told of one document. */
const maxFaults = 100;

function repeated(values: readonly Value[]): ReadonlySet<Value> {
  const seen = new Set<Value>();
  const again = new Set<Value>();
  for (const value of values) (seen.has(value) ? again : seen).add(value);
  return again;
}

function isComplete(keys: readonly (Value | undefined)[]): keys is readonly Value[] {
  return keys.every((key) => key !== undefined);
}

function missingKey(path: InstanceIdentifier, key: LeafSchema): ConfigError {
  return new ConfigError({
    tag: 'missing-element',
    path: path.toString(),
    message: `key '${key.name}' is missing`,
    info: { 'bad-element': key.name },
  });
}

function givenTwice(path: InstanceIdentifier, schema: PathStep['schema']): ConfigError {
  return new ConfigError({
    tag: 'bad-element',
    path: path.toString(),
    message: `${schema.kind === 'list' ? `entry of list '${schema.name}'` : `${schema.kind} '${schema.name}'`} is given more than once`,
    info: { 'bad-element': schema.name },
  });
}
