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
  /** The module that lacks something, where the fault is that. */
  readonly about: string | undefined;

  constructor(at: Position, message: string, about?: string) {
    super(message);
    this.position = at;
    this.about = about;
  }
}

export class Diagnostics {
  readonly #errors: { readonly error: ModuleError; readonly about: string | undefined }[] = [];
  readonly #failed = new Set<string>();
  readonly #seen = new Set<string>();

  /**
   * Records an error once and marks the module as one that does not compile. `about` names the module that lacks what
   * was looked for: where that one has errors itself, this error only follows from them and is not told.
   */
  report(module: string, at: Position, message: string, about?: string): void {
    this.#failed.add(module);
    const key = `${module}\n${at.file}\n${String(at.line)}\n${String(at.column)}\n${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#errors.push({ error: { file: at.file, line: at.line, column: at.column, message, module }, about });
  }

  /** Runs `work`; a fault that it throws is recorded and `undefined` returned. Other exceptions pass. */
  attempt<T>(module: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof StatementError || thrown instanceof ModuleSyntaxError)) throw thrown;
      this.report(module, thrown.position, thrown.message, thrown instanceof StatementError ? thrown.about : undefined);
      return undefined;
    }
  }

  /** For work that may be repeated: knows what has failed and what was told, and has no errors of its own yet. */
  fork(): Diagnostics {
    const fork = new Diagnostics();
    for (const module of this.#failed) fork.#failed.add(module);
    for (const key of this.#seen) fork.#seen.add(key);
    return fork;
  }

  /** Takes over the errors of a fork; those of other modules as errors of `blamed`, where one is given. */
  absorb(fork: Diagnostics, blamed?: { readonly module: string; readonly at: Position }): void {
    for (const { error, about } of fork.#errors) {
      if (blamed === undefined || error.module === blamed.module) {
        this.report(error.module, error, error.message, about);
      } else {
        const message = `the deviations leave '${error.module}' in error: ${error.message} (${place(error)})`;
        this.report(blamed.module, blamed.at, message);
      }
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
    const told = this.#errors.filter(
      ({ error, about }) => about === undefined || about === error.module || !this.failed(about),
    );
    return told
      .map(({ error }) => error)
      .toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column);
  }
}

/** Where a statement stands, for messages that speak of a second place. */
export function place(at: Statement | Position): string {
  return `${at.file}:${String(at.line)}`;
}
