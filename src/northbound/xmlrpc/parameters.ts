/** The parameters of a call, read with the type that each method wants. */
import { ConfigError } from '../../error.js';
import { isStruct, type RpcStruct, type RpcValue, typeName } from './values.js';

export class Parameters {
  readonly #method: string;
  readonly #values: readonly RpcValue[];
  readonly #names: readonly string[];

  /** `names` as in the help, optional ones with a `?`. Throws ConfigError where there are too few or too many. */
  constructor(method: string, values: readonly RpcValue[], names: readonly string[]) {
    this.#method = method;
    this.#values = values;
    this.#names = names;
    const required = names.filter((name) => !name.endsWith('?')).length;
    if (values.length < required || values.length > names.length) {
      throw invalid(`${method} takes (${names.join(', ')}), not ${values.length} parameters`);
    }
  }

  string(index: number): string {
    const value = this.#values[index];
    if (typeof value !== 'string') throw this.#mismatch(index, 'a string');
    return value;
  }

  optionalString(index: number): string | undefined {
    return this.#values[index] === undefined ? undefined : this.string(index);
  }

  /** An empty struct where the parameter is absent. */
  struct(index: number): RpcStruct {
    const value = this.#values[index];
    if (value === undefined) return new Map();
    if (!isStruct(value)) throw this.#mismatch(index, 'a struct');
    return value;
  }

  array(index: number): readonly RpcValue[] {
    const value = this.#values[index];
    if (!Array.isArray(value)) throw this.#mismatch(index, 'an array');
    return value as readonly RpcValue[];
  }

  any(index: number): RpcValue {
    const value = this.#values[index];
    if (value === undefined) throw this.#mismatch(index, 'a value');
    return value;
  }

  #mismatch(index: number, wanted: string): ConfigError {
    const value = this.#values[index];
    const name = this.#names[index]?.replace('?', '') ?? '';
    const given = value === undefined ? 'nothing' : typeName(value);
    return invalid(`${this.#method}: ${name} is ${wanted}, not ${given}`);
  }
}

/** The members of a struct, read by name; `finish` refuses what nobody asked for. */
export class Members {
  readonly #struct: RpcStruct;
  readonly #what: string;
  readonly #asked = new Set<string>();

  constructor(struct: RpcStruct, what: string) {
    this.#struct = struct;
    this.#what = what;
  }

  value(name: string): RpcValue | undefined {
    this.#asked.add(name);
    return this.#struct.get(name);
  }

  string(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'string') throw this.#mismatch(name, 'a string', value);
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'boolean') throw this.#mismatch(name, 'a boolean', value);
    return value;
  }

  int(name: string): number | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'number') throw this.#mismatch(name, 'an int', value);
    return value;
  }

  finish(): void {
    const unknown = [...this.#struct.keys()].filter((name) => !this.#asked.has(name));
    if (unknown.length > 0) {
      const known = [...this.#asked].join(', ');
      throw new ConfigError({
        tag: 'unknown-element',
        message: `${this.#what} has no ${unknown.join(', ').slice(0, 200)}; it has ${known}`,
      });
    }
  }

  #mismatch(name: string, wanted: string, value: RpcValue): ConfigError {
    return invalid(`${this.#what}: ${name} is ${wanted}, not ${typeName(value)}`);
  }
}

function invalid(message: string): ConfigError {
  return new ConfigError({ type: 'rpc', tag: 'invalid-value', message });
}
