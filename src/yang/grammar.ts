/** Checks a statement tree against the YANG grammar (RFC 7950 section 14) before anything is made of it. */
import { argumentProblem } from './grammar-arguments.js';
import { type ArgumentKind, deviateTable, extensionTable, grammarTable, moduleSections } from './grammar-table.js';
import { describe, type Statement } from './parser.js';

/** Reports one violation at a statement. */
export type Report = (at: Statement, message: string) => void;
export type YangVersion = '1' | '1.1';

/** The version that a module or submodule says it is written in; without the statement it is 1 (RFC 7950 7.1.2). */
export function yangVersion(top: Statement): YangVersion {
  return top.text('yang-version') === '1.1' ? '1.1' : '1';
}

/** Checks a whole module or submodule; every violation is reported. */
export function checkModule(top: Statement, report: Report): void {
  checkSections(top, report);
  checkStatement(top, yangVersion(top), report);
}

/** Checks one statement and all below it. What stands inside an extension is left to whoever knows the extension. */
export function checkStatement(statement: Statement, version: YangVersion, report: Report): void {
  const rule = rules.get(statement.keyword);
  if (rule === undefined) {
    report(statement, `unknown statement '${statement.keyword}'`);
    return;
  }
  checkArgument(statement, rule.argument, version, report);
  checkChildren(statement, rule, version, report);
  if (statement.keyword === 'deviate') checkDeviate(statement, report);
  else if (needNodes.has(statement.keyword)) checkHasNodes(statement, report);
}

/** Checks what stands inside an extension of the extension table. */
export function checkBody(statement: Statement, extension: string, version: YangVersion, report: Report): void {
  const rule = extensionRules.get(extension);
  if (rule !== undefined) checkChildren(statement, rule, version, report);
}

export function isExtension(keyword: string): boolean {
  return keyword.includes(':');
}

interface ChildRule {
  /** Position among the rules of the parent, for a bit mask. */
  readonly bit: number;
  readonly required: boolean;
  readonly single: boolean;
  readonly singleInVersion1: boolean;
  readonly onlyVersion11: boolean;
}

interface Rule {
  readonly argument: ArgumentKind;
  readonly children: ReadonlyMap<string, ChildRule>;
  readonly required: readonly (readonly [string, ChildRule])[];
}

function checkChildren(statement: Statement, rule: Rule, version: YangVersion, report: Report): void {
  let seen = 0;
  for (const child of statement.substatements) {
    const childRule = rule.children.get(child.keyword);
    if (childRule === undefined) {
      if (isExtension(child.keyword)) continue;
      report(child, misplaced(child, statement));
      continue;
    }
    if (childRule.onlyVersion11 && version === '1') {
      report(child, `'${child.keyword}' in ${describe(statement)} needs yang-version 1.1`);
    }
    const once = childRule.single || (childRule.singleInVersion1 && version === '1');
    if (once && (seen & childRule.bit) !== 0) report(child, `second '${child.keyword}' in ${describe(statement)}`);
    seen |= childRule.bit;
    checkStatement(child, version, report);
  }
  for (const [keyword, childRule] of rule.required) {
    if ((seen & childRule.bit) === 0) report(statement, `${describe(statement)} lacks '${keyword}'`);
  }
}

function misplaced(child: Statement, parent: Statement): string {
  return rules.has(child.keyword)
    ? `'${child.keyword}' is not allowed in '${parent.keyword}'`
    : `unknown statement '${child.keyword}'`;
}

function checkArgument(statement: Statement, kind: ArgumentKind, version: YangVersion, report: Report): void {
  const { argument, keyword } = statement;
  if (kind === 'none') {
    if (argument !== undefined) report(statement, `'${keyword}' takes no argument`);
    return;
  }
  if (argument === undefined) {
    report(statement, `'${keyword}' lacks its argument`);
    return;
  }
  const problem = argumentProblem(kind, argument);
  if (problem !== undefined) report(statement, `'${keyword}': ${problem}, found '${shorten(argument)}'`);
  else if (version === '1' && kind === 'identifier' && /^xml/iu.test(argument)) {
    report(statement, `'${keyword}': in YANG 1 an identifier does not begin with 'xml', found '${argument}'`);
  }
}

function shorten(argument: string): string {
  return argument.length > 80 ? `${argument.slice(0, 80)}...` : argument;
}

function checkSections(top: Statement, report: Report): void {
  let reached = 0;
  let before = '';
  for (const statement of top.substatements) {
    if (isExtension(statement.keyword)) continue;
    const section = moduleSections[statement.keyword] ?? 4;
    if (section < reached) report(statement, `'${statement.keyword}' must stand before '${before}'`);
    else {
      reached = section;
      before = statement.keyword;
    }
  }
}

function checkDeviate(deviate: Statement, report: Report): void {
  const allowed = deviateTable[deviate.name];
  if (allowed === undefined) return;
  for (const child of deviate.substatements) {
    if (!isExtension(child.keyword) && rules.has(child.keyword) && !allowed.includes(child.keyword)) {
      report(child, `'${child.keyword}' is not allowed in 'deviate ${deviate.name}'`);
    }
  }
}

const dataKeywords = new Set(['container', 'leaf', 'leaf-list', 'list', 'choice', 'anydata', 'anyxml', 'uses']);

/** Where section 14 asks for 1*data-def-stmt. */
const needNodes = new Set(['list', 'input', 'output']);

function checkHasNodes(statement: Statement, report: Report): void {
  if (!statement.substatements.some((child) => dataKeywords.has(child.keyword))) {
    report(statement, `${describe(statement)} has no data node`);
  }
}

const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries(grammarTable).map(([keyword, [argument, children]]) => [keyword, makeRule(argument, children)]),
);

const extensionRules: ReadonlyMap<string, Rule> = new Map(
  Object.entries(extensionTable).map(([name, children]) => [name, makeRule('text', children)]),
);

function makeRule(argument: ArgumentKind, list: string): Rule {
  const children = new Map<string, ChildRule>();
  for (const item of list.split(' ').filter((part) => part !== '')) {
    const match = /^([a-z-]+)([?!*+%])(@?)$/u.exec(item);
    if (match === null) throw new Error(`bad grammar table entry ${item}`);
    const [, keyword, count, since] = match;
    children.set(keyword!, {
      bit: 1 << children.size,
      required: count === '!' || count === '+',
      single: count === '?' || count === '!',
      singleInVersion1: count === '%',
      onlyVersion11: since === '@',
    });
  }
  if (children.size > 31) throw new Error('too many substatements for a bit mask');
  return { argument, children, required: [...children].filter(([, rule]) => rule.required) };
}
