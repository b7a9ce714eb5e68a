/** The YANG statement parser (RFC 7950 section 6): text to a tree of statements, each with its line and column. */
import type { Position } from './schema.js';

/** One statement: a keyword, an argument and what stands in its braces. Is its own position. */
export class Statement implements Position {
  /** As written: `leaf`, or `prefix:name` for a use of an extension. */
  readonly keyword: string;
  /** After unquoting, concatenation, trimming and escapes (6.1.3); undefined where there is none. */
  readonly argument: string | undefined;
  readonly substatements: Statement[] = [];
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(keyword: string, argument: string | undefined, file: string, line: number, column: number) {
    this.keyword = keyword;
    this.argument = argument;
    this.file = file;
    this.line = line;
    this.column = column;
  }

  /** The first substatement of that keyword. */
  find(keyword: string): Statement | undefined {
    for (const statement of this.substatements) if (statement.keyword === keyword) return statement;
    return undefined;
  }

  /** All substatements of that keyword, in order. */
  all(keyword: string): Statement[] {
    return this.substatements.filter((statement) => statement.keyword === keyword);
  }

  /** The argument of the first substatement of that keyword. */
  text(keyword: string): string | undefined {
    return this.find(keyword)?.argument;
  }

  /** The argument of a statement whose keyword requires one. */
  get name(): string {
    return this.argument ?? '';
  }

  /** Just the position, which does not keep the statements alive. */
  position(): Position {
    return { file: this.file, line: this.line, column: this.column };
  }
}

/** A place in a module, and what is wrong there. */
export class ModuleSyntaxError extends Error {
  override readonly name = 'ModuleSyntaxError';
  readonly position: Position;

  constructor(position: Position, message: string) {
    super(message);
    this.position = position;
  }
}

/** Deepest nesting of braces that is read: far beyond any real module, and no hazard for what recurses later. */
const maximumDepth = 200;

/**
 * Reads one file, which must hold exactly one module or submodule. Throws {@link ModuleSyntaxError} at the first
 * violation of the lexical rules; which statements may stand where is the grammar's business.
 */
export function parseModuleText(text: string, file: string): Statement {
  const scanner = new Scanner(text, file);
  const top = scanner.file();
  if (top.keyword !== 'module' && top.keyword !== 'submodule') {
    throw new ModuleSyntaxError(top, `expected module or submodule, found '${top.keyword}'`);
  }
  scanner.checkVersion(top);
  return top;
}

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const asterisk = 0x2a;
const plus = 0x2b;
const slash = 0x2f;
const semicolon = 0x3b;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

