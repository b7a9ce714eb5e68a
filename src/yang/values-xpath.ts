/**
 * Values of ietf-yang-types' xpath1.0 and what is derived from it (RFC 9911): XPath 1.0 expressions, which are kept with the
 * names of modules as prefixes, as RFC 7951 has them in JSON, and get those of namespaces in XML.
 */
import type { StringType } from './types.js';
import { Fault } from './values-fault.js';
import { tokenize } from './xpath/lexer.js';

export function isXPath(type: StringType): boolean {
  return type.typedefs.some(({ name, module }) => name === 'xpath1.0' && module.name === 'ietf-yang-types');
}

/** With each prefix of a name replaced; a Fault where `replace` knows none. `text` is an expression, or is given back. */
export function replacePrefixes(text: string, replace: (prefix: string) => string | undefined): string | Fault {
  if (!text.includes(':')) return text;
  let result = '';
  let done = 0;
  for (const token of tokenize(text)) {
    if (token.kind !== 'name' || token.prefix === undefined) continue;
    const replacement = replace(token.prefix);
    if (replacement === undefined) return new Fault(`'${token.prefix}' is no known prefix`);
    result += text.slice(done, token.at) + replacement;
    done = token.at + token.prefix.length;
  }
  return result + text.slice(done);
}
