/** Reads dotted paths and instance-identifiers (CONTRACT.md, Paths; RFC 7951 6.11). */
import { ConfigError, type ErrorTag } from '../error.js';
import { InstanceIdentifier, type PathStep } from './path.js';
import { childrenOf, resolveName, topChildren } from './path-resolve.js';
import type { LeafListSchema, LeafSchema, ListSchema, Schema, Value } from './schema.js';
import { jsonContext, parseValue } from './values.js';

/**
 * Reads a dotted path or an instance-identifier (CONTRACT.md, Paths). Throws ConfigError: `unknown-element` with the
 * path as far as it resolved, `invalid-value` for a bad key, `bad-element` for a syntax error (with the column).
 */
export function parsePath(schema: Schema, text: string): InstanceIdentifier {
  if (text.length > maximumLength) throw refusal('too-big', InstanceIdentifier.root, 'the path is too long');
  if (text === '' || text === '/') return InstanceIdentifier.root;
  const reader = new Reader(schema, text);
  return text.startsWith('/') ? reader.instanceIdentifier() : reader.dotted();
}

interface KeyText {
  /** Undefined in a dotted path, and `.` for the value of a leaf-list. */
  readonly name: string | undefined;
  readonly text: string;
  /** A bare number: the place of an entry in a list without keys. */
  readonly place: boolean;
}

class Reader {
  readonly #schema: Schema;
  readonly #text: string;
  #offset = 0;
  #path = InstanceIdentifier.root;

  constructor(schema: Schema, text: string) {
    this.#schema = schema;
    this.#text = text;
  }

