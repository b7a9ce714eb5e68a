/**
 * A map beside the tree that outlasts restarts: journalled, not part of the history. It is kept in parts, so that a change
 * writes one of them and not the whole.
 */
import { createHash } from 'node:crypto';
import type { ModuleServices } from '../datastore/index.js';
import type { JsonObject, JsonValue } from '../yang/index.js';

export class DurableMap {
  readonly #memory: ModuleServices['memory'];
  readonly #name: string;
  readonly #parts: readonly Map<string, JsonObject>[];
  readonly #dirty = new Set<number>();

  /** Reads what was kept under `name`. */
  constructor(services: Pick<ModuleServices, 'memory'>, name: string) {
    this.#memory = services.memory;
    this.#name = name;
    this.#parts = Array.from({ length: parts }, (_, index) => new Map(readPart(this.#fact(index)?.get())));
  }

  /** True while {@link flush} has something to write. */
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  *entries(): Iterable<readonly [string, JsonObject]> {
    for (const part of this.#parts) yield* part;
  }

  /** Undefined removes. */
  set(key: string, value: JsonObject | undefined): void {
    const index = (createHash('sha256').update(key).digest()[0] ?? 0) % parts;
    if (value === undefined) this.#parts[index]?.delete(key);
    else this.#parts[index]?.set(key, value);
    this.#dirty.add(index);
  }

  /** Resolves when all changes are on disk; rejects where the disk does not take them, and they are written the next time. */
  async flush(): Promise<void> {
    for (const index of this.#dirty) {
      this.#dirty.delete(index);
      try {
        await this.#fact(index)?.set([...(this.#parts[index] ?? [])]);
      } catch (error) {
        this.#dirty.add(index);
        throw error;
      }
    }
  }

  #fact(index: number): ReturnType<NonNullable<ModuleServices['memory']>> | undefined {
    return this.#memory?.(`${this.#name}.${String(index)}`);
  }
}

function* readPart(value: JsonValue | undefined): Iterable<readonly [string, JsonObject]> {
  for (const each of Array.isArray(value) ? value : []) {
    const [key, entry] = each as readonly JsonValue[];
    if (typeof key === 'string' && typeof entry === 'object' && entry !== null) yield [key, entry as JsonObject];
  }
}

/** A power of two, so that they fill alike. */
const parts = 32;
