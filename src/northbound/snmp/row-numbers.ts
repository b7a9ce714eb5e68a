/**
 * The numbers of rows whose keys cannot stand in an OID. They outlive the row, so that one that comes back has it again, and the agent:
 * they are remembered beside the tree, some at a time, so that what a new one costs does not grow with the table.
 */
import { createHash } from 'node:crypto';
import type { Log } from '../../datastore/index.js';
import type { JsonValue } from '../../yang/index.js';

/** Durable facts by name: `set` resolves when it is on disk. */
export type Memory = (name: string) => { get(): JsonValue | undefined; set(value: JsonValue): Promise<void> };

interface Numbered {
  readonly number: number;
  /** Position among all that were numbered, which says where it is remembered. */
  readonly slot: number;
}

/** Entries of one fact. */
const pageSize = 128;
const maxPlainId = 64;

export class RowNumbers {
  readonly #name: string;
  readonly #memory: Memory | undefined;
  readonly #log: Log;
  /** By the text of the row's keys, or its SHA-256 where that is long. */
  readonly #numbers = new Map<string, Numbered>();
  /** The next free number, by the text of the keys around. */
  readonly #next = new Map<string, number>();
  readonly #pages: string[][] = [];
  readonly #dirty = new Set<number>();
  #isWriting = false;

  /** `name` is the same at every start. Without a memory numbers last as long as the process. */
  constructor(name: string, memory: Memory | undefined, log: Log) {
    this.#name = name;
    this.#memory = memory;
    this.#log = log;
    if (memory === undefined) return;
    for (let page = 0; ; page += 1) {
      const entries = readPage(memory(this.#pageName(page)).get());
      if (entries === undefined) return;
      for (const [outer, id, number] of entries) this.#put(outer, id, number);
    }
  }

  get(text: string): number | undefined {
    return this.#numbers.get(idOf(text))?.number;
  }

  /** The number of a row, a new one where it has none yet; `outer` is the text of the keys around. */
  number(outer: string, text: string): number {
    const known = this.get(text);
    if (known !== undefined) return known;
    const next = this.#next.get(idOf(outer)) ?? 1;
    this.#remember(outer, text, next);
    return next;
  }

  /** Gives a row the number that a manager chose. */
  assign(outer: string, text: string, number: number): void {
    if (this.get(text) === number) return;
    this.forget(text);
    this.#remember(outer, text, number);
  }

  forget(text: string): void {
    const id = idOf(text);
    const known = this.#numbers.get(id);
    if (known === undefined) return;
    this.#numbers.delete(id);
    this.#touch(known.slot);
  }

  #remember(outer: string, text: string, number: number): void {
    this.#touch(this.#put(idOf(outer), idOf(text), number));
  }

  #put(outer: string, id: string, number: number): number {
    let page = this.#pages.at(-1);
    if (page === undefined || page.length >= pageSize) {
      page = [];
      this.#pages.push(page);
    }
    const slot = (this.#pages.length - 1) * pageSize + page.length;
    page.push(`${outer}\n${id}`);
    this.#numbers.set(id, { number, slot });
    this.#next.set(outer, Math.max(this.#next.get(outer) ?? 1, number + 1));
    return slot;
  }

  #touch(slot: number): void {
    if (this.#memory === undefined) return;
    this.#dirty.add(Math.floor(slot / pageSize));
    if (this.#isWriting) return;
    this.#isWriting = true;
    queueMicrotask(() => void this.#write(this.#memory!));
  }

  async #write(memory: Memory): Promise<void> {
    try {
      for (const page of this.#dirty) {
        this.#dirty.delete(page);
        await memory(this.#pageName(page)).set(this.#page(page));
      }
    } catch (error) {
      this.#log('warning', 'row numbers of SNMP were not remembered', { cause: String(error) });
    } finally {
      this.#isWriting = false;
    }
  }

  /** A slot whose number was forgotten stays, empty: those behind it keep their places. */
  #page(page: number): JsonValue {
    return this.#pages[page]!.map((entry, at) => {
      const [outer, id] = entry.split('\n') as [string, string];
      const known = this.#numbers.get(id);
      return known?.slot === page * pageSize + at ? [outer, id, known.number] : ['', '', 0];
    });
  }

  #pageName(page: number): string {
    return `snmp-rows ${this.#name} ${String(page)}`;
  }
}

function idOf(text: string): string {
  return text.length <= maxPlainId ? JSON.stringify(text) : createHash('sha256').update(text).digest('base64url');
}

/** Undefined where there is no page, or what is there is none. */
function readPage(value: JsonValue | undefined): (readonly [outer: string, id: string, number: number])[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((entry: JsonValue) => {
    const [outer, id, number] = Array.isArray(entry) ? entry : [];
    return [String(outer), String(id), Number(number)] as const;
  });
}
