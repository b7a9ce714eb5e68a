/** The content of anydata and anyxml as XML text that stands by itself: every namespace is declared in it. */
import { escapeXml, escapeXmlAttribute, type XmlElement } from './xml-reader.js';

export class AnyRecorder {
  readonly #open: { readonly name: string; readonly uri: string; isEmpty: boolean }[] = [];
  /** What is full: joining a hundred long texts is quick, flattening one text of a million short ones is not. */
  readonly #pieces: string[] = [];
  #text = '';
  #isBlank = true;

  /** `inScope` are prefixes from outside that texts in the element may use. */
  open(element: XmlElement, inScope: Readonly<Record<string, string>>): void {
    this.#begin();
    const parent = this.#open.at(-1);
    let tag = `<${element.local}`;
    if (element.uri !== (parent?.uri ?? '')) tag += ` xmlns="${escapeXmlAttribute(element.uri)}"`;
    const declared: Record<string, string> = { ...inScope, ...element.declared };
    for (const [prefix, uri] of Object.entries(declared)) {
      if (prefix !== '' && prefix !== 'xmlns' && prefix !== 'xml')
        tag += ` xmlns:${prefix}="${escapeXmlAttribute(uri)}"`;
    }
    let number = 0;
    for (const { uri, local, value } of element.attributes) {
      const shown = escapeXmlAttribute(value);
      if (uri === '') tag += ` ${local}="${shown}"`;
      else if (uri === xmlNamespace) tag += ` xml:${local}="${shown}"`;
      else {
        let prefix = Object.keys(declared).find((each) => each !== '' && declared[each] === uri);
        if (prefix === undefined) {
          prefix = `a${String(++number)}`;
          while (Object.hasOwn(declared, prefix)) prefix += '_';
          declared[prefix] = uri;
          tag += ` xmlns:${prefix}="${escapeXmlAttribute(uri)}"`;
        }
        tag += ` ${prefix}:${local}="${shown}"`;
      }
    }
    this.#add(tag);
    this.#isBlank = false;
    this.#open.push({ name: element.local, uri: element.uri, isEmpty: true });
  }

  text(text: string): void {
    this.#begin();
    this.#isBlank &&= !/[^ \t\r\n]/u.test(text);
    this.#add(escapeXml(text));
  }

  close(): void {
    const { name, isEmpty } = this.#open.pop()!;
    this.#add(isEmpty ? '/>' : `</${name}>`);
  }

  finish(): string {
    return this.#isBlank ? '' : this.#pieces.join('') + this.#text;
  }

  #add(text: string): void {
    this.#text += text;
    if (this.#text.length < pieceLength) return;
    // Looking at a character makes one string of what was put together.
    this.#text.charCodeAt(0);
    this.#pieces.push(this.#text);
    this.#text = '';
  }

  /** Something comes inside the element that was opened last. */
  #begin(): void {
    const last = this.#open.at(-1);
    if (last === undefined || !last.isEmpty) return;
    last.isEmpty = false;
    this.#add('>');
  }
}

const pieceLength = 8192;
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