class Scanner {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  /** Offset of the first character of the current line. */
  #lineStart = 0;
  /** What YANG 1 lets pass and YANG 1.1 does not (6.1.3); the version is known only later. */
  readonly #notInVersion11: ModuleSyntaxError[] = [];

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    if (text.charCodeAt(0) === 0xfeff) {
      this.#at = 1;
      this.#lineStart = 1;
    }
  }

  file(): Statement {
    this.#separator();
    if (this.#at >= this.#text.length) throw this.#error('expected module or submodule, found the end of the file');
    const { statement: top, open } = this.#head();
    const stack: Statement[] = open ? [top] : [];
    for (;;) {
      this.#separator();
      const parent = stack.at(-1);
      if (parent === undefined) break;
      const code = this.#text.charCodeAt(this.#at);
      if (code === closeBrace) {
        this.#at++;
        stack.pop();
        continue;
      }
      if (Number.isNaN(code)) {
        throw this.#error(
          `expected '}' for ${describe(parent)} of line ${String(parent.line)}, found the end of the file`,
        );
      }
      const child = this.#head();
      parent.substatements.push(child.statement);
      if (child.open) {
        if (stack.length >= maximumDepth) throw this.#error(`statements nested more than ${String(maximumDepth)} deep`);
        stack.push(child.statement);
      }
    }
    if (this.#at < this.#text.length) throw this.#error(`expected the end of the file, found ${this.#found()}`);
    return top;
  }

  checkVersion(top: Statement): void {
    const first = this.#notInVersion11[0];
    if (first !== undefined && top.text('yang-version') === '1.1') throw first;
  }

  /** A statement up to and including its `;` or `{`. */
  #head(): { statement: Statement; open: boolean } {
    const line = this.#line;
    const column = this.#column();
    const keyword = this.#keyword();
    const afterKeyword = this.#at;
    this.#separator();
    let code = this.#text.charCodeAt(this.#at);
    let argument: string | undefined;
    if (code !== semicolon && code !== openBrace) {
      if (Number.isNaN(code) || code === closeBrace) {
        throw this.#error(`expected an argument, ';' or '{' after '${keyword}', found ${this.#found()}`);
      }
      if (this.#at === afterKeyword) throw this.#error(`expected a space after '${keyword}', found ${this.#found()}`);
      argument = this.#argument();
      this.#separator();
      code = this.#text.charCodeAt(this.#at);
      if (code !== semicolon && code !== openBrace) {
        throw this.#error(
          `expected ';' or '{' after the argument of '${keyword}' in line ${String(line)}, found ${this.#found()}`,
        );
      }
    }
    this.#at++;
    return { statement: new Statement(keyword, argument, this.#file, line, column), open: code === openBrace };
  }

  #keyword(): string {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let colons = 0;
    let atWordStart = true;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x3a && !atWordStart && colons === 0) {
        colons = 1;
        atWordStart = true;
      } else if (atWordStart ? isIdentifierStart(code) : isIdentifierPart(code)) {
        atWordStart = false;
      } else break;
    }
    if (atWordStart) throw this.#error(`expected a keyword, found ${this.#found()}`);
    this.#at = at;
    return text.slice(start, at);
  }

  #argument(): string {
    const code = this.#text.charCodeAt(this.#at);
    if (code !== doubleQuote && code !== singleQuote) return this.#unquoted();
    let value = this.#quoted(code);
    for (;;) {
      this.#separator();
      if (this.#text.charCodeAt(this.#at) !== plus) return value;
      this.#at++;
      this.#separator();
      const next = this.#text.charCodeAt(this.#at);
      if (next !== doubleQuote && next !== singleQuote) {
        throw this.#error(`expected a quoted string after '+', found ${this.#found()}`);
      }
      value += this.#quoted(next);
    }
  }

  #unquoted(): string {
    const text = this.#text;
    const start = this.#at;
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code <= space || code === semicolon || code === openBrace || code === closeBrace) break;
      if (code === doubleQuote || code === singleQuote) {
        this.#notInVersion11.push(this.#error('a string that is not in quotes contains a quote'));
      } else if (code === slash) {
        const next = text.charCodeAt(this.#at + 1);
        if (next === slash || next === asterisk) break;
      } else if (code === asterisk && text.charCodeAt(this.#at + 1) === slash) {
        throw this.#error("a string that is not in quotes contains '*/'");
      } else if (code > 0x7e) this.#checkCharacter(code);
    }
    return text.slice(start, this.#at);
  }

  #quoted(quote: number): string {
    return quote === singleQuote ? this.#singleQuoted() : this.#doubleQuoted();
  }

  #singleQuoted(): string {
    const text = this.#text;
    const open = { file: this.#file, line: this.#line, column: this.#column() };
    const start = ++this.#at;
    let carriageReturns = false;
    for (; ; this.#at++) {
      if (this.#at >= text.length) throw new ModuleSyntaxError(open, "the string has no closing '");
      const code = text.charCodeAt(this.#at);
      if (code === singleQuote) break;
      if (code === lineFeed) this.#newLine();
      else if (code === carriageReturn) carriageReturns = true;
      else if (code < space || code > 0x7e) this.#checkCharacter(code);
    }
    const value = text.slice(start, this.#at++);
    return carriageReturns ? value.replaceAll('\r\n', '\n') : value;
  }

  #doubleQuoted(): string {
    const text = this.#text;
    const open = { file: this.#file, line: this.#line, column: this.#column() };
    const start = ++this.#at;
    let special = false;
    // Column of the quote in display columns, a tab counting eight (6.1.3).
    let indent = -1;
    for (; ; this.#at++) {
      if (this.#at >= text.length) throw new ModuleSyntaxError(open, 'the string has no closing "');
      const code = text.charCodeAt(this.#at);
      if (code === doubleQuote) break;
      if (code === lineFeed) {
        if (indent < 0) indent = displayWidth(text.slice(this.#lineStart, start));
        special = true;
        this.#newLine();
      } else if (code === backslash) {
        special = true;
        const next = text.charCodeAt(this.#at + 1);
        if (next !== 0x6e && next !== 0x74 && next !== doubleQuote && next !== backslash) {
          const shown = Number.isNaN(next) ? '' : text.charAt(this.#at + 1);
          this.#notInVersion11.push(
            this.#error(
              `invalid escape '\\${shown}' in a double-quoted string; only \\n, \\t, \\" and \\\\ are allowed`,
            ),
          );
        }
        if (next === doubleQuote || next === backslash) this.#at++;
      } else if (code < space || code > 0x7e) this.#checkCharacter(code);
    }
    const raw = text.slice(start, this.#at++);
    return special ? resolveEscapes(indent < 0 ? raw : trimLines(raw, indent)) : raw;
  }

  /** Skips white space and comments (6.1.1). */
  #separator(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === space || code === tab || code === carriageReturn) this.#at++;
      else if (code === lineFeed) {
        this.#newLine();
        this.#at++;
      } else if (code === slash && text.charCodeAt(this.#at + 1) === slash) {
        const end = text.indexOf('\n', this.#at);
        this.#at = end < 0 ? text.length : end;
      } else if (code === slash && text.charCodeAt(this.#at + 1) === asterisk) this.#blockComment();
      else return;
    }
  }

  #blockComment(): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    if (end < 0) throw this.#error('the comment has no closing */');
    for (this.#at += 2; this.#at < end; this.#at++) {
      if (this.#text.charCodeAt(this.#at) === lineFeed) this.#newLine();
    }
    this.#at = end + 2;
  }

  /** What may not stand in a YANG string at all (section 14, yang-char). */
  #checkCharacter(code: number): void {
    if (code === tab || code === carriageReturn || code === lineFeed) return;
    const high = code >= 0xd800 && code <= 0xdbff;
    const low = code >= 0xdc00 && code <= 0xdfff;
    const next = high ? this.#text.codePointAt(this.#at)! : code;
    const lone = (high && next === code) || (low && !isHighSurrogate(this.#text.charCodeAt(this.#at - 1)));
    const nonCharacter = (next & 0xfffe) === 0xfffe || (next >= 0xfdd0 && next <= 0xfdef);
    if (code < space || lone || nonCharacter) {
      throw this.#error(
        `the character U+${next.toString(16).toUpperCase().padStart(4, '0')} is not allowed in a module`,
      );
    }
  }

  #newLine(): void {
    this.#line++;
    this.#lineStart = this.#at + 1;
  }

  #column(): number {
    return this.#at - this.#lineStart + 1;
  }

  #found(): string {
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) return 'the end of the file';
    const word = /[^\s;{}"']{1,30}/uy;
    word.lastIndex = this.#at;
    const match = word.exec(this.#text);
    return match === null ? `'${String.fromCodePoint(point)}'` : `'${match[0]}'`;
  }

  #error(message: string): ModuleSyntaxError {
    return new ModuleSyntaxError({ file: this.#file, line: this.#line, column: this.#column() }, message);
  }
}

/** The statement as messages name it: its keyword with its argument. */
export function describe(statement: Statement): string {
  const { keyword, argument } = statement;
  return argument === undefined || argument.length > 60 || argument.includes('\n')
    ? `'${keyword}'`
    : `'${keyword} ${argument}'`;
}

/** Strips trailing space before line breaks, and from later lines what is as deep as the opening quote (6.1.3). */
function trimLines(raw: string, indent: number): string {
  const lines = raw.split('\n');
  const last = lines.length - 1;
  return lines
    .map((line, index) => {
      const ended = index === last ? line : trimEnd(line);
      return index === 0 ? ended : stripIndent(ended, indent);
    })
    .join('\n');
}

function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0) {
    const code = line.charCodeAt(end - 1);
    if (code !== space && code !== tab && code !== carriageReturn) break;
    end--;
  }
  return line.slice(0, end);
}

function stripIndent(line: string, indent: number): string {
  let width = 0;
  let at = 0;
  for (; width < indent && at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === space) width++;
    else if (code === tab) width += 8;
    else break;
  }
  // A tab that reaches beyond the quote leaves the rest of its eight columns.
  return width > indent ? ' '.repeat(width - indent) + line.slice(at) : line.slice(at);
}

function displayWidth(line: string): number {
  let width = 0;
  for (let at = 0; at < line.length; at++) width += line.charCodeAt(at) === tab ? 8 : 1;
  return width;
}

/** The four escapes; any other backslash stays as it is (which only YANG 1 lets pass). */
function resolveEscapes(value: string): string {
  if (!value.includes('\\')) return value;
  let result = '';
  let from = 0;
  for (;;) {
    const at = value.indexOf('\\', from);
    if (at < 0) return result + value.slice(from);
    const replacement = escapes[value.charAt(at + 1)];
    result += value.slice(from, at) + (replacement ?? value.slice(at, at + 2));
    from = at + 2;
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isIdentifierStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function isIdentifierPart(code: number): boolean {
  return isIdentifierStart(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e;
}