  instanceIdentifier(): InstanceIdentifier {
    while (this.#offset < this.#text.length) {
      if (!this.#take('/')) this.#syntax("expected '/'");
      const found = this.#name(true);
      const keys: KeyText[] = [];
      while (this.#take('[')) keys.push(this.#predicate());
      this.#step(found, keys);
    }
    return this.#path;
  }

  dotted(): InstanceIdentifier {
    do {
      const found = this.#name(false);
      const keys: KeyText[] = [];
      while (this.#take('[')) keys.push(this.#bracket());
      this.#step(found, keys);
    } while (this.#take('.'));
    if (this.#offset < this.#text.length) this.#syntax("expected '.' or '['");
    return this.#path;
  }

  /** In a dotted path a name has no dots. */
  #name(dots: boolean): PathStep['schema'] {
    const first = this.#identifier(dots);
    const second = this.#take(':') ? this.#identifier(dots) : undefined;
    const [module, name] = second === undefined ? [undefined, first] : [first, second];
    const parent = this.#path.last?.schema;
    const children = parent === undefined ? topChildren(this.#schema) : childrenOf(parent);
    const found = resolveName(children, parent?.module.name, name, module);
    if (found === 'ambiguous') throw this.#unknown(name, `several modules have '${name}' here; write MODULE:${name}`);
    if (found !== undefined) return found;
    if (module !== undefined && !this.#schema.modules.has(module)) {
      throw this.#unknown(`${module}:${name}`, `there is no module '${module}'`);
    }
    const inside = parent === undefined ? '' : ` in ${parent.kind} '${parent.name}'`;
    throw this.#unknown(name, `there is no node '${second === undefined ? name : `${first}:${name}`}'${inside}`);
  }

  #identifier(dots: boolean): string {
    const pattern = dots ? dottedIdentifier : plainIdentifier;
    pattern.lastIndex = this.#offset;
    const [name] = pattern.exec(this.#text) ?? [];
    if (name === undefined) return this.#syntax('expected a name');
    this.#offset += name.length;
    return name;
  }

  /** `[name='value']`, `[.='value']` or `[3]`, after the bracket. */
  #predicate(): KeyText {
    this.#space();
    placePattern.lastIndex = this.#offset;
    const [place] = placePattern.exec(this.#text) ?? [];
    if (place !== undefined) {
      this.#offset += place.length;
      this.#close();
      return { name: undefined, text: place, place: true };
    }
    const name = this.#take('.') ? '.' : this.#keyName();
    this.#space();
    if (!this.#take('=')) this.#syntax("expected '='");
    this.#space();
    const text = this.#quoted();
    this.#close();
    return { name, text, place: false };
  }

  #keyName(): string {
    const first = this.#identifier(true);
    if (!this.#take(':')) return first;
    const name = this.#identifier(true);
    if (!this.#schema.modules.has(first)) throw this.#unknown(name, `there is no module '${first}'`);
    return name;
  }

  #close(): void {
    this.#space();
    if (!this.#take(']')) this.#syntax("expected ']'");
  }

  #quoted(): string {
    const quote = this.#text[this.#offset];
    if (quote !== "'" && quote !== '"') return this.#syntax('expected a quoted value');
    let text = '';
    for (;;) {
      const end = this.#text.indexOf(quote, this.#offset + 1);
      if (end < 0) return this.#syntax('the quoted value does not end');
      text += this.#text.slice(this.#offset + 1, end);
      this.#offset = end + 1;
      if (this.#text[this.#offset] !== quote) return text;
      text += quote;
    }
  }

  /** A key in a dotted path, after the bracket: as it is, or a JSON string. */
  #bracket(): KeyText {
    if (this.#text[this.#offset] !== '"') {
      const end = this.#text.indexOf(']', this.#offset);
      if (end < 0) this.#syntax("expected ']'");
      const text = this.#text.slice(this.#offset, end);
      if (/["[\\]/u.test(text)) this.#syntax('a key that contains [ ] " or \\ is written as a JSON string');
      this.#offset = end + 1;
      return { name: undefined, text, place: false };
    }
    jsonString.lastIndex = this.#offset;
    const [literal] = jsonString.exec(this.#text) ?? [];
    if (literal === undefined) return this.#syntax('expected a JSON string');
    const text = this.#unescape(literal);
    this.#offset += literal.length;
    if (!this.#take(']')) this.#syntax("expected ']'");
    return { name: undefined, text, place: false };
  }

  #unescape(literal: string): string {
    try {
      return JSON.parse(literal) as string;
    } catch {
      return this.#syntax('expected a JSON string');
    }
  }

  #step(schema: PathStep['schema'], keys: readonly KeyText[]): void {
    if (keys.length === 0) this.#path = this.#path.child(schema);
    else if (schema.kind === 'list') this.#listStep(schema, keys);
    else if (schema.kind === 'leaf-list') this.#leafListStep(schema, keys);
    else throw refusal('bad-element', this.#path.child(schema), `${schema.kind} '${schema.name}' has no keys`);
  }

  #listStep(schema: ListSchema, keys: readonly KeyText[]): void {
    const path = this.#path.child(schema);
    const place = Number(keys[0]!.text);
    if (schema.keys.length === 0 && keys.length === 1 && keys[0]!.name === undefined && place >= 1) {
      this.#path = this.#path.place(schema, place);
      return;
    }
    const names = schema.keys.map((key) => key.name).join(', ');
    if (keys.length !== schema.keys.length || keys.some((key) => key.place)) {
      throw refusal(
        'missing-element',
        path,
        schema.keys.length === 0
          ? `list '${schema.name}' has no keys`
          : `the keys of list '${schema.name}' are ${names}`,
      );
    }
    const values = schema.keys.map((key, index) => {
      const given = keys[0]!.name === undefined ? keys[index] : keys.find(({ name }) => name === key.name);
      if (given === undefined) throw refusal('missing-element', path, `the keys of list '${schema.name}' are ${names}`);
      return this.#value(path, key, given.text);
    });
    this.#path = this.#path.child(schema, values);
  }

  #leafListStep(schema: LeafListSchema, keys: readonly KeyText[]): void {
    const [key] = keys;
    const path = this.#path.child(schema);
    if (keys.length !== 1 || key === undefined || key.place || (key.name !== undefined && key.name !== '.')) {
      throw refusal('bad-element', path, `an entry of leaf-list '${schema.name}' is named by its value`);
    }
    this.#path = this.#path.child(schema, [this.#value(path, schema, key.text)]);
  }

  #value(path: InstanceIdentifier, leaf: LeafSchema | LeafListSchema, text: string): Value {
    try {
      return parseValue(leaf.type, text, jsonContext(this.#schema, leaf.module));
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      throw thrown.with({ path: path.toString(), message: `key '${leaf.name}': ${thrown.message}` });
    }
  }

  #take(symbol: string): boolean {
    if (this.#text[this.#offset] !== symbol) return false;
    this.#offset += 1;
    return true;
  }

  #space(): void {
    while (this.#take(' ') || this.#take('\t'));
  }

  #unknown(name: string, message: string): ConfigError {
    return refusal('unknown-element', this.#path, message, { 'bad-element': name });
  }

  #syntax(expected: string): never {
    throw refusal('bad-element', this.#path, `${expected} at column ${String(this.#offset + 1)} of the path`);
  }
}

function refusal(tag: ErrorTag, path: InstanceIdentifier, message: string, info?: Record<string, string>): ConfigError {
  return new ConfigError({ tag, path: path.toString(), message, ...(info === undefined ? {} : { info }) });
}

/** In characters. A segment of a certificate never is part of a path; keys are short. */
const maximumLength = 65_536;
const dottedIdentifier = /[A-Za-z_][A-Za-z0-9_.-]*/uy;
const plainIdentifier = /[A-Za-z_][A-Za-z0-9_-]*/uy;
const placePattern = /[1-9][0-9]*(?=\s*\])/uy;
const jsonString = /"(?:[^"\\]|\\.)*"/uy;
