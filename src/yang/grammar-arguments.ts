/** The syntax of statement arguments (RFC 7950 section 14) that can be judged without looking around. */
import type { ArgumentKind } from './grammar-table.js';

const identifier = '[A-Za-z_][A-Za-z0-9_.\\-]*';
const nodeName = `(?:${identifier}:)?${identifier}`;

export const identifierPattern = new RegExp(`^${identifier}$`, 'u');
const referencePattern = new RegExp(`^${nodeName}$`, 'u');
const absolutePattern = new RegExp(`^(?:/${nodeName})+$`, 'u');
const descendantPattern = new RegExp(`^${nodeName}(?:/${nodeName})*$`, 'u');
const integerPattern = /^(?:0|-?[1-9][0-9]*)$/u;
const unsignedPattern = /^(?:0|[1-9][0-9]*)$/u;

/** What is expected where the argument is not of that kind; undefined where it is. */
export function argumentProblem(kind: ArgumentKind, argument: string): string | undefined {
  return argumentChecks[kind](argument);
}

/** The parts of an argument that white space separates (keys, unique). */
export function words(argument: string): string[] {
  return argument.split(/[ \t\r\n]+/u).filter((word) => word !== '');
}

function expect(valid: boolean, expected: string): string | undefined {
  return valid ? undefined : `expected ${expected}`;
}

function oneOf(...values: readonly string[]): (argument: string) => string | undefined {
  const expected = values.map((value) => `'${value}'`).join(' or ');
  return (argument) => expect(values.includes(argument), expected);
}

function wordList(pattern: RegExp, expected: string): (argument: string) => string | undefined {
  return (argument) => {
    const list = words(argument);
    if (new Set(list).size !== list.length) return 'expected each name once';
    return expect(list.length > 0 && list.every((word) => pattern.test(word)), expected);
  };
}

function isDate(argument: string): boolean {
  const match = /^[0-9]{4}-([0-9]{2})-([0-9]{2})$/u.exec(argument);
  if (match === null) return false;
  const month = Number(match[1]);
  const day = Number(match[2]);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isFractionDigits(argument: string): boolean {
  return /^(?:[1-9]|1[0-8])$/u.test(argument);
}

const argumentChecks: Readonly<Record<ArgumentKind, (argument: string) => string | undefined>> = {
  none: () => undefined,
  text: () => undefined,
  identifier: (argument) => expect(identifierPattern.test(argument), 'an identifier'),
  reference: (argument) => expect(referencePattern.test(argument), 'a name, with or without a prefix'),
  uri: (argument) => expect(argument !== '' && !/[\s<>"{}|\\^`]/u.test(argument), 'a URI'),
  date: (argument) => expect(isDate(argument), 'a date YYYY-MM-DD'),
  boolean: oneOf('true', 'false'),
  version: oneOf('1', '1.1'),
  status: oneOf('current', 'deprecated', 'obsolete'),
  integer: (argument) => expect(integerPattern.test(argument), 'an integer'),
  unsigned: (argument) => expect(unsignedPattern.test(argument), 'an integer that is not negative'),
  'fraction-digits': (argument) => expect(isFractionDigits(argument), 'an integer from 1 to 18'),
  'max-elements': (argument) =>
    expect(argument === 'unbounded' || /^[1-9][0-9]*$/u.test(argument), "'unbounded' or an integer above zero"),
  'ordered-by': oneOf('user', 'system'),
  deviate: oneOf('not-supported', 'add', 'replace', 'delete'),
  modifier: oneOf('invert-match'),
  key: wordList(referencePattern, 'names of leafs with spaces between'),
  unique: wordList(descendantPattern, 'paths to leafs with spaces between'),
  'absolute-path': (argument) => expect(absolutePattern.test(argument), 'an absolute schema path'),
  'descendant-path': (argument) => expect(descendantPattern.test(argument), 'a descendant schema path'),
  'schema-path': (argument) =>
    expect(absolutePattern.test(argument) || descendantPattern.test(argument), 'a schema path'),
};
