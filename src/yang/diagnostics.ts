/** Errors in modules: collected, so that a reader gets all of them at once. */
import { ModuleSyntaxError, type Statement } from './parser.js';
import type { Position } from './schema.js';

export interface ModuleError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The module that does not compile because of it; the place may be in another that it uses. */
  readonly module: string;
}

/** A fault found deep inside; whoever compiles the statement around it records it and goes on with the next. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly position: Position;

  constructor(at: Position, message: string) {
    super(message);
    this.position = at;
  }
}

export class Diagnostics {
  readonly #errors: ModuleError[] = [];
  readonly #failed = new Set<string>();
  readonly #seen = new Set<string>();

  /** Records an error once and marks the module as one that does not compile. */
  report(module: string, at: Position, message: string): void {
    this.#failed.add(module);
    const key = `${module}\n${at.file}\n${String(at.line)}\n${String(at.column)}\n${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#errors.push({ file: at.file, line: at.line, column: at.column, message, module });
  }

  /** Runs `work`; a fault that it throws is recorded and `undefined` returned. Other exceptions pass. */
  attempt<T>(module: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof StatementError || thrown instanceof ModuleSyntaxError)) throw thrown;
      this.report(module, thrown.position, thrown.message);
      return undefined;
    }
  }

  failed(module: string): boolean {
    return this.#failed.has(module);
  }

  get count(): number {
    return this.#errors.length;
  }

  /** By file, line and column. */
  errors(): ModuleError[] {
    return this.#errors.toSorted(
      (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
    );
  }
}

/** Where a statement stands, for messages that speak of a second place. */
export function place(at: Statement | Position): string {
  return `${at.file}:${String(at.line)}`;
}
