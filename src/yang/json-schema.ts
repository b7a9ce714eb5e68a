/** JSON Schema 2020-12 from compiled YANG: complete for editors and people, or only the shape, for a first check. */
import type { JsonObject, JsonValue } from './json-text.js';
import { setMember } from './json-text.js';
import type { BranchSchema, DataSchema, LeafListSchema, LeafSchema, Module, Schema, SchemaNode } from './schema.js';
import type { RangeRestriction, Type } from './types.js';
import { finalType, valueToJson } from './values.js';

export interface JsonSchemaOptions {
  /** Only names, nesting and JSON types: what a partial edit has to have as well, and nothing that needs a pattern. */
  readonly shapeOnly?: boolean;
  /** Numbers, strings and booleans may stand for each other (XML-RPC). */
  readonly relaxed?: boolean;
}

/** For a whole document with the data of one module, or of all. */
export function moduleJsonSchema(schema: Schema, module?: Module): JsonObject {
  const generator = new Generator({});
  const children = schema.root.dataChildren.filter((child) => module === undefined || child.module === module);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: module?.name ?? 'configuration',
    ...(module === undefined || module.description === '' ? {} : { description: module.description }),
    ...generator.members(schema.root, children),
  };
}

/** For the value of one node as `decodeJson` takes it: a branch's members, a leaf's value, a list's array. */
export function nodeJsonSchema(node: BranchSchema | DataSchema, options: JsonSchemaOptions = {}): JsonObject {
  const generator = new Generator(options);
  return 'dataChildren' in node && node.kind !== 'list'
    ? generator.members(node, node.dataChildren)
    : generator.child(node as DataSchema);
}

/** For one entry of a list; its keys may be absent where the path names them. */
export function entryJsonSchema(list: BranchSchema, options: JsonSchemaOptions = {}): JsonObject {
  return new Generator(options).members(list, list.dataChildren);
}

class Generator {
  readonly #options: JsonSchemaOptions;

  constructor(options: JsonSchemaOptions) {
    this.#options = options;
  }

