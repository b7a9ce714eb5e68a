/** Schemas made by hand, for tests of what stands below the compiler. */
import type {
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Module,
  RootSchema,
  Schema,
  Type,
} from '../../src/yang/index.js';

export const stringType: Type = { base: 'string', name: 'string', typedefs: [], lengths: [], patterns: [] };
export const int64Type: Type = { base: 'int64', name: 'int64', typedefs: [], ranges: [] };
export const decimalType: Type = { base: 'decimal64', name: 'decimal64', typedefs: [], fractionDigits: 1, ranges: [] };

const common = {
  description: '',
  reference: '',
  status: 'current' as const,
  parent: undefined,
  extensions: [],
  when: [],
  ifFeatures: [],
  must: [],
  position: { file: 'tiny', line: 1, column: 1 },
  path: '',
  slot: 0,
};

/** One module `tiny`; its nodes are made by the methods and put together by `schema`. */
export class Tiny {
  readonly module: Module = {
    name: 'tiny',
    namespace: 'urn:tiny',
    prefix: 't',
    revision: '',
    yangVersion: '1.1',
    organization: '',
    contact: '',
    description: '',
    implemented: true,
    features: new Map(),
    prefixes: new Map(),
    submodules: [],
    children: [],
    augments: [],
    extensions: [],
    source: 'tiny.yang',
    text: '',
  };

  leaf(name: string, type: Type = stringType, config = true): LeafSchema {
    const { module } = this;
    return {
      ...common,
      kind: 'leaf',
      name,
      module,
      config,
      type,
      units: undefined,
      default: undefined,
      mandatory: false,
      isKey: false,
    };
  }

  leafList(name: string, orderedBy: 'user' | 'system' = 'system', config = true): LeafListSchema {
    const { module } = this;
    const rest = { units: undefined, defaults: [], minElements: 0, maxElements: Number.POSITIVE_INFINITY };
    return { ...common, ...rest, kind: 'leaf-list', name, module, config, type: stringType, orderedBy };
  }

  container(name: string, children: readonly DataSchema[], presence?: string): ContainerSchema {
    const { module } = this;
    return { ...common, ...this.#branch(children), kind: 'container', name, module, config: true, presence };
  }

  list(
    name: string,
    keys: readonly LeafSchema[],
    others: readonly DataSchema[],
    orderedBy: 'user' | 'system' = 'system',
  ): ListSchema {
    const { module } = this;
    const rest = { minElements: 0, maxElements: Number.POSITIVE_INFINITY, unique: [], orderedBy };
    const branch = this.#branch([...keys, ...others]);
    return { ...common, ...rest, ...branch, kind: 'list', name, module, config: keys.length > 0, keys };
  }

  schema(children: readonly DataSchema[]): Schema {
    const root: RootSchema = { kind: 'root', config: true, ...this.#branch(children) };
    for (const child of children) Object.assign(child, { parent: root });
    return {
      modules: new Map([['tiny', this.module]]),
      namespaces: new Map([['urn:tiny', this.module]]),
      root,
      rpcs: new Map(),
      notifications: new Map(),
      identities: new Map(),
      structures: new Map(),
      annotations: new Map(),
    };
  }

  #branch(children: readonly DataSchema[]): Omit<RootSchema, 'kind' | 'config'> {
    for (const [slot, child] of children.entries()) Object.assign(child, { slot });
    return {
      children,
      dataChildren: children,
      byQualifiedName: new Map(children.map((child) => [`tiny:${child.name}`, child])),
      byName: new Map(children.map((child) => [child.name, [child]])),
      actions: [],
      notifications: [],
    };
  }
}
