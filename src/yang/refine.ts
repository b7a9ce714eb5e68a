/** refine (RFC 7950 7.13.2): which properties of which node a uses may change. */

import { StatementError } from './diagnostics.js';
import type { Draft, NodeKeyword } from './drafts.js';
import { isExtension } from './grammar.js';
import type { Located } from './scope.js';

export function applyRefine(target: Draft, refine: Located): void {
  const { scope } = refine;
  const defaults: Located[] = [];
  for (const statement of refine.statement.substatements) {
    const { keyword } = statement;
    const located = { statement, scope };
    if (isExtension(keyword)) {
      target.addedExtensions.push(located);
      continue;
    }
    if (refinable[keyword] !== undefined && !refinable[keyword].includes(target.keyword)) {
      throw new StatementError(statement, `'${keyword}' cannot refine ${target.label()}`);
    }
    if (keyword === 'must') target.setAll('must', [...target.all('must'), located]);
    else if (keyword === 'default') defaults.push(located);
    else if (keyword === 'if-feature') target.refinedFeatures.push(statement.name);
    else target.set(keyword, located);
  }
  if (defaults.length === 0) return;
  if (defaults.length > 1 && target.keyword !== 'leaf-list') {
    throw new StatementError(defaults[1]!.statement, `second 'default' for ${target.label()}`);
  }
  if (target.keyword === 'leaf-list' && scope.unit.source.version === '1') {
    throw new StatementError(defaults[0]!.statement, "'default' of a leaf-list needs yang-version 1.1");
  }
  target.setAll('default', defaults);
}

/** Keywords without an entry apply to every node. */
const refinable: Readonly<Record<string, readonly NodeKeyword[]>> = {
  default: ['leaf', 'leaf-list', 'choice'],
  mandatory: ['leaf', 'choice', 'anydata', 'anyxml'],
  presence: ['container'],
  must: ['container', 'list', 'leaf', 'leaf-list', 'anydata', 'anyxml'],
  'min-elements': ['list', 'leaf-list'],
  'max-elements': ['list', 'leaf-list'],
  config: ['container', 'list', 'leaf', 'leaf-list', 'choice', 'anydata', 'anyxml'],
  'if-feature': ['container', 'list', 'leaf', 'leaf-list', 'choice', 'case', 'anydata', 'anyxml'],
};
