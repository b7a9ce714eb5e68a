/** Types and typedef chains (RFC 7950 7.3, 7.4, section 9): what a type statement means where it stands. */
import { compileBits, compileEnumeration } from './compile-enums.js';
import type { CompileTools } from './compile-tools.js';
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { Features } from './features.js';
import type { Identities } from './identities.js';
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import { builtInBounds, readRange } from './ranges.js';
import type { LeafListSchema, LeafSchema, Module } from './schema.js';
import { type Definition, definitionScopes, type Located, type Scope, type Scopes } from './scope.js';
import { checkStatus, type Reference, statusOf } from './status.js';
import type {
  Decimal64Type,
  IntegerBase,
  LeafrefType,
  PatternRestriction,
  RangeRestriction,
  Type,
  TypedefInfo,
} from './types.js';

/** A type before it is known which leaf has it; leafrefs get their target there. */
export interface TypeTemplate {
  readonly type: Type;
  /** True where a leafref is the type or a member of it, so that each leaf needs a type of its own. */
  readonly contextual: boolean;
  /** Of the nearest typedef that has one. */
  readonly default: Located | undefined;
  readonly units: string | undefined;
  /** The typedefs and identities that the type statement names, for the status rule. */
  readonly references: readonly Reference[];
}

/** A leafref that waits for its target to be found. */
export interface PendingLeafref {
  readonly type: LeafrefType & { target: LeafSchema | LeafListSchema };
  readonly path: Located;
}

export class TypeCompiler {
  readonly #scopes: Scopes;
  readonly #features: Features;
  readonly #identities: Identities;
  readonly #tools: CompileTools;
  readonly #schemaModule: (module: LoadedModule) => Module;
  readonly #typedefs = new Map<Statement, TypeTemplate | 'open'>();
  readonly #types = new Map<Statement, TypeTemplate>();
  /** Where the path of a leafref template was written. */
  readonly #paths = new Map<Type, Located>();

  constructor(
    scopes: Scopes,
    features: Features,
    identities: Identities,
    tools: CompileTools,
    schemaModule: (module: LoadedModule) => Module,
  ) {
    this.#scopes = scopes;
    this.#features = features;
    this.#identities = identities;
    this.#tools = tools;
    this.#schemaModule = schemaModule;
  }

  /** The template of a type statement. Throws a fault at the first violation in it. */
  template(statement: Statement, scope: Scope): TypeTemplate {
    const known = this.#types.get(statement);
    if (known !== undefined) return known;
    const builtIn = builtInTypes[statement.name];
    const template = builtIn === undefined ? this.#derived(statement, scope) : this.#builtIn(statement, scope, builtIn);
    this.#types.set(statement, template);
    return template;
  }

