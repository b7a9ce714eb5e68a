/**
 * What xml2js would let pass (platform facts, section 5) and we do not: looked for in one pass over the text before the
 * parser sees it. It decides nothing about elements and their order; the parser and the envelope do.
 */
import { ConfigError } from '../../error.js';
import { rpcLimits } from './limits.js';

/**
 * Throws ConfigError `malformed-message` for a document type declaration, a processing instruction, an attribute, a second
 * root or anything else after the first, characters that XML does not have; `too-big` where it is too deep or too long.
 */
export function guard(text: string): void {
  if (forbiddenCharacters.test(text)) throw malformed('the document has a character that XML does not allow');
  let depth = 0;
  let elements = 0;
  let roots = 0;
  for (let at = declarationEnd(text); at < text.length; ) {
    const open = text.indexOf('<', at);
    const stop = open < 0 ? text.length : open;
    if (depth === 0 && !isBlank(text, at, stop)) throw malformed('text outside of the root element');
    if (open < 0) break;
    const second = text.charCodeAt(open + 1);
    if (second === exclamation || second === question) {
      at = skipSpecial(text, open, depth);
      continue;
    }
    tag.lastIndex = open;
    const match = tag.exec(text);
    if (match === null) throw malformed(tagProblem(text, open));
    at = tag.lastIndex;
    if (match[1] === '/') {
      depth -= 1;
      if (depth < 0) throw malformed('an end tag without its start');
      continue;
    }
    elements += 1;
    if (elements > rpcLimits.elements) throw tooBig(`more than ${rpcLimits.elements} elements`);
    if (depth === 0) roots += 1;
    if (roots > 1) throw malformed('a second root element');
    if (match[2] === '') depth += 1;
    if (depth > rpcLimits.depth) throw tooBig(`elements nested deeper than ${rpcLimits.depth}`);
  }
  if (depth !== 0) throw malformed('the document ends before its root element does');
  if (roots !== 1) throw malformed('the document has no root element');
}

/** Characters outside of XML's Char production (XML 1.0, 2.2), lone surrogates among them. */
export function hasForbiddenCharacter(text: string): boolean {
  return forbiddenCharacters.test(text);
}

export function malformed(message: string): ConfigError {
  return new ConfigError({ type: 'rpc', tag: 'malformed-message', message });
}

function tooBig(message: string): ConfigError {
  return new ConfigError({ type: 'rpc', tag: 'too-big', message });
}

/** Where the document begins after its XML declaration. */
function declarationEnd(text: string): number {
  if (!text.startsWith('<?xml')) return 0;
  declaration.lastIndex = 0;
  const match = declaration.exec(text);
  if (match === null) throw malformed('the XML declaration is malformed');
  return match[0].length;
}

/** The position after a comment or CDATA section; everything else that begins with `<!` or `<?` is refused. */
function skipSpecial(text: string, open: number, depth: number): number {
  if (text.startsWith('<!--', open)) {
    const end = text.indexOf('--', open + 4);
    if (end < 0 || text[end + 2] !== '>') throw malformed('a comment is malformed');
    return end + 3;
  }
  if (text.startsWith('<![CDATA[', open)) {
    const end = text.indexOf(']]>', open + 9);
    if (end < 0 || depth === 0) throw malformed('a CDATA section is malformed');
    return end + 3;
  }
  if (text.startsWith('<!DOCTYPE', open)) throw malformed('a document type declaration is not allowed');
  throw malformed(text[open + 1] === '?' ? 'a processing instruction is not allowed' : 'a declaration is not allowed');
}

function tagProblem(text: string, open: number): string {
  const start = text.slice(open, open + 200);
  return /^<[A-Za-z][\w.]*\s+[^\s/>]/.test(start) ? 'attributes are not allowed' : 'a tag is malformed';
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) return false;
  }
  return true;
}

const exclamation = 0x21;
const question = 0x3f;
const tag = new RegExp(`<(/?)[A-Za-z][\\w.:-]{0,${rpcLimits.name - 1}}[ \\t\\r\\n]*(/?)>`, 'y');
const declaration =
  /<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.\d"|'1\.\d')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"[\w.-]{1,40}"|'[\w.-]{1,40}'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const forbiddenCharacters = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u;
