/** Values for people: aligned, and coloured where a terminal shows them. */
import type { RpcStruct, RpcValue } from './client.js';

export interface Style {
  readonly colour: boolean;
  /** A person looks at it: what fills several lines of a terminal (a certificate in base64) is cut short. */
  readonly terminal?: boolean;
}

/** A struct as aligned lines, nested ones indented; an entry of a list begins with a dash before its first member. */
export function formatValue(value: RpcValue, style: Style, indent = ''): string {
  if (Array.isArray(value)) {
    const parts = (value as readonly RpcValue[]).map((each) => {
      if (!isNested(each)) return `${indent}- ${scalar(each, style)}\n`;
      const lines = formatValue(each, style, `${indent}  `);
      return lines === '' ? `${indent}-\n` : `${indent}- ${lines.slice(indent.length + 2)}`;
    });
    return parts.join('');
  }
  if (!isStruct(value)) return `${indent}${scalar(value, style)}\n`;
  const members = Object.entries(value).filter(([, each]) => !Array.isArray(each) || each.length > 0);
  const width = Math.max(0, ...members.filter(([, each]) => !isNested(each)).map(([name]) => name.length));
  return members
    .map(([name, each]) =>
      isNested(each)
        ? `${indent}${paint(name, '1', style)}\n${formatValue(each, style, `${indent}  `)}`
        : `${indent}${paint(name.padEnd(width), '36', style)}  ${paintStatus(name, scalar(each, style), style)}\n`,
    )
    .join('');
}

/** What `config.diff` answers: a line for each value that comes (+) or goes (-), and for each move (>). */
export function formatDifferences(differences: readonly RpcStruct[], style: Style): string {
  const lines = differences.flatMap(({ path, kind, before, after }) => {
    if (kind === 'moved') return [`> ${scalar(path ?? '', style)}`];
    const gone =
      before === undefined ? [] : valueLines(printable(String(path)), before, style).map((each) => `- ${each}`);
    const come =
      after === undefined ? [] : valueLines(printable(String(path)), after, style).map((each) => `+ ${each}`);
    return [...gone.map((each) => paint(each, '31', style)), ...come.map((each) => paint(each, '32', style))];
  });
  return lines.map((each) => `${each}\n`).join('');
}

function valueLines(path: string, value: RpcValue, style: Style): readonly string[] {
  if (!isNested(value)) return [`${path} = ${scalar(value, style)}`];
  const lines = formatValue(value, style, '    ');
  return [path, ...(lines === '' ? [] : lines.trimEnd().split('\n'))];
}

/** Rows under a headline, each column as wide as its widest cell; a column of a status is named as its leaf is. */
export function formatTable(headline: readonly string[], cells: readonly (readonly string[])[], style: Style): string {
  const rows = cells.map((row) => row.map((cell) => printable(cell).replace(/[\n\t]/g, ' ')));
  const widths = headline.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const lay = (row: readonly string[], show: (cell: string, column: number) => string) =>
    row
      .map((cell, column) => show(cell, column) + ' '.repeat(Math.max(0, (widths[column] ?? 0) - cell.length)))
      .join('  ')
      .trimEnd();
  const status = (cell: string, column: number) => paintStatus(headline[column]?.toLowerCase() ?? '', cell, style);
  const plain = (cell: string) => cell;
  return [paint(lay(headline, plain), '1', style), ...rows.map((row) => lay(row, status)), ''].join('\n');
}

/** The value of a leaf that says how things stand: green, yellow or red. */
function paintStatus(name: string, value: string, style: Style): string {
  const code = statusNames.has(name) ? statusColours.get(value) : undefined;
  return code === undefined ? value : paint(value, code, style);
}

const statusNames: ReadonlySet<string> = new Set(['validity', 'severity', 'perceived-severity']);

const statusColours: ReadonlyMap<string, string> = new Map([
  ['valid', '32'],
  ...['expiring', 'not-yet-valid', 'clock-untrusted', 'absent', 'warning', 'minor'].map(
    (each) => [each, '33'] as const,
  ),
  ...['expired', 'error', 'major', 'critical'].map((each) => [each, '31'] as const),
]);

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
function scalar(value: RpcValue, { terminal = false }: Style): string {
  const text = Buffer.isBuffer(value) ? value.toString('base64') : String(value);
  const shown = terminal && text.length > longest ? `${text.slice(0, 60)}... (${text.length} characters)` : text;
  return printable(shown);
}

export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === '\n' || character === '\t' ? character : '?'));
}

/** Characters of a value that a terminal is shown whole. */
const longest = 240;
