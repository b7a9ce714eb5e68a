/** The conditions to be evaluated again because something changed that they read, and where. */
import type { Instance } from '../instance.js';
import type { DataSchema, LeafSchema, Value } from '../schema.js';
import type { Branch } from '../tree-branch.js';
import { valuesOfText } from '../xpath/keyed.js';
import { contextsBelow } from './contexts.js';
import type { Pass, Task } from './pass.js';
import type { Check, Reader } from './plan.js';
import { valuesBelow } from './value-index.js';
import type { Walk } from './walk.js';

/** What happened to a node; and what it held before and after, where that is known. */
export interface Change {
  /** The node that holds it now, or held it. */
  readonly parent: Instance;
  readonly schema: DataSchema;
  /** Of leafs and leaf-lists. */
  readonly values: { readonly before: readonly Value[]; readonly after: readonly Value[] } | undefined;
  /** Of containers and list entries. */
  readonly content: { readonly before: Branch | undefined; readonly after: Branch | undefined } | undefined;
  /** The keys of the entry, where it is one. */
  readonly keys: readonly Value[] | undefined;
  readonly kind: 'came' | 'went' | 'changed';
}

/** A change of which neither values nor content are known. */
export function change(parent: Instance, schema: DataSchema, kind: Change['kind']): Change {
  return { parent, schema, values: undefined, keys: undefined, content: undefined, kind };
}

export class Schedule {
  readonly #pass: Pass;
  readonly #walk: Walk;
  /** Where each check is still to be evaluated: at its context nodes at or below these. */
  readonly #waiting = new Map<Check, Set<Instance>>();
  readonly #done = new Map<Check, Set<Instance>>();
  readonly #values = new Map<Reader, Set<Value>>();

  constructor(pass: Pass, walk: Walk) {
    this.#pass = pass;
    this.#walk = walk;
  }

  /** Notes a change for everything that reads the node. */
  note(readers: readonly Reader[], change: Change): void {
    for (const reader of readers) {
      if (reader.check.kind !== 'guard' && this.#pass.guardsOnly) continue;
      if (reader.lossOnly && change.kind === 'came') continue;
      const values = reader.narrow === undefined ? undefined : this.#narrow(reader, change);
      if (values === undefined) this.#add(reader.check, change.parent.above(reader.pivot));
      else this.#addValues(reader, values);
    }
  }

  /** Notes that a node is gone, for the instance-identifiers that may name it or something in it. */
  gone(path: string): void {
    if (this.#pass.guardsOnly) return;
    const { run, plan } = this.#pass;
    for (const leaf of plan.pointers) {
      const check = plan.node(leaf)!.reference!;
      for (const { value, holder } of this.#pass.index(leaf).holdersFrom(path, run.root)) {
        if (isWithin(value, path)) this.#add(check, holder);
      }
    }
  }

  /** Something to do; undefined when nothing is left. */
  next(): Task | undefined {
    const [narrowed] = this.#values;
    if (narrowed !== undefined) {
      const [reader, values] = narrowed;
      this.#values.delete(reader);
      return this.#resolving(reader, values);
    }
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [check, anchors] = first;
    this.#waiting.delete(check);
    let done = this.#done.get(check);
    if (done === undefined) {
      done = new Set();
      this.#done.set(check, done);
    }
    const fresh = [...anchors].filter((anchor) => !isCovered(anchor, anchors, done));
    for (const anchor of fresh) done.add(anchor);
    return this.#evaluating(check, fresh);
  }

  #add(check: Check, anchor: Instance): void {
    const anchors = this.#waiting.get(check);
    if (anchors === undefined) this.#waiting.set(check, new Set([anchor]));
    else anchors.add(anchor);
  }

  #addValues(reader: Reader, values: readonly Value[]): void {
    let known = this.#values.get(reader);
    if (known === undefined) {
      known = new Set();
      this.#values.set(reader, known);
    }
    for (const value of values) known.add(value);
  }

  /** Finds the context nodes whose leaf has one of the values, by index. */
  #resolving({ check, narrow }: Reader, values: ReadonlySet<Value>): Task {
    const { leaf, top } = narrow!.source;
    const { run } = this.#pass;
    const rest = values.values();
    return {
      step: () => {
        const { value, done } = rest.next();
        if (done === true) return true;
        // XPath compares texts: the leaf may be of another type than the key.
        for (const same of valuesOfText(leaf.type, value)) {
          for (const holder of this.#pass.index(leaf).holders(same, run.root)) this.#add(check, holder.above(top));
        }
        return false;
      },
    };
  }

  /** The values of the narrowing leaf in what changed; undefined where they cannot be told. */
  #narrow({ narrow, lossOnly }: Reader, change: Change): readonly Value[] | undefined {
    const { leaf } = narrow!;
    const { parent, schema, values, keys, content } = change;
    if (schema === leaf) return values && (lossOnly ? values.before : [...values.before, ...values.after]);
    if (schema.kind === 'list' && keys !== undefined) {
      const index = schema.keys.indexOf(leaf as LeafSchema);
      if (index >= 0) return [keys[index]!];
    }
    for (let at: Instance | undefined = parent; at !== undefined; at = at.parent) {
      if (at.schema.kind !== 'list' || !at.schema.keys.includes(leaf as LeafSchema)) continue;
      return [at.branch!.leaf(leaf as LeafSchema)!];
    }
    if (content === undefined) return undefined;
    const branches = lossOnly ? [content.before] : [content.before, content.after];
    return valuesBelow(schema, leaf, branches);
  }

  #evaluating(check: Check, anchors: readonly Instance[]): Task {
    const pass = this.#pass;
    const walk = this.#walk;
    const contexts = contextsBelow(check.context, anchors, pass);
    return {
      step: () => {
        const { value: node, done } = contexts.next();
        if (done === true) return true;
        if (check.kind === 'guard') walk.reconsider(check.node, node);
        else pass.check(check, node);
        return false;
      },
    };
  }
}

/** True where an anchor is below another that is to be looked at, or was. */
function isCovered(anchor: Instance, waiting: ReadonlySet<Instance>, done: ReadonlySet<Instance>): boolean {
  if (done.has(anchor)) return true;
  for (let at = anchor.parent; at !== undefined; at = at.parent) if (waiting.has(at) || done.has(at)) return true;
  return false;
}

function isWithin(value: string, path: string): boolean {
  const next = value[path.length];
  return next === undefined || next === '/' || next === '[' || path === '/';
}
