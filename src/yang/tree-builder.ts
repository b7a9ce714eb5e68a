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
import { type IsDue, neverDue } from './slices.js';
import { type AnyContent, Branch, type Content, setSlot } from './tree-branch.js';
import { LeafListLoader } from './tree-leaf-list.js';
import { ListLoader } from './tree-list.js';

type Building = Content | LeafListLoader | ListLoader | undefined;

/** A leaf-list that is still to be sorted, and the slot that it goes to. */
interface Unsorted {
  readonly loader: LeafListLoader;
  readonly slots: Building[];
}

export class BranchBuilder {
  readonly schema: BranchSchema;
  readonly #at: InstanceIdentifier;
  readonly #parent: BranchBuilder | undefined;
  readonly #slots: Building[] = [];
  /** Of all that is built together; told last of all, when the keys on the way are known. */
  readonly #faults: (() => ConfigError)[];
  /** Of all that is built together as well. */
  readonly #unsorted: Unsorted[];
  /** The one that was opened last, while it is open. */
  #open: BranchBuilder | undefined;
  #isClosed = false;
  /** Of an entry without keys, counted from 1 (RFC 7950 9.13). */
  readonly #place: number;

  /** `at` is where the branch will be in the tree, for the paths of errors. */
  constructor(
    schema: BranchSchema,
    at: InstanceIdentifier = InstanceIdentifier.root,
    parent?: BranchBuilder,
    place: number = 1,
  ) {
    this.schema = schema;
    this.#place = place;
    this.#at = at;
    this.#parent = parent;
    this.#faults = parent === undefined ? [] : parent.#faults;
    this.#unsorted = parent === undefined ? [] : parent.#unsorted;
  }

  /** Where this branch is, with the keys that are known so far. */
  get path(): InstanceIdentifier {
    const { schema } = this;
    if (this.#parent === undefined || !('slot' in schema)) return this.#at;
    if (schema.kind !== 'list') return this.#parent.path.child(schema);
    if (schema.keys.length === 0) return this.#parent.path.place(schema, this.#place);
    const keys = schema.keys.map((key) => this.#slots[key.slot] as Value | undefined);
    return this.#parent.path.child(schema, isComplete(keys) ? keys : undefined);
  }

  leaf(child: LeafSchema, value: Value): void {
    this.#once(child);
    this.#put(child, value);
  }

  leafListItem(child: LeafListSchema, value: Value): void {
    let loader = this.#slots[child.slot] as LeafListLoader | undefined;
    if (loader === undefined) {
      loader = new LeafListLoader(child, (twin) => {
        this.#fault(() => givenTwice(this.path.child(child, [twin]), child));
      });
      this.#put(child, loader);
    }
    loader.add(value);
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

  /** For the outermost, when all was given: what is long is put in order, in steps; true when that is done. */
  settle(isDue: IsDue): boolean {
    this.#build();
    for (let last = this.#unsorted.at(-1); last !== undefined; last = this.#unsorted.at(-1)) {
      if (!last.loader.advance(isDue)) return false;
      last.slots[last.loader.schema.slot] = last.loader.values;
      this.#unsorted.pop();
    }
    return true;
  }

  /**
   * The branch. Faults (a node given twice, two entries with the same key, an entry without its keys) are added to
   * `errors`, of duplicates the last counts; without `errors` they are thrown as one ConfigError.
   */
  finish(errors?: ConfigError[]): Branch {
    this.settle(neverDue);
    const branch = this.#build();
    const faults = this.#faults.map((fault) => fault());
    if (errors !== undefined) errors.push(...faults);
    else if (faults.length > 0) throw ConfigError.join(faults);
    return branch;
  }

  #begin(child: ContainerSchema | ListSchema): BranchBuilder {
    this.#open?.close();
    const isKeyless = child.kind === 'list' && child.keys.length === 0;
    const before = isKeyless ? (this.#slots[child.slot] as ListLoader | undefined) : undefined;
    this.#open = new BranchBuilder(child, this.#at, this, (before?.count ?? 0) + 1);
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
        else if (content instanceof LeafListLoader) {
          if (content.isLong) this.#unsorted.push({ loader: content, slots });
          else {
            content.advance(neverDue);
            slots[slot] = content.values;
          }
        }
      }
    }
    return new Branch(this.schema, slots as Content[]);
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