  members(parent: BranchSchema, children: readonly DataSchema[]): JsonObject {
    const properties: Record<string, JsonValue> = {};
    for (const child of children) {
      const own = this.child(child);
      const qualified = `${child.module.name}:${child.name}`;
      const isForeign = parent.kind === 'root' || child.module !== parent.module;
      setMember(properties, isForeign ? qualified : child.name, own);
      // RFC 7951 section 4: a name may be qualified where it need not be.
      if (!isForeign && this.#options.shapeOnly === true) setMember(properties, qualified, own);
    }
    const required = this.#options.shapeOnly === true ? [] : requiredNames(parent, children);
    return {
      type: 'object',
      properties,
      patternProperties: { '^@': true },
      additionalProperties: false,
      ...(required.length === 0 ? {} : { required }),
    };
  }

  child(child: DataSchema): JsonObject {
    return this.#options.shapeOnly === true ? this.#bare(child) : { ...remarks(child), ...this.#bare(child) };
  }

  #bare(child: DataSchema): JsonObject {
    switch (child.kind) {
      case 'container':
        return this.members(child, child.dataChildren);
      case 'list':
        return { type: 'array', items: this.members(child, child.dataChildren), ...this.#size(child) };
      case 'leaf-list':
        return { type: 'array', items: this.#type(child, child.type), ...this.#size(child) };
      case 'leaf':
        return this.#type(child, child.type);
      case 'anydata':
        return { type: 'object' };
      case 'anyxml':
        return {};
    }
  }

  #size(child: { readonly minElements: number; readonly maxElements: number }): JsonObject {
    if (this.#options.shapeOnly === true) return {};
    return {
      ...(child.minElements > 0 ? { minItems: child.minElements } : {}),
      ...(Number.isFinite(child.maxElements) ? { maxItems: child.maxElements } : {}),
    };
  }

  #type(leaf: LeafSchema | LeafListSchema, type: Type): JsonObject {
    const final = finalType(type);
    if (final.base === 'union') return { anyOf: final.members.map((member) => this.#type(leaf, member)) };
    if (this.#options.relaxed === true) return final.base === 'empty' ? {} : { type: ['string', 'number', 'boolean'] };
    if (this.#options.shapeOnly === true) return shape(final);
    return { ...shape(final), ...restrictions(leaf, final) };
  }
}

/** JSON type alone (RFC 7951 section 6). */
function shape(type: Exclude<Type, { base: 'leafref' | 'union' }>): JsonObject {
  switch (type.base) {
    case 'boolean':
      return { type: 'boolean' };
    case 'empty':
      return { type: 'array', prefixItems: [{ type: 'null' }], minItems: 1, maxItems: 1 };
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return { type: 'integer' };
    default:
      return { type: 'string' };
  }
}

function restrictions(
  leaf: LeafSchema | LeafListSchema,
  type: Exclude<Type, { base: 'leafref' | 'union' }>,
): JsonObject {
  switch (type.base) {
    case 'enumeration':
      return { enum: type.enums.map((each) => each.name) };
    case 'identityref':
      return { enum: identityNames(leaf, type.bases) };
    case 'bits':
      return { description: `any of ${type.bits.map((bit) => bit.name).join(', ')}, with spaces between` };
    case 'binary':
      return { contentEncoding: 'base64' };
    case 'int64':
    case 'uint64':
      return { pattern: type.base === 'int64' ? '^[+-]?[0-9]+$' : '^\\+?[0-9]+$' };
    case 'decimal64':
      return { pattern: '^[+-]?[0-9]+(\\.[0-9]+)?$' };
    case 'string':
      return { ...lengths(type.lengths), ...patterns(type.patterns) };
    case 'boolean':
    case 'empty':
    case 'instance-identifier':
      return {};
    default:
      return ranges(type.ranges[0]!);
  }
}

function ranges(range: RangeRestriction): JsonObject {
  const parts = range.parts.map((part) => ({ minimum: Number(part.min), maximum: Number(part.max) }));
  return parts.length === 1 ? parts[0]! : { anyOf: parts };
}

function lengths(restrictions: readonly RangeRestriction[]): JsonObject {
  const [first] = restrictions;
  if (first === undefined) return {};
  const parts = first.parts.map((part) => ({
    ...(part.min > 0n ? { minLength: Number(part.min) } : {}),
    ...(part.max < 2n ** 53n ? { maxLength: Number(part.max) } : {}),
  }));
  return parts.length === 1 ? parts[0]! : { anyOf: parts };
}

/** XSD patterns that ECMAScript reads alike: for editors only, never for a check of ours. */
function patterns(all: readonly { readonly text: string; readonly invert: boolean }[]): JsonObject {
  const [first, ...rest] = all
    .filter((pattern) => !/\\[icIC]|-\[|[$^]/u.test(pattern.text.replaceAll('[^', '[')))
    .map((pattern) => {
      const own = { pattern: `^(?:${pattern.text})$` };
      return pattern.invert ? { not: own } : own;
    });
  if (first === undefined) return {};
  return rest.length === 0 ? first : { allOf: [first, ...rest] };
}

function identityNames(leaf: LeafSchema | LeafListSchema, bases: (Type & { base: 'identityref' })['bases']): string[] {
  const [first, ...rest] = bases;
  const admitted = [...(first?.derived ?? [])].filter((each) => rest.every((base) => base.derived.has(each)));
  return admitted.flatMap((each) => {
    const qualified = `${each.module.name}:${each.name}`;
    return each.module === leaf.module ? [qualified, each.name] : [qualified];
  });
}

function remarks(child: DataSchema): JsonObject {
  const initial = child.kind === 'leaf' ? child.default : undefined;
  return {
    ...(child.description === '' ? {} : { description: child.description }),
    ...(child.config ? {} : { readOnly: true }),
    ...(child.status === 'current' ? {} : { deprecated: true }),
    ...(initial === undefined ? {} : { default: valueToJson((child as LeafSchema).type, initial) }),
  };
}

/** Keys, and what is mandatory outside a choice: inside one another case may have been chosen. */
function requiredNames(parent: BranchSchema, children: readonly DataSchema[]): string[] {
  const keys: readonly DataSchema[] = parent.kind === 'list' ? parent.keys : [];
  return children
    .filter((child) => keys.includes(child) || (isMandatory(child) && !isInChoice(child) && child.when.length === 0))
    .map((child) =>
      parent.kind === 'root' || child.module !== parent.module ? `${child.module.name}:${child.name}` : child.name,
    );
}

function isMandatory(child: DataSchema): boolean {
  if (!child.config) return false;
  if (child.kind === 'list' || child.kind === 'leaf-list') return child.minElements > 0;
  return child.kind !== 'container' && child.mandatory;
}

function isInChoice(child: DataSchema): boolean {
  const parent: SchemaNode | { readonly kind: 'root' } | undefined = child.parent;
  return parent?.kind === 'case' || parent?.kind === 'choice';
}
