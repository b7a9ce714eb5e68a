/** Octets of a document as text, whole or bit by bit. */
import { isUtf8 } from 'node:buffer';
import { ConfigError } from '../error.js';
import { codecLimits } from './codec-limits.js';
import type { IsDue } from './slices.js';

/** A document as text. Throws ConfigError for what is too big and for what is no UTF-8. A byte order mark is dropped. */
export function decodeUtf8(document: string | Uint8Array): string {
  const pieces = new TextPieces(document);
  let text = '';
  for (let piece = pieces.next(); piece !== undefined; piece = pieces.next()) text += piece;
  return text;
}

/** The text of a document in pieces of some kilobytes. Throws as {@link decodeUtf8} when it is made. */
export class TextPieces {
  readonly #document: string | Uint8Array;
  readonly #decoder = new TextDecoder();
  #at = 0;

  constructor(document: string | Uint8Array) {
    if (document.length > codecLimits.documentSize) {
      throw tooBig(`document is larger than ${String(codecLimits.documentSize)} octets`);
    }
    // Much faster than a decoder that checks: a millisecond for ten megabytes.
    if (typeof document !== 'string' && !isUtf8(document)) {
      throw new ConfigError({ tag: 'malformed-message', type: 'rpc', message: 'document is not UTF-8' });
    }
    this.#document = document;
    if (typeof document === 'string' && document.startsWith('\ufeff')) this.#at = 1;
  }

  /** Undefined at the end. */
  next(): string | undefined {
    const document = this.#document;
    const start = this.#at;
    if (start >= document.length) return undefined;
    this.#at = Math.min(start + pieceLength, document.length);
    if (typeof document === 'string') return document.slice(start, this.#at);
    // A character that is cut in two comes with the next piece.
    return this.#decoder.decode(document.subarray(start, this.#at), { stream: true });
  }
}

/** Gathers all pieces into one text: `advance` returns true when `text` is whole. */
export class TextGatherer {
  readonly #pieces: TextPieces;
  #text = '';

  constructor(document: string | Uint8Array) {
    this.#pieces = new TextPieces(document);
  }

  get text(): string {
    return this.#text;
  }

  advance(isDue: IsDue): boolean {
    while (!isDue()) {
      const piece = this.#pieces.next();
      if (piece === undefined) return true;
      this.#text += piece;
    }
    return false;
  }
}

export function tooBig(message: string): ConfigError {
  return new ConfigError({ tag: 'too-big', message });
}

/** Characters or octets that are read between two looks at the clock: some tenths of a millisecond. */
const pieceLength = 8192;
