/** The refusals of one validation: each once, and not more than a reader can use. */
import { ConfigError, type ConfigErrorFields } from '../../error.js';

/** The most errors that one validation tells. */
export const maxErrors = 100;

export class Errors {
  readonly #errors: ConfigError[] = [];
  readonly #seen = new Set<string>();

  get isFull(): boolean {
    return this.#errors.length >= maxErrors;
  }

  get isEmpty(): boolean {
    return this.#errors.length === 0;
  }

  add(fields: ConfigErrorFields): void {
    if (this.isFull) return;
    const key = `${fields.tag}\n${fields.appTag ?? ''}\n${fields.path ?? ''}\n${fields.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#errors.push(new ConfigError(fields));
  }

  all(): readonly ConfigError[] {
    return this.#errors;
  }
}
