/**
 * JSON text (RFC 8259) read by a parser of our own, because JSON.parse takes duplicate members, knows no limits and cannot
 * stop half-way.
 */
import { ConfigError } from '../error.js';
import { codecLimits } from './codec-limits.js';
import { type IsDue, inSlices, neverDue } from './slices.js';
import { decodeUtf8, TextGatherer, tooBig } from './utf8.js';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Throws ConfigError `malformed-message` with line and column, or `too-big` where a limit is passed. */
export function parseJsonText(text: string | Uint8Array): JsonValue {
  const reader = new JsonReader(decodeUtf8(text));
  reader.advance(neverDue);
  return reader.value;
}

/** As {@link parseJsonText}, letting others run in between. */
export async function parseJsonTextInSlices(text: string | Uint8Array): Promise<JsonValue> {
  const gatherer = new TextGatherer(text);
  await inSlices((isDue) => gatherer.advance(isDue), 1);
  const reader = new JsonReader(gatherer.text);
  await inSlices((isDue) => reader.advance(isDue));
  return reader.value;
}

/** The text of `JSON.stringify`, in pieces of some kilobytes (but for long strings). */
export function* jsonPieces(json: JsonValue): Generator<string, void, void> {
  const buffer = { text: '' };
  yield* writePieces(json, buffer);
  yield buffer.text;
}

function* writePieces(json: JsonValue, buffer: { text: string }): Generator<string, void, void> {
  if (isSmall(json)) buffer.text += JSON.stringify(json);
  else if (Array.isArray(json)) {
    let separator = '[';
    for (const item of json as readonly JsonValue[]) {
      buffer.text += separator;
      separator = ',';
      yield* writePieces(item, buffer);
    }
    buffer.text += separator === '[' ? '[]' : ']';
  } else {
    let separator = '{';
    for (const [name, value] of Object.entries(json as JsonObject)) {
      buffer.text += `${separator}${JSON.stringify(name)}:`;
      separator = ',';
      yield* writePieces(value, buffer);
    }
    buffer.text += separator === '{' ? '{}' : '}';
  }
  if (buffer.text.length < pieceLength) return;
  // Looking at a character makes one string of what was put together, here and not where all of it is needed.
  buffer.text.charCodeAt(0);
  yield buffer.text;
  buffer.text = '';
}

/** A scalar, or a few of them: to be written in one go. */
function isSmall(json: JsonValue): boolean {
  if (typeof json !== 'object' || json === null) return true;
  const values: readonly JsonValue[] = Array.isArray(json) ? (json as readonly JsonValue[]) : Object.values(json);
  return values.length <= 16 && values.every((value) => typeof value !== 'object' || value === null);
}

/** Short, since whoever writes in slices looks at the clock only now and then. */
const pieceLength = 2048;

/** Sets a member as its own property, whatever its name is. */
export function setMember(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

type OpenObject = { readonly object: Record<string, JsonValue>; name: string; count: number };
type Open = OpenObject | { readonly array: JsonValue[] };

/** Reads a text on from where it stopped; `value` is there when `advance` has returned true. */
export class JsonReader {
  value: JsonValue = null;
  readonly #text: string;
  readonly #open: Open[] = [];
  #at = 0;
  #started = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads on; true when the whole text has been read. */
  advance(isDue: IsDue): boolean {
    if (!this.#started) {
      this.#started = true;
      this.#space();
      this.#begin();
    }
    while (this.#open.length > 0) {
      if (isDue()) return false;
      this.#next(this.#open.at(-1)!);
    }
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('unexpected text after the value');
    return true;
  }

  /** After one value of an open array or object: what follows it. */
  #next(open: Open): void {
    this.#space();
    const end = 'array' in open ? closeBracket : closeBrace;
    const code = this.#text.charCodeAt(this.#at);
    const isFirst = 'array' in open ? open.array.length === 0 : open.name === unnamed;
    if (code === end) {
      this.#at++;
      this.#open.pop();
      this.#add('array' in open ? open.array : open.object);
      return;
    }
    if (!isFirst) {
      if (code !== comma) throw this.#fault(`expected ',' or '${String.fromCharCode(end)}'`);
      this.#at++;
      this.#space();
    }
    if ('object' in open) this.#member(open);
    this.#begin();
  }

  #member(open: OpenObject): void {
    if (this.#text.charCodeAt(this.#at) !== quote) throw this.#fault('expected a member name');
    open.name = this.#string();
    if (++open.count > codecLimits.members) throw tooBig('an object has too many members');
    if (Object.hasOwn(open.object, open.name)) throw this.#fault(`member '${open.name.slice(0, 64)}' is given twice`);
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== colon) throw this.#fault("expected ':'");
    this.#at++;
    this.#space();
  }

  /** A scalar whole, or the start of an array or object. */
  #begin(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code === quote) this.#add(this.#string());
    else if (code === openBrace || code === openBracket) {
      if (this.#open.length >= codecLimits.depth)
        throw tooBig(`JSON is nested deeper than ${codecLimits.depth} levels`);
      this.#at++;
      this.#open.push(code === openBrace ? { object: {}, name: unnamed, count: 0 } : { array: [] });
    } else this.#add(this.#literal());
  }

  #add(value: JsonValue): void {
    const open = this.#open.at(-1);
    if (open === undefined) this.value = value;
    else if ('array' in open) open.array.push(value);
    else setMember(open.object, open.name, value);
  }

  #literal(): JsonValue {
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    numberForm.lastIndex = this.#at;
    const text = numberForm.exec(this.#text)?.[0];
    if (text === undefined) throw this.#fault('expected a value');
    const value = Number(text);
    if (text.length > codecLimits.jsonNumberLength || !Number.isFinite(value)) throw this.#fault('number is too large');
    this.#at += text.length;
    return value;
  }

  /** At the opening quote. */
  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    let at = start;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      // NaN, the end of the text, is not >= 0x20 either.
      if (!(code >= 0x20)) throw this.#fault('string is not closed', at);
      at += code === backslash ? 2 : 1;
    }
    if (at - start > codecLimits.textLength)
      throw tooBig(`a string is longer than ${codecLimits.textLength} characters`);
    this.#at = at + 1;
    const raw = text.slice(start, at);
    return raw.includes('\\') ? this.#unescape(raw, start) : raw;
  }

  /** Control characters are not in it, nor quotes that are not escaped. */
  #unescape(raw: string, start: number): string {
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      const wrong = /\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/u.exec(raw.replace(/\\\\/gu, '__'));
      throw this.#fault('unknown escape', start + (wrong?.index ?? 0));
    }
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #fault(message: string, at = this.#at): ConfigError {
    const lines = this.#text.slice(0, at).split('\n');
    const place = `line ${String(lines.length)}, column ${String(lines.at(-1)!.length + 1)}`;
    return new ConfigError({ tag: 'malformed-message', type: 'rpc', message: `JSON: ${message} at ${place}` });
  }
}

/** No member has this name: names come from the text, and this is no string of its own. */
const unnamed = '\ud800 none yet';
const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const words = [['true', true], ['false', false], ['null', null]] as const; // biome-ignore format: pairs
const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/uy;
