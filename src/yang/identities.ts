/** Identities and what derives from what (RFC 7950 7.18, 9.10.2). */
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { Features } from './features.js';
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import type { Identity, Module, Status } from './schema.js';
import type { Scopes } from './scope.js';
import { checkStatus } from './status.js';

interface IdentityDraft extends Identity {
  readonly bases: Identity[];
  readonly derived: Set<Identity>;
}

/** The identities of one compilation. Only those that are supported and of implemented modules count as derived. */
export class Identities {
  readonly all: ReadonlyMap<string, Identity>;
  readonly #byStatement = new Map<Statement, IdentityDraft>();
  readonly #scopes: Scopes;
  readonly #unsupported = new Set<Identity>();

  constructor(
    modules: readonly LoadedModule[],
    schemaModule: (module: LoadedModule) => Module,
    scopes: Scopes,
    features: Features,
    diagnostics: Diagnostics,
  ) {
    this.#scopes = scopes;
    const all = new Map<string, Identity>();
    for (const module of modules) {
      for (const { statement, scope } of scopes.of(module).all('identity')) {
        const identity: IdentityDraft = {
          module: schemaModule(module),
          name: statement.name,
          bases: [],
          derived: new Set(),
          description: statement.text('description') ?? '',
          status: (statement.text('status') ?? 'current') as Status,
        };
        this.#byStatement.set(statement, identity);
        const supported = diagnostics.attempt(module.name, () => features.hold(statement, scope));
        if (supported === false) this.#unsupported.add(identity);
        else if (identity.module.implemented || !all.has(`${module.name}:${statement.name}`)) {
          all.set(`${module.name}:${statement.name}`, identity);
        }
      }
    }
    for (const module of modules) this.#link(module, diagnostics);
    this.all = all;
  }

  of(statement: Statement): Identity {
    return this.#byStatement.get(statement)!;
  }

  #link(module: LoadedModule, diagnostics: Diagnostics): void {
    for (const { statement, scope } of this.#scopes.of(module).all('identity')) {
      const identity = this.#byStatement.get(statement)!;
      for (const base of statement.all('base')) {
        diagnostics.attempt(module.name, () => {
          const definition = this.#scopes.resolve('identity', base.name, scope, base);
          checkStatus([{ at: base, scope, definition }], identity.status);
          const found = this.#byStatement.get(definition.statement)!;
          if (found === identity || identity.derived.has(found) || descends(found, identity)) {
            throw new StatementError(base, `identity '${statement.name}' is derived from itself`);
          }
          identity.bases.push(found);
          this.#addDerived(found, identity);
        });
      }
    }
  }

  /** Adds an identity and all derived from it so far to its new base and to all above that. */
  #addDerived(base: IdentityDraft, identity: IdentityDraft): void {
    for (const member of [identity, ...identity.derived]) {
      if (member.module.implemented && !this.#unsupported.has(member)) base.derived.add(member);
    }
    for (const above of base.bases) this.#addDerived(above as IdentityDraft, identity);
  }
}

function descends(identity: Identity, from: Identity): boolean {
  return identity.bases.some((base) => base === from || descends(base, from));
}