  /** Compiles every typedef of a module, used or not. */
  checkTypedefs(module: LoadedModule, diagnostics: Diagnostics): void {
    const visit = (statement: Statement, scope: Scope): void => {
      if (statement.keyword === 'typedef') {
        diagnostics.attempt(module.name, () => this.#checkTypedef({ statement, scope }));
        return;
      }
      const inner = diagnostics.attempt(module.name, () => this.#scopes.inside(statement, scope));
      for (const child of statement.substatements) {
        if (scopeKeywords.has(child.keyword)) visit(child, inner ?? scope);
      }
    };
    for (const unit of module.units) {
      const scope = this.#scopes.of(module).unitScope(unit);
      for (const statement of unit.source.top.substatements) {
        if (scopeKeywords.has(statement.keyword)) visit(statement, scope);
      }
    }
  }

  /** The type for one leaf: as it is, or with leafrefs of its own whose targets are still to be found. */
  instantiate(template: TypeTemplate, owner: Module, pending: PendingLeafref[]): Type {
    return template.contextual ? this.#instantiate(template.type, owner, pending) : template.type;
  }

  #instantiate(type: Type, owner: Module, pending: PendingLeafref[]): Type {
    if (type.base === 'union') {
      return { ...type, members: type.members.map((member) => this.#instantiate(member, owner, pending)) };
    }
    if (type.base !== 'leafref') return type;
    const path = this.#paths.get(type)!;
    const own = { ...type, path: this.#tools.xpath(path, owner) };
    pending.push({ type: own, path });
    return own;
  }

  #checkTypedef(definition: Definition): void {
    const template = this.#typedef(definition);
    if (template.contextual || template.default === undefined || holdsInstanceIdentifier(template.type)) return;
    this.#tools.value(template.type, template.default, undefined);
  }

  #derived(statement: Statement, scope: Scope): TypeTemplate {
    const definition = this.#scopes.resolve('typedef', statement.name, scope, statement);
    const base = this.#typedef(definition);
    const info: TypedefInfo = {
      module: this.#schemaModule(definition.scope.unit.module),
      name: definition.statement.name,
      description: definition.statement.text('description') ?? '',
      units: base.units,
    };
    const restricted = this.#restrict(base.type, statement, scope);
    const type: Type = { ...restricted, name: statement.name, typedefs: [info, ...base.type.typedefs] };
    const path = this.#paths.get(base.type);
    if (path !== undefined) this.#paths.set(type, path);
    const references = [{ at: statement, scope, definition }];
    return { type, contextual: base.contextual, default: base.default, units: base.units, references };
  }

  #typedef(definition: Definition): TypeTemplate {
    const { statement, scope } = definition;
    const known = this.#typedefs.get(statement);
    if (known === 'open') throw new StatementError(statement, `typedef '${statement.name}' is defined by itself`);
    if (known !== undefined) return known;
    if (Object.hasOwn(builtInTypes, statement.name)) {
      throw new StatementError(statement, `typedef '${statement.name}' has the name of a built-in type`);
    }
    this.#typedefs.set(statement, 'open');
    try {
      const base = this.template(statement.find('type')!, scope);
      checkStatus(base.references, statusOf(statement));
      const own = statement.find('default');
      const template: TypeTemplate = {
        type: base.type,
        contextual: base.contextual,
        default: own === undefined ? base.default : { statement: own, scope },
        units: statement.text('units') ?? base.units,
        references: [],
      };
      this.#typedefs.set(statement, template);
      return template;
    } finally {
      if (this.#typedefs.get(statement) === 'open') this.#typedefs.delete(statement);
    }
  }

  #builtIn(statement: Statement, scope: Scope, allowed: readonly string[]): TypeTemplate {
    refuseOthers(statement, statement.name, allowed);
    const type = this.#makeBuiltIn(statement, scope);
    const contextual =
      type.base === 'leafref' || (type.base === 'union' && type.members.some((m) => this.#isContextual(m)));
    const references = this.#references(statement, scope);
    return { type, contextual, default: undefined, units: undefined, references };
  }

  #references(statement: Statement, scope: Scope): readonly Reference[] {
    const bases = statement.all('base').map((base) => ({
      at: base,
      scope,
      definition: this.#scopes.resolve('identity', base.name, scope, base),
    }));
    return [...bases, ...statement.all('type').flatMap((member) => this.template(member, scope).references)];
  }

  #isContextual(type: Type): boolean {
    return (
      type.base === 'leafref' || (type.base === 'union' && type.members.some((member) => this.#isContextual(member)))
    );
  }

  #makeBuiltIn(statement: Statement, scope: Scope): Type {
    const common = { name: statement.name, typedefs: [] };
    switch (statement.name) {
      case 'decimal64':
        return this.#decimal(statement);
      case 'string':
        return {
          ...common,
          base: 'string',
          lengths: lengths(statement, [wholeLength]),
          patterns: this.#patterns(statement, []),
        };
      case 'binary':
        return { ...common, base: 'binary', lengths: lengths(statement, [wholeLength]) };
      case 'boolean':
        return { ...common, base: 'boolean' };
      case 'empty':
        return { ...common, base: 'empty' };
      case 'enumeration':
        return {
          ...common,
          base: 'enumeration',
          enums: compileEnumeration(statement, scope, this.#features, undefined),
        };
      case 'bits':
        return { ...common, base: 'bits', bits: compileBits(statement, scope, this.#features, undefined) };
      case 'identityref':
        return this.#identityref(statement, scope);
      case 'instance-identifier':
        return { ...common, base: 'instance-identifier', requireInstance: requireInstance(statement) ?? true };
      case 'leafref':
        return this.#leafref(statement, scope);
      case 'union':
        return this.#union(statement, scope);
      default: {
        const base = statement.name as IntegerBase;
        return { ...common, base, ranges: ranges(statement, [whole(builtInBounds[base]!)], 0) };
      }
    }
  }

  #decimal(statement: Statement): Decimal64Type {
    const digits = statement.text('fraction-digits');
    if (digits === undefined) throw new StatementError(statement, "type 'decimal64' lacks 'fraction-digits'");
    const fractionDigits = Number(digits);
    return {
      base: 'decimal64',
      name: statement.name,
      typedefs: [],
      fractionDigits,
      ranges: ranges(statement, [whole(builtInBounds['decimal64']!)], fractionDigits),
    };
  }

  #identityref(statement: Statement, scope: Scope): Type {
    const bases = statement.all('base').map((base) => {
      return this.#identities.of(this.#scopes.resolve('identity', base.name, scope, base).statement);
    });
    if (bases.length === 0) throw new StatementError(statement, "type 'identityref' lacks 'base'");
    return { base: 'identityref', name: statement.name, typedefs: [], bases };
  }

  #leafref(statement: Statement, scope: Scope): Type {
    const path = statement.find('path');
    if (path === undefined) throw new StatementError(statement, "type 'leafref' lacks 'path'");
    checkRequireInstanceVersion(statement, scope);
    // The target and the compiled path come with the leaf: see instantiate.
    const type = {
      base: 'leafref',
      name: statement.name,
      typedefs: [],
      pathText: path.name,
      requireInstance: requireInstance(statement) ?? true,
    } as unknown as LeafrefType;
    this.#paths.set(type, { statement: path, scope });
    return type;
  }

  #union(statement: Statement, scope: Scope): Type {
    const members = statement.all('type').map((member) => {
      const { type } = this.template(member, scope);
      if (scope.unit.source.version === '1' && (type.base === 'empty' || type.base === 'leafref')) {
        throw new StatementError(member, `in YANG 1 a union has no member of type '${type.base}'`);
      }
      return type;
    });
    if (members.length === 0) throw new StatementError(statement, "type 'union' has no member type");
    return { base: 'union', name: statement.name, typedefs: [], members };
  }

  /** A type that a type statement makes of a typedef's by narrowing it. */
  #restrict(base: Type, statement: Statement, scope: Scope): Type {
    refuseOthers(statement, base.base, derivedRestrictions[base.base] ?? []);
    switch (base.base) {
      case 'decimal64':
        return { ...base, ranges: ranges(statement, base.ranges, base.fractionDigits) };
      case 'string':
        return {
          ...base,
          lengths: lengths(statement, base.lengths),
          patterns: this.#patterns(statement, base.patterns),
        };
      case 'binary':
        return { ...base, lengths: lengths(statement, base.lengths) };
      case 'enumeration':
        if (statement.find('enum') === undefined) return base;
        checkSubsetVersion(statement, scope);
        return { ...base, enums: compileEnumeration(statement, scope, this.#features, base.enums) };
      case 'bits':
        if (statement.find('bit') === undefined) return base;
        checkSubsetVersion(statement, scope);
        return { ...base, bits: compileBits(statement, scope, this.#features, base.bits) };
      case 'instance-identifier':
        return { ...base, requireInstance: requireInstance(statement) ?? base.requireInstance };
      case 'leafref': {
        checkRequireInstanceVersion(statement, scope);
        return { ...base, requireInstance: requireInstance(statement) ?? base.requireInstance };
      }
      case 'boolean':
      case 'empty':
      case 'identityref':
      case 'union':
        return base;
      default:
        return { ...base, ranges: ranges(statement, base.ranges, 0) };
    }
  }

  #patterns(statement: Statement, inherited: readonly PatternRestriction[]): readonly PatternRestriction[] {
    const own = statement.all('pattern').map((pattern): PatternRestriction => {
      const compiled = this.#tools.pattern(pattern);
      return {
        text: pattern.name,
        invert: pattern.text('modifier') === 'invert-match',
        errorMessage: pattern.text('error-message'),
        errorAppTag: pattern.text('error-app-tag'),
        matches: (value) => compiled.matches(value),
      };
    });
    return own.length === 0 ? inherited : [...own, ...inherited];
  }
}

function ranges(
  statement: Statement,
  base: readonly RangeRestriction[],
  fractionDigits: number,
): readonly RangeRestriction[] {
  const own = statement.find('range');
  return own === undefined ? base : [readRange(own, base[0]!.parts, fractionDigits), ...base];
}

function lengths(statement: Statement, base: readonly RangeRestriction[]): readonly RangeRestriction[] {
  const own = statement.find('length');
  return own === undefined ? base : [readRange(own, base[0]!.parts), ...base];
}

function whole(bounds: { readonly min: bigint; readonly max: bigint }): RangeRestriction {
  return { parts: [bounds], errorMessage: undefined, errorAppTag: undefined };
}

const wholeLength = whole(builtInBounds['length']!);

function requireInstance(statement: Statement): boolean | undefined {
  const text = statement.text('require-instance');
  return text === undefined ? undefined : text === 'true';
}

function holdsInstanceIdentifier(type: Type): boolean {
  return type.base === 'instance-identifier' || (type.base === 'union' && type.members.some(holdsInstanceIdentifier));
}

function checkRequireInstanceVersion(statement: Statement, scope: Scope): void {
  const at = statement.find('require-instance');
  if (at !== undefined && scope.unit.source.version === '1') {
    throw new StatementError(at, "'require-instance' in a leafref needs yang-version 1.1");
  }
}

function checkSubsetVersion(statement: Statement, scope: Scope): void {
  if (scope.unit.source.version === '1') {
    throw new StatementError(statement, 'narrowing an enumeration or bits type needs yang-version 1.1');
  }
}

/** Restrictions that the base type does not know (RFC 7950 7.4: each belongs to certain types). */
function refuseOthers(statement: Statement, base: string, allowed: readonly string[]): void {
  for (const child of statement.substatements) {
    if (!child.keyword.includes(':') && !allowed.includes(child.keyword)) {
      const direct = builtInTypes[base]?.includes(child.keyword) === true;
      throw new StatementError(
        child,
        direct
          ? `'${child.keyword}' stands only where '${base}' itself is used, not a type derived from it`
          : `'${child.keyword}' does not apply to type '${base}'`,
      );
    }
  }
}

/** What may stand in a type statement that names the built-in type. */
const builtInTypes: Readonly<Record<string, readonly string[]>> = {
  int8: ['range'],
  int16: ['range'],
  int32: ['range'],
  int64: ['range'],
  uint8: ['range'],
  uint16: ['range'],
  uint32: ['range'],
  uint64: ['range'],
  decimal64: ['fraction-digits', 'range'],
  string: ['length', 'pattern'],
  binary: ['length'],
  boolean: [],
  empty: [],
  enumeration: ['enum'],
  bits: ['bit'],
  identityref: ['base'],
  'instance-identifier': ['require-instance'],
  leafref: ['path', 'require-instance'],
  union: ['type'],
};

/** The same for a type derived from it, where that differs. */
const derivedRestrictions: Readonly<Record<string, readonly string[]>> = {
  ...builtInTypes,
  decimal64: ['range'],
  identityref: [],
  leafref: ['require-instance'],
  union: [],
};

const scopeKeywords: ReadonlySet<string> = new Set(['typedef', ...definitionScopes]);
