/** The lexical side of SMIv2 modules (RFC 2578 section 3): quoted text, folded lines, values. */
import type { MibType } from './syntax.js';

const width = 72;

/** A quoted string, folded and indented; SMIv2 has no escapes and no characters beyond ASCII. */
export function quoted(text: string, indent: number): string {
  const words = ascii(text)
    .split(/\s+/u)
    .filter((word) => word !== '');
  const pad = ' '.repeat(indent);
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && indent + line.length + word.length + 2 > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return `${pad}"${lines.join(`\n${pad} `)}"`;
}

/** A clause with a quoted string on lines of its own. */
export function textClause(keyword: string, text: string): string[] {
  return [`    ${keyword}`, quoted(text, 8)];
}

/** Characters beyond ASCII become `?`, the quote an apostrophe. */
export function ascii(text: string): string {
  return text.replace(/"/gu, "'").replace(/[^\x20-\x7e\s]/gu, '?');
}

/** `a(1), b(2)` in braces, folded. */
export function labels(entries: MibType['labels'], indent: number): string {
  const pad = ' '.repeat(indent);
  const items = entries.map(([name, number]) => `${name}(${String(number)})`);
  const flat = `{ ${items.join(', ')} }`;
  if (indent + flat.length <= width) return flat;
  return `{\n${items.map((item) => `${pad}    ${item}`).join(',\n')}\n${pad}}`;
}

/** Names in braces, one a line. */
export function nameList(names: readonly string[], indent: number): string {
  const pad = ' '.repeat(indent);
  return `{\n${names.map((name) => `${pad}    ${name}`).join(',\n')}\n${pad}}`;
}

/** `2026-11-24` -> `202611240000Z` (RFC 2578 section 5.1); a module without a revision gets a day after SMIv2 began. */
export function extUtcTime(revision: string): string {
  return `${revision.replaceAll('-', '') || '19990401'}0000Z`;
}
