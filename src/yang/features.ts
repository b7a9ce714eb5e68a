/** Features and if-feature expressions (RFC 7950 7.20.1, 7.20.2). */
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import type { Located, Scope, Scopes } from './scope.js';

/** Which features of a module are supported: names, all of them, or none. Modules that are not named support all. */
export type FeatureSelection = Readonly<Record<string, readonly string[] | 'all' | 'none'>>;

/** Decides if-feature expressions. A feature counts only where it is selected and its own if-feature hold. */
export class Features {
  readonly #scopes: Scopes;
  readonly #selection: FeatureSelection;
  readonly #state = new Map<Statement, boolean | 'open'>();

  constructor(scopes: Scopes, selection: FeatureSelection) {
    this.#scopes = scopes;
    this.#selection = selection;
  }

  /** True where every if-feature among the substatements holds. */
  hold(statement: Statement, scope: Scope): boolean {
    let result = true;
    for (const child of statement.substatements) {
      if (child.keyword === 'if-feature' && !this.holds({ statement: child, scope })) result = false;
    }
    return result;
  }

  /** One if-feature statement. */
  holds({ statement, scope }: Located): boolean {
    const version1 = scope.unit.source.version === '1';
    const parser = new ExpressionParser(statement, version1, (name) => this.#supported(name, scope, statement));
    return parser.parse();
  }

  /** All features of a module with whether they are supported; faults are recorded. */
  ofModule(module: LoadedModule, diagnostics: Diagnostics): Map<string, boolean> {
    const result = new Map<string, boolean>();
    for (const { statement, scope } of this.#scopes.of(module).all('feature')) {
      const supported = diagnostics.attempt(module.name, () => this.#supported(statement.name, scope, statement));
      result.set(statement.name, supported ?? false);
    }
    return result;
  }

  #supported(reference: string, scope: Scope, at: Statement): boolean {
    const definition = this.#scopes.resolve('feature', reference, scope, at);
    const { statement } = definition;
    const known = this.#state.get(statement);
    if (known === 'open') throw new StatementError(statement, `feature '${statement.name}' depends on itself`);
    if (known !== undefined) return known;
    this.#state.set(statement, 'open');
    const own = this.hold(statement, definition.scope);
    const supported = own && this.#selected(definition.scope.unit.module.name, statement.name);
    this.#state.set(statement, supported);
    return supported;
  }

  #selected(module: string, feature: string): boolean {
    const selection = Object.hasOwn(this.#selection, module) ? this.#selection[module]! : 'all';
    return selection === 'all' || (selection !== 'none' && selection.includes(feature));
  }
}

/** if-feature-expr of section 14. Both sides of an operator are read, so that every name in it is checked. */
class ExpressionParser {
  readonly #statement: Statement;
  readonly #tokens: readonly string[];
  readonly #supported: (name: string) => boolean;
  #at = 0;

  constructor(statement: Statement, version1: boolean, supported: (name: string) => boolean) {
    this.#statement = statement;
    this.#supported = supported;
    this.#tokens = statement.name.match(/[()]|[^()\s]+/gu) ?? [];
    if (version1 && this.#tokens.length !== 1) {
      throw new StatementError(statement, `'if-feature ${statement.name}': an expression needs yang-version 1.1`);
    }
  }

  parse(): boolean {
    const value = this.#or();
    if (this.#at < this.#tokens.length) throw this.#unexpected("'and', 'or' or the end");
    return value;
  }

  #or(): boolean {
    const left = this.#and();
    if (this.#tokens[this.#at] !== 'or') return left;
    this.#at++;
    const right = this.#or();
    return left || right;
  }

  #and(): boolean {
    const left = this.#factor();
    if (this.#tokens[this.#at] !== 'and') return left;
    this.#at++;
    const right = this.#and();
    return left && right;
  }

  #factor(): boolean {
    const token = this.#tokens[this.#at++];
    if (token === 'not') return !this.#factor();
    if (token === '(') {
      const value = this.#or();
      if (this.#tokens[this.#at++] !== ')') {
        this.#at--;
        throw this.#unexpected("')'");
      }
      return value;
    }
    if (token === undefined || !/^(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*$/u.test(token) || reserved.has(token)) {
      this.#at--;
      throw this.#unexpected('a feature name');
    }
    return this.#supported(token);
  }

  #unexpected(expected: string): StatementError {
    const found = this.#tokens[this.#at];
    const shown = found === undefined ? 'the end' : `'${found}'`;
    return new StatementError(
      this.#statement,
      `'if-feature ${this.#statement.name}': expected ${expected}, found ${shown}`,
    );
  }
}

const reserved: ReadonlySet<string> = new Set(['and', 'or', 'not']);
