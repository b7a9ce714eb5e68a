/**
 * Validation of a data tree (RFC 7950 section 8), whole or against a tree that is known to be valid: then only branches that
 * differ are looked at, so that the cost follows the change. What reads more than the change is said at its function.
 */
import { ConfigError, type ConfigErrorFields } from '../error.js';
import { InstanceIdentifier } from './path.js';
import type { ChoiceSchema, DataSchema, ListSchema, Schema, SchemaNode, Value } from './schema.js';
import { Branch, type Content, type DataTree, ListData } from './tree.js';
import { type BranchAt, Constraints } from './validation-constraints.js';
import { Leafrefs } from './validation-leafref.js';

/** The most errors that one validation tells. */
const maxErrors = 100;

export class Validator {
  readonly #constraints: Constraints;
  readonly #leafrefs: Leafrefs;

  constructor(schema: Schema) {
    this.#constraints = new Constraints(schema);
    this.#leafrefs = new Leafrefs(schema);
  }

  /** Every refusal of the schema; none where the tree is valid. `base` is a valid tree, most of which `tree` shares. */
  validate(tree: DataTree, base?: DataTree): readonly ConfigError[] {
    const walk = new Walk();
    walk.branch({ path: InstanceIdentifier.root, branch: tree.root, parent: undefined }, base?.root);
    const errors = walk.errors;
    errors.push(...this.#leafrefs.check(tree, walk));
    errors.push(...this.#constraints.check(tree, walk));
    return errors.slice(0, maxErrors);
  }
}

/** Goes through what differs, checks what one branch alone can tell, and notes what the other checks need. */
export class Walk {
  readonly errors: ConfigError[] = [];
  /** Branches that differ, or are new, with where they are; a parent stands before its children. */
  readonly changed: BranchAt[] = [];
  /** Schema nodes of which an instance came, went or changed. */
  readonly touched = new Set<DataSchema>();
  /** Leaf and leaf-list values that went: by schema node. */
  readonly gone = new Map<DataSchema, Set<Value>>();

  branch(at: BranchAt, base: Branch | undefined): void {
    const { branch } = at;
    if (branch === base) return;
    this.changed.push(at);
    for (const child of branch.schema.dataChildren) {
      const now = branch.get(child);
      const was = base?.get(child);
      if (now === was) continue;
      this.#child(at, child, now, was);
    }
    // The root of an empty tree and non-presence containers are checked like any branch: RFC 7950 7.5.1.
    for (const child of branch.schema.children) this.#checkChild(at, child, true);
  }

  #child(at: BranchAt, child: DataSchema, now: Content | undefined, was: Content | undefined): void {
    if (child.kind === 'list') {
      this.touched.add(child);
      this.#list(at, child, now as ListData | undefined, was as ListData | undefined);
    } else if (child.kind === 'container') {
      this.touched.add(child);
      const path = at.path.child(child);
      if (now === undefined) this.#went(child, was as Branch);
      else this.branch({ path, branch: now as Branch, parent: at }, was as Branch | undefined);
    } else {
      if (Array.isArray(now) && Array.isArray(was) && same(now, was)) return;
      this.touched.add(child);
      if (child.kind === 'leaf-list') {
        const left = new Set(now as readonly Value[] | undefined);
        for (const value of (was as readonly Value[] | undefined) ?? []) if (!left.has(value)) this.#lost(child, value);
      } else if (child.kind === 'leaf' && was !== undefined) {
        this.#lost(child, was as Value);
      }
    }
  }

  #list(at: BranchAt, schema: ListSchema, now: ListData | undefined, was: ListData | undefined): void {
    const changes =
      now === undefined
        ? [...(was ?? [])].map((before) => ({ before, after: undefined }))
        : was === undefined
          ? [...now].map((after) => ({ before: undefined, after }))
          : now.changesSince(was);
    const moved = schema.keys.length === 0;
    for (const { before, after } of changes) {
      if (after === undefined) {
        if (before !== undefined) this.#went(schema, before);
        continue;
      }
      const path = at.path.child(schema, moved ? undefined : after.keys());
      this.branch({ path, branch: after, parent: at }, before);
    }
    if (now !== undefined && schema.unique.length > 0) this.#unique(at, schema, now);
  }

