/** XML as a tree that mutations can do anything to, namespaces and prefixes in values included. */
import { type XmlElement, type XmlHandler, XmlReader } from '../../../src/yang/index.js';

export interface XmlNode {
  name: string;
  uri: string;
  /** Declared for what the text holds. */
  readonly prefixes: Readonly<Record<string, string>>;
  text: string;
  children: XmlNode[];
}

/** Elements that stand side by side. */
export function parseXml(text: string): XmlNode[] {
  const top: XmlNode = { name: '', uri: '', prefixes: {}, text: '', children: [] };
  const open = [top];
  const handler: XmlHandler = {
    open({ local, uri, declared }: XmlElement) {
      const { '': _, ...prefixes } = declared;
      const node: XmlNode = { name: local, uri, prefixes, text: '', children: [] };
      open.at(-1)!.children.push(node);
      open.push(node);
    },
    text(piece) {
      open.at(-1)!.text += piece;
    },
    close() {
      open.pop();
    },
  };
  const reader = new XmlReader(handler, { fragment: true });
  reader.write(text);
  reader.end();
  return top.children;
}

export function printXml(nodes: readonly XmlNode[], above = ''): string {
  return nodes
    .map(({ name, uri, prefixes, text, children }) => {
      const own = uri === above ? '' : ` xmlns="${escaped(uri)}"`;
      const declared = Object.entries(prefixes).map(([prefix, each]) => ` xmlns:${prefix}="${escaped(each)}"`);
      return `<${name}${own}${declared.join('')}>${escaped(text)}${printXml(children, uri)}</${name}>`;
    })
    .join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"\r]/gu, (character) => `&#${character.codePointAt(0)};`);
}
