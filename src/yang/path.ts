/** Instance-identifiers (RFC 7950 9.13, RFC 7951 6.11) and the dotted paths that people write. */
import { childrenOf, type PathParent, resolveName } from './path-resolve.js';
import type { DataSchema, NotificationSchema, OperationSchema, ParametersSchema, Value } from './schema.js';

export interface PathStep {
  /** An operation's or notification's children follow it directly; input and output are not named. */
  readonly schema: DataSchema | OperationSchema | NotificationSchema | ParametersSchema;
  /** List: the key values in the order of the key statement; undefined means the whole list. Leaf-list: the one value. */
  readonly keys: readonly Value[] | undefined;
  /** An entry of a list without keys, counted from 1 (RFC 7950 9.13). */
  readonly position?: number;
}

export class InstanceIdentifier {
  readonly steps: readonly PathStep[];
  static readonly root: InstanceIdentifier = new InstanceIdentifier([]);

  constructor(steps: readonly PathStep[]) {
    this.steps = steps;
  }

  /** RFC 7951 6.11: `/signet-https:https/certificate[name='default']`. Root is `/`. */
  toString(): string {
    if (this.steps.length === 0) return '/';
    let text = '';
    let module: string | undefined;
    for (const { schema, keys, position } of this.steps) {
      text += module === schema.module.name ? `/${schema.name}` : `/${schema.module.name}:${schema.name}`;
      module = schema.module.name;
      if (position !== undefined) text += `[${String(position)}]`;
      else if (keys !== undefined) text += predicates(schema, keys);
    }
    return text;
  }

  /** `https.certificate[default].subject.common-name`: what a person would type. */
  toDotted(): string {
    let parent: PathParent = { schema: undefined };
    const names: string[] = [];
    for (const { schema, keys, position } of this.steps) {
      const plain = isUnambiguous(parent, schema) ? schema.name : `${schema.module.name}:${schema.name}`;
      const brackets = position === undefined ? (keys ?? []).map(bracket) : [`[${String(position)}]`];
      names.push(plain + brackets.join(''));
      parent = { schema };
    }
    return names.join('.');
  }

  get last(): PathStep | undefined {
    return this.steps.at(-1);
  }

  get parent(): InstanceIdentifier | undefined {
    return this.steps.length === 0 ? undefined : new InstanceIdentifier(this.steps.slice(0, -1));
  }

  child(schema: PathStep['schema'], keys?: readonly Value[]): InstanceIdentifier {
    return new InstanceIdentifier([...this.steps, { schema, keys }]);
  }

  /** The entry of a list without keys at a place counted from 1. */
  place(schema: PathStep['schema'], position: number): InstanceIdentifier {
    return new InstanceIdentifier([...this.steps, { schema, keys: undefined, position }]);
  }

  equals(other: InstanceIdentifier): boolean {
    return this.steps.length === other.steps.length && this.contains(other) && other.contains(this);
  }

  /** True where this path is `other` or above it. */
  contains(other: InstanceIdentifier): boolean {
    return (
      this.steps.length <= other.steps.length && this.steps.every((step, index) => covers(step, other.steps[index]!))
    );
  }
}

function covers(step: PathStep, other: PathStep): boolean {
  if (step === other) return true;
  if (step.schema !== other.schema) return false;
  if (step.position !== undefined) return step.position === other.position;
  return (
    step.keys === undefined || (other.keys !== undefined && step.keys.every((key, index) => key === other.keys![index]))
  );
}

/** The lexical form of a value where its type needs no context: as RFC 7951 6.11 puts it into a predicate. */
export function lexical(value: Value): string {
  return value === null ? '' : String(value);
}

function predicates(schema: PathStep['schema'], keys: readonly Value[]): string {
  if (schema.kind !== 'list') return keys.map((key) => `[.=${quoted(lexical(key))}]`).join('');
  return schema.keys.map((key, index) => `[${key.name}=${quoted(lexical(keys[index]!))}]`).join('');
}

/** XPath 1.0 has no escape: a text with both kinds of quote has its double quotes doubled, as XPath 2.0 does. */
function quoted(text: string): string {
  return text.includes("'") ? `"${text.replaceAll('"', '""')}"` : `'${text}'`;
}

function bracket(key: Value): string {
  const text = lexical(key);
  return `[${text === '' || /[[\]"\\]/u.test(text) ? JSON.stringify(text) : text}]`;
}

/** Top level: people leave the module out wherever the name alone resolves, which only the whole schema can tell. */
function isUnambiguous(parent: PathParent, schema: PathStep['schema']): boolean {
  if (schema.name.includes('.')) return false;
  if (parent.schema !== undefined)
    return resolveName(childrenOf(parent.schema), parent.schema.module.name, schema.name) === schema;
  const top = schema.parent;
  if (top === undefined || top.kind !== 'root') return true;
  return (top.byName.get(schema.name) ?? []).length === 1;
}
