/** Values for people: aligned, and coloured where a terminal shows them. */
import type { RpcValue } from './client.js';

export interface Style {
  readonly colour: boolean;
}

/** A struct as aligned lines, nested ones indented; an entry of a list is headed by its first member. */
export function formatValue(value: RpcValue, style: Style, indent = ''): string {
  if (Array.isArray(value)) {
    const parts = (value as readonly RpcValue[]).map((each) =>
      isStruct(each) ? `${indent}-\n${formatValue(each, style, `${indent}  `)}` : `${indent}- ${scalar(each)}\n`,
    );
    return parts.join('');
  }
  if (!isStruct(value)) return `${indent}${scalar(value)}\n`;
  const members = Object.entries(value);
  const width = Math.max(0, ...members.filter(([, each]) => !isNested(each)).map(([name]) => name.length));
  return members
    .map(([name, each]) =>
      isNested(each)
        ? `${indent}${paint(name, '1', style)}\n${formatValue(each, style, `${indent}  `)}`
        : `${indent}${paint(name.padEnd(width), '36', style)}  ${scalar(each)}\n`,
    )
    .join('');
}

/** Rows under a headline, each column as wide as its widest cell. */
export function formatTable(headline: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const widths = headline.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const lay = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [paint(lay(headline), '1', style), ...rows.map(lay), ''].join('\n');
}

export function paint(text: string, code: string, { colour }: Style): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export function isStruct(value: RpcValue | undefined): value is { readonly [name: string]: RpcValue } {
  return typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function isNested(value: RpcValue): boolean {
  return typeof value === 'object' && !Buffer.isBuffer(value);
}

/** Control characters of what others wrote never reach the terminal. */
function scalar(value: RpcValue): string {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  return String(value).replace(/\p{Cc}/gu, (character) => (character === '\n' || character === '\t' ? character : '?'));
}
