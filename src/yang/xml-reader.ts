/**
 * XML 1.0 with namespaces as a stream of elements, by saxes behind limits: no DTD, no entities but the five, depth, sizes.
 */
import { createRequire } from 'node:module';
import type { SaxesParser, SaxesTagNS } from 'saxes';
import { ConfigError } from '../error.js';
import { codecLimits } from './codec-limits.js';
import type { IsDue } from './slices.js';
import { TextPieces, tooBig } from './utf8.js';

/** Loaded at the first document: most agents never see one. */
function saxes(): typeof import('saxes') {
  return load('saxes') as typeof import('saxes');
}

const load = createRequire(import.meta.url);

export interface XmlAttribute {
  /** '' for an attribute without a prefix. */
  readonly uri: string;
  readonly local: string;
  readonly value: string;
}

export interface XmlElement {
  readonly uri: string;
  readonly local: string;
  /** Without namespace declarations. */
  readonly attributes: readonly XmlAttribute[];
  /** The namespace declarations on this element itself, by prefix ('' is the default). */
  readonly declared: Readonly<Record<string, string>>;
  /** The namespace that a prefix stands for; valid until the element is closed. */
  resolve(prefix: string): string | undefined;
}

export interface XmlHandler {
  open(element: XmlElement): void;
  /** Text and CDATA alike; one text may come in several pieces. */
  text(text: string): void;
  close(): void;
}

export interface XmlReaderOptions {
  /** Several elements may stand side by side. */
  readonly fragment?: boolean;
}

/** Throws ConfigError: `malformed-message` with line and column, `too-big` where a limit is passed; what `handler` throws passes. */
export class XmlReader {
  readonly #parser: SaxesParser<{ xmlns: true; fragment: boolean }>;
  readonly #handler: XmlHandler;
  #hasBegun = false;
  #depth = 0;
  /** Of the element that is being opened. */
  #attributes = 0;

  constructor(handler: XmlHandler, options: XmlReaderOptions = {}) {
    this.#handler = handler;
    const parser = new (saxes().SaxesParser)({ xmlns: true, fragment: options.fragment === true });
    this.#parser = parser;
    // No more than six handlers: with a seventh V8 takes the parser, whose fields each character reads, for a dictionary.
    parser.on('doctype', () => this.#refuse('a document type declaration is not allowed'));
    parser.on('attribute', (attribute) => this.#countAttribute(attribute.name, attribute.value));
    parser.on('opentag', (tag) => this.#open(tag));
    parser.on('text', (text) => this.#text(text));
    parser.on('cdata', (text) => this.#text(text));
    parser.on('closetag', () => {
      this.#depth--;
      handler.close();
    });
  }

  write(text: string): void {
    this.#parse(() => this.#parser.write(text));
  }

  /** The end of the document: refuses what is not complete. */
  end(): void {
    this.#parse(() => this.#parser.close());
  }

  /** What the parser itself refuses comes as an Error with line and column. */
  #parse(work: () => unknown): void {
    try {
      work();
    } catch (thrown) {
      if (thrown instanceof ConfigError || !(thrown instanceof Error) || !/^\d+:\d+: /u.test(thrown.message))
        throw thrown;
      throw malformed(thrown.message);
    }
  }

  #countAttribute(name: string, value: string): void {
    if (++this.#attributes > codecLimits.attributes) throw tooBig('an element has too many attributes');
    if (name.length > codecLimits.nameLength) throw tooBig('the name of an attribute is too long');
    if (value.length > codecLimits.textLength) throw tooBig('the value of an attribute is too long');
  }

  #open(tag: SaxesTagNS): void {
    if (!this.#hasBegun) this.#begin();
    if (++this.#depth > codecLimits.depth)
      throw tooBig(`elements are nested deeper than ${String(codecLimits.depth)} levels`);
    if (tag.name.length > codecLimits.nameLength) throw tooBig('the name of an element is too long');
    const attributes = this.#attributes === 0 ? noAttributes : attributesOf(tag);
    this.#attributes = 0;
    this.#handler.open(new OpenElement(tag, attributes, this.#parser));
  }

  #begin(): void {
    this.#hasBegun = true;
    const { encoding } = this.#parser.xmlDecl;
    if (encoding !== undefined && !/^(?:utf-8|us-ascii)$/iu.test(encoding)) this.#refuse('encoding is not UTF-8');
  }

  #text(text: string): void {
    if (text.length > codecLimits.textLength)
      throw tooBig(`a text is longer than ${String(codecLimits.textLength)} characters`);
    this.#handler.text(text);
  }

  #refuse(message: string): never {
    throw malformed(`${String(this.#parser.line)}:${String(this.#parser.column)}: ${message}`);
  }
}

class OpenElement implements XmlElement {
  readonly uri: string;
  readonly local: string;
  readonly attributes: readonly XmlAttribute[];
  readonly declared: Readonly<Record<string, string>>;
  readonly #parser: Pick<SaxesParser<{ xmlns: true }>, 'resolve'>;

  constructor(
    { uri, local, ns }: SaxesTagNS,
    attributes: readonly XmlAttribute[],
    parser: Pick<SaxesParser<{ xmlns: true }>, 'resolve'>,
  ) {
    this.uri = uri;
    this.local = local;
    this.attributes = attributes;
    this.declared = ns;
    this.#parser = parser;
  }

  resolve(prefix: string): string | undefined {
    return this.#parser.resolve(prefix);
  }
}

function attributesOf(tag: SaxesTagNS): readonly XmlAttribute[] {
  const attributes: XmlAttribute[] = [];
  for (const name of Object.keys(tag.attributes)) {
    const { uri, local, prefix, value } = tag.attributes[name]!;
    if (prefix !== 'xmlns' && name !== 'xmlns') attributes.push({ uri, local, value });
  }
  return attributes;
}

const noAttributes: readonly XmlAttribute[] = [];

/** A whole document fed to a reader bit by bit: `advance` returns true when it has been read to its end. */
export class XmlFeed {
  readonly #pieces: TextPieces;
  readonly #reader: XmlReader;

  /** Throws ConfigError for what is too big and for what is no UTF-8. */
  constructor(document: string | Uint8Array, reader: XmlReader) {
    this.#pieces = new TextPieces(document);
    this.#reader = reader;
  }

  advance(isDue: IsDue): boolean {
    while (!isDue()) {
      const piece = this.#pieces.next();
      if (piece === undefined) {
        this.#reader.end();
        return true;
      }
      this.#reader.write(piece);
    }
    return false;
  }
}

/** Adds an escaped text to be written between tags. CR would be read back as LF (XML 1.0 2.11). */
export function escapeXml(text: string): string {
  return /[&<>\r]/u.test(text) ? text.replace(/[&<>\r]/gu, (character) => textEscapes[character]!) : text;
}

/** For an attribute value in double quotes; white space would be read back as spaces (XML 1.0 3.3.3). */
export function escapeXmlAttribute(text: string): string {
  return text.replace(/[&<>"\t\n\r]/gu, (character) => textEscapes[character]!);
}

/** saxes puts line and column in front: `3:7: unclosed tag`. */
function malformed(text: string): ConfigError {
  const match = /^([0-9]+):([0-9]+): ([\s\S]*)$/u.exec(text);
  const place = match === null ? '' : ` at line ${match[1]!}, column ${match[2]!}`;
  const message = (match?.[3] ?? text).replace(/\.$/u, '').slice(0, 200);
  return new ConfigError({ tag: 'malformed-message', type: 'rpc', message: `XML: ${message}${place}` });
}

const textEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};
