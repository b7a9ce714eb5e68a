/** Uses of extensions (RFC 7950 7.19): found, checked against their definition, and kept for whoever asks. */
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { Draft } from './drafts.js';
import { isExtension } from './grammar.js';
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import type { ExtensionInstance } from './schema.js';
import type { Located, Scope, Scopes } from './scope.js';

export class Extensions {
  readonly #scopes: Scopes;

  constructor(scopes: Scopes) {
    this.#scopes = scopes;
  }

  /** Those of a node: its own, and what refine and deviation added. */
  of(draft: Draft): readonly ExtensionInstance[] {
    const own = this.in(draft.statement, draft.scope);
    return draft.addedExtensions.length === 0
      ? own
      : [...own, ...draft.addedExtensions.map((added) => this.#instance(added))];
  }

  /** Those that stand directly in a statement. */
  in(statement: Statement, scope: Scope): readonly ExtensionInstance[] {
    const uses = statement.substatements.filter((child) => isExtension(child.keyword));
    return uses.length === 0 ? none : uses.map((child) => this.#instance({ statement: child, scope }));
  }

  /** Checks every use in a module, wherever it stands. */
  checkModule(module: LoadedModule, diagnostics: Diagnostics): void {
    for (const unit of module.units) {
      const scope = this.#scopes.of(module).unitScope(unit);
      const visit = (statement: Statement): void => {
        for (const child of statement.substatements) {
          if (isExtension(child.keyword)) {
            diagnostics.attempt(module.name, () => this.#instance({ statement: child, scope }));
          }
          visit(child);
        }
      };
      visit(unit.source.top);
    }
  }

  #instance({ statement, scope }: Located): ExtensionInstance {
    const definition = this.#scopes.resolve('extension', statement.keyword, scope, statement);
    const { name } = definition.statement;
    const takesArgument = definition.statement.find('argument') !== undefined;
    if (takesArgument !== (statement.argument !== undefined)) {
      const problem = takesArgument ? 'lacks its argument' : 'takes no argument';
      throw new StatementError(statement, `extension '${statement.keyword}' ${problem}`);
    }
    return {
      module: definition.scope.unit.module.name,
      name,
      argument: statement.argument,
      position: statement.position(),
    };
  }
}

const none: readonly ExtensionInstance[] = [];