  /** A subtree that is gone: everything in it was touched. */
  #went(schema: DataSchema, content: Content): void {
    this.touched.add(schema);
    if (content instanceof Branch) {
      for (const [child, inner] of content.present()) this.#went(child, inner);
    } else if (content instanceof ListData) {
      for (const entry of content) this.#went(schema, entry);
    } else if (schema.kind === 'leaf') {
      this.#lost(schema, content as Value);
    } else if (schema.kind === 'leaf-list') {
      for (const value of content as readonly Value[]) this.#lost(schema, value);
    }
  }

  #lost(schema: DataSchema, value: Value): void {
    const values = this.gone.get(schema);
    if (values === undefined) this.gone.set(schema, new Set([value]));
    else values.add(value);
  }

  /** mandatory, choice, min- and max-elements (RFC 7950 7.6.5, 7.7.5, 7.9.4). */
  #checkChild(at: BranchAt, child: SchemaNode, selected: boolean): void {
    if ('config' in child && !child.config && at.branch.schema.kind !== 'input') return;
    switch (child.kind) {
      case 'leaf':
      case 'anydata':
      case 'anyxml':
        if (selected && child.mandatory && child.when.length === 0 && at.branch.get(child) === undefined) {
          this.#missing(at, child);
        }
        return;
      case 'list':
      case 'leaf-list':
        this.#checkCount(at, child);
        return;
      case 'container':
        // An absent non-presence container stands for an empty one: what is mandatory in it is missing too.
        if (selected && child.presence === undefined && child.when.length === 0 && at.branch.get(child) === undefined) {
          const empty = { path: at.path.child(child), branch: new Branch(child), parent: at };
          for (const inner of child.children) this.#checkChild(empty, inner, true);
        }
        return;
      case 'choice':
        this.#checkChoice(at, child, selected);
        return;
      default:
        return;
    }
  }

  #checkChoice(at: BranchAt, choice: ChoiceSchema, selected: boolean): void {
    const present = choice.cases.filter((each) => each.children.some((child) => hasAny(at.branch, child)));
    if (present.length > 1) {
      this.#add({
        tag: 'bad-element',
        path: at.path.toString(),
        message: `nodes of more than one case of choice ${choice.name}: ${present.map(({ name }) => name).join(', ')}`,
        info: { 'bad-element': choice.name },
      });
    }
    const [chosen] = present;
    if (chosen === undefined && selected && choice.mandatory && choice.when.length === 0) {
      this.#add({
        tag: 'data-missing',
        appTag: 'missing-choice',
        path: at.path.toString(),
        message: `one of ${choice.cases.map(({ name }) => name).join(', ')} must be given (choice ${choice.name})`,
        info: { 'missing-choice': choice.name },
      });
    }
    if (chosen !== undefined) for (const child of chosen.children) this.#checkChild(at, child, selected);
  }

  #checkCount(at: BranchAt, child: Extract<DataSchema, { kind: 'list' | 'leaf-list' }>): void {
    const size = child.kind === 'list' ? (at.branch.list(child)?.size ?? 0) : at.branch.leafList(child).length;
    const path = at.path.child(child).toString();
    if (size < child.minElements && child.when.length === 0) {
      this.#add({
        tag: 'operation-failed',
        appTag: 'too-few-elements',
        path,
        message: `${size} given, at least ${child.minElements} needed`,
      });
    }
    if (size > child.maxElements) {
      this.#add({
        tag: 'operation-failed',
        appTag: 'too-many-elements',
        path,
        message: `${size} given, at most ${child.maxElements} allowed`,
      });
    }
  }

  /** RFC 7950 7.8.3. Reads the whole list, once for each change of a list with a unique statement. */
  #unique(at: BranchAt, schema: ListSchema, list: ListData): void {
    for (const statement of schema.unique) {
      const seen = new Map<string, Branch>();
      for (const entry of list) {
        const values = statement.map((steps) => descendant(entry, steps));
        // Only entries that have all of the leafs count, defaults included.
        if (values.some((value) => value === undefined)) continue;
        const tuple = JSON.stringify(values, (_key, value: unknown) =>
          typeof value === 'bigint' ? `${value}n` : value,
        );
        const other = seen.get(tuple);
        if (other === undefined) {
          seen.set(tuple, entry);
          continue;
        }
        const names = statement.map((steps) => steps.map(({ name }) => name).join('/')).join(' ');
        this.#add({
          tag: 'operation-failed',
          appTag: 'data-not-unique',
          path: at.path.child(schema, entry.keys()).toString(),
          message: `the same ${names} as entry ${other.keys().map(String).join(' ')}`,
          info: { 'non-unique': names },
        });
      }
    }
  }

  #missing(at: BranchAt, child: DataSchema): void {
    this.#add({
      tag: 'missing-element',
      path: at.path.child(child).toString(),
      message: `${child.name} is mandatory`,
      info: { 'bad-element': child.name },
    });
  }

  #add(fields: ConfigErrorFields): void {
    if (this.errors.length < maxErrors) this.errors.push(new ConfigError(fields));
  }
}

/** True where the branch holds anything of a node, choices looked through. */
function hasAny(branch: Branch, node: SchemaNode): boolean {
  if (node.kind === 'choice') return node.cases.some((each) => each.children.some((child) => hasAny(branch, child)));
  return 'slot' in node && branch.get(node) !== undefined;
}

function descendant(entry: Branch, steps: readonly DataSchema[]): Value | undefined {
  let branch: Branch | undefined = entry;
  for (const step of steps) {
    if (step.kind === 'leaf') return branch?.leaf(step) ?? step.default;
    branch = step.kind === 'container' ? branch?.container(step) : undefined;
  }
  return undefined;
}

function same(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
