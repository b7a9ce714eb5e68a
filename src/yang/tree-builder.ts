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
import { ListData } from './tree-list.js';

type Building = Content | Value[] | BranchBuilder | BranchBuilder[] | undefined;

export class BranchBuilder {
  readonly schema: BranchSchema;
  readonly #at: InstanceIdentifier;
  readonly #parent: BranchBuilder | undefined;
  readonly #slots: Building[] = [];
  #faults: ConfigError[] | undefined;

  /** `at` is where the branch will be in the tree, for the paths of errors. */
  constructor(schema: BranchSchema, at: InstanceIdentifier = InstanceIdentifier.root, parent?: BranchBuilder) {
    this.schema = schema;
    this.#at = at;
    this.#parent = parent;
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

  container(child: ContainerSchema): BranchBuilder {
    this.#once(child);
    return this.#open(child, new BranchBuilder(child, this.#at, this));
  }

  entry(list: ListSchema): BranchBuilder {
    const builder = new BranchBuilder(list, this.#at, this);
    const entries = this.#slots[list.slot] as BranchBuilder[] | undefined;
    if (entries !== undefined) entries.push(builder);
    else this.#put(list, [builder]);
    return builder;
  }

  /** True where the child was given already. */
  has(child: DataSchema): boolean {
    return this.#slots[child.slot] !== undefined;
  }

  /**
   * The branch. Faults (a node given twice, two entries with the same key, an entry without its keys) are added to
   * `errors`, of duplicates the last counts; without `errors` they are thrown as one ConfigError.
   */
  finish(errors?: ConfigError[]): Branch {
    const faults = errors ?? [];
    const branch = this.#build(faults);
    if (errors === undefined && faults.length > 0) throw ConfigError.join(faults);
    return branch;
  }

  #build(faults: ConfigError[]): Branch {
    if (this.#faults !== undefined) faults.push(...this.#faults);
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot++) {
      const content = slots[slot];
      if (content instanceof BranchBuilder) slots[slot] = content.#build(faults);
      else if (Array.isArray(content)) slots[slot] = this.#buildMany(this.schema.dataChildren[slot]!, content, faults);
    }
    return new Branch(this.schema, slots as Content[]);
  }

  #buildMany(schema: DataSchema, content: unknown[], faults: ConfigError[]): Content | undefined {
    if (schema.kind === 'leaf-list') {
      const values = leafListValues(schema, content as Value[]);
      if (values.length < content.length) faults.push(...this.#repeated(schema, content as Value[]));
      return values;
    }
    const list = schema as ListSchema;
    const entries: Branch[] = [];
    for (const builder of content as BranchBuilder[]) {
      const entry = builder.#build(faults);
      const missing = list.keys.filter((key) => entry.leaf(key) === undefined);
      if (missing.length === 0) entries.push(entry);
      else faults.push(...missing.map((key) => missingKey(builder.path, key)));
    }
    const duplicate = (entry: Branch): void => {
      faults.push(givenTwice(this.path.child(list, entry.keys()), list));
    };
    return entries.length === 0 ? undefined : ListData.of(list, entries, duplicate);
  }

  #repeated(schema: LeafListSchema, values: readonly Value[]): ConfigError[] {
    const seen = new Set<Value>();
    const repeated = new Set<Value>();
    for (const value of values) (seen.has(value) ? repeated : seen).add(value);
    return [...repeated].map((value) => givenTwice(this.path.child(schema, [value]), schema));
  }

  #once(child: DataSchema): void {
    if (this.#slots[child.slot] === undefined) return;
    this.#faults ??= [];
    this.#faults.push(givenTwice(this.path.child(child), child));
  }

  #open(child: ContainerSchema, builder: BranchBuilder): BranchBuilder {
    this.#put(child, builder);
    return builder;
  }

  #put(child: DataSchema, content: Building): void {
    setSlot(this.#slots as (Content | undefined)[], child.slot, content as Content);
  }
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
