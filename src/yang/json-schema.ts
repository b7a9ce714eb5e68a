/** JSON Schema 2020-12 from compiled YANG: complete, for editors and people. */
import { memberName, moduleOf } from './json-encode.js';
import { choiceRules } from './json-schema-choices.js';
import { typeJsonSchema } from './json-schema-types.js';
import type { JsonObject, JsonValue } from './json-text.js';
import { setMember } from './json-text.js';
import type { BranchSchema, DataSchema, Module, ParametersSchema, RootSchema, Schema, SchemaNode } from './schema.js';
import { valueToJson } from './values.js';

/**
 * For a whole RFC 7951 document with the data of one module (where it augments others, theirs too), or of all. The
 * parameters of the module's operations, its notifications and its structures are in `$defs`.
 */
export function moduleJsonSchema(schema: Schema, module?: Module): JsonObject {
  const generator = new Generator(schema);
  const tops = module === undefined ? undefined : topNodes(module);
  const children = schema.root.dataChildren.filter((child) => tops?.has(child) !== false);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: module?.name ?? 'configuration',
    ...(module === undefined || module.description === '' ? {} : { description: module.description }),
    ...generator.members(schema.root, children),
    ...generator.definitions(module),
  };
}

/** For the value of one node as `decodeJson` takes it: a branch's members, a leaf's value, a list's array. */
export function nodeJsonSchema(node: BranchSchema | DataSchema): JsonObject {
  const generator = new Generator(undefined);
  return 'dataChildren' in node && node.kind !== 'list'
    ? generator.members(node, node.dataChildren)
    : generator.child(node as DataSchema);
}

class Generator {
  readonly #schema: Schema | undefined;

  /** `schema`: where annotations may be told of, in `$defs`. */
  constructor(schema: Schema | undefined) {
    this.#schema = schema;
  }

  members(parent: BranchSchema, children: readonly DataSchema[]): JsonObject {
    const properties: Record<string, JsonValue> = {};
    for (const child of children) setMember(properties, memberName(child, moduleOf(parent)), this.child(child));
    const required = requiredNames(parent, children);
    return {
      type: 'object',
      properties,
      patternProperties: { '^@': this.#schema === undefined ? true : { $ref: '#/$defs/annotations' } },
      additionalProperties: false,
      ...(required.length === 0 ? {} : { required }),
      ...choiceRules(parent),
    };
  }

  child(child: DataSchema): JsonObject {
    return { ...remarks(child), ...this.#content(child) };
  }

  /** What the rest refers to, and what no datastore holds. */
  definitions(module: Module | undefined): JsonObject {
    const { rpcs, notifications, structures } = this.#schema!;
    const all: Record<string, JsonValue> = { annotations: this.#annotations() };
    for (const [name, { input, output, module: owner }] of rpcs) {
      if (owner !== module) continue;
      for (const part of [input, output]) setMember(all, `${part.kind} of ${name}`, this.#parameters(part));
    }
    for (const [name, notification] of notifications) {
      if (notification.module === module) setMember(all, name, this.#parameters(notification));
    }
    for (const [name, structure] of structures) {
      if (structure.module === module) setMember(all, `structure ${name}`, this.child(structure));
    }
    return { $defs: all };
  }

  #parameters(node: ParametersSchema | Extract<SchemaNode, { kind: 'notification' }>): JsonObject {
    const { description } = node;
    return { ...(description === '' ? {} : { description }), ...this.members(node, node.dataChildren) };
  }

  /** RFC 7952 5.2: an object, or for a leaf-list an object or null for each entry. */
  #annotations(): JsonObject {
    const properties: Record<string, JsonValue> = {};
    for (const [name, { description, type, module }] of this.#schema!.annotations) {
      setMember(properties, name, {
        ...(description === '' ? {} : { description }),
        ...typeJsonSchema(type, module),
      });
    }
    const one = { type: 'object', properties, additionalProperties: false };
    return { anyOf: [one, { type: 'array', items: { anyOf: [one, { type: 'null' }] } }] };
  }

  #content(child: DataSchema): JsonObject {
    switch (child.kind) {
      case 'container':
        return this.members(child, child.dataChildren);
      case 'list':
        return { type: 'array', items: this.members(child, child.dataChildren), ...size(child) };
      case 'leaf-list':
        return { type: 'array', items: typeJsonSchema(child.type, child.module), ...size(child) };
      case 'leaf':
        return typeJsonSchema(child.type, child.module);
      case 'anydata':
        return { type: 'object' };
      case 'anyxml':
        return {};
    }
  }
}

function size(child: DataSchema & { readonly kind: 'list' | 'leaf-list' }): JsonObject {
  return {
    ...(child.minElements > 0 && child.config ? { minItems: child.minElements } : {}),
    ...(Number.isFinite(child.maxElements) ? { maxItems: child.maxElements } : {}),
    ...(child.kind === 'leaf-list' && child.config ? { uniqueItems: true } : {}),
  };
}

function remarks(child: DataSchema): JsonObject {
  const units = 'units' in child && child.units !== undefined ? `units: ${child.units}` : '';
  const description = [child.description, units].filter((text) => text !== '').join('\n\n');
  const initial = initialValue(child);
  return {
    ...(description === '' ? {} : { description }),
    ...(child.config ? {} : { readOnly: true }),
    ...(child.status === 'current' ? {} : { deprecated: true }),
    ...(initial === undefined ? {} : { default: initial }),
  };
}

function initialValue(child: DataSchema): JsonValue | undefined {
  if (child.kind === 'leaf') return child.default === undefined ? undefined : valueToJson(child.type, child.default);
  if (child.kind !== 'leaf-list' || child.defaults.length === 0) return undefined;
  return child.defaults.map((value) => valueToJson(child.type, value));
}

/** Keys, and what is mandatory outside a choice: inside one another case may have been chosen. */
function requiredNames(parent: BranchSchema, children: readonly DataSchema[]): string[] {
  const keys: readonly DataSchema[] = parent.kind === 'list' ? parent.keys : [];
  return children
    .filter((child) => keys.includes(child) || isNeeded(child))
    .map((child) => memberName(child, moduleOf(parent)));
}

/** RFC 7950 section 3, mandatory node; conditions are left to validation. */
function isNeeded(child: DataSchema): boolean {
  if (!child.config || isInChoice(child) || child.when.length > 0) return false;
  switch (child.kind) {
    case 'container':
      return child.presence === undefined && child.dataChildren.some(isNeeded);
    case 'list':
    case 'leaf-list':
      return child.minElements > 0;
    default:
      return child.mandatory;
  }
}

function isInChoice(child: DataSchema): boolean {
  const parent: SchemaNode | RootSchema | undefined = child.parent;
  return parent?.kind === 'case' || parent?.kind === 'choice';
}

/** The top-level nodes in which there is anything of the module. */
function topNodes(module: Module): ReadonlySet<DataSchema> {
  const nodes = [...module.children, ...module.augments.flatMap((augment) => augment.nodes)];
  return new Set(nodes.flatMap(topsOf));
}

function topsOf(node: SchemaNode): DataSchema[] {
  let top = node;
  for (let { parent } = top; parent !== undefined && parent.kind !== 'root'; { parent } = top) top = parent;
  return dataNodesOf(top);
}

function dataNodesOf(node: SchemaNode): DataSchema[] {
  if (node.kind === 'choice') return node.cases.flatMap(dataNodesOf);
  if (node.kind === 'case') return node.children.flatMap(dataNodesOf);
  return 'slot' in node ? [node] : [];
}
