/** The container `nacm` (ietf-netconf-acm) as the datastore itself owns it: rules are judged, refusals are counted. */
import { ConfigError } from '../error.js';
import { type Branch, ListData, type Schema } from '../yang/index.js';
import type { AccessCounters } from './access.js';
import { nacmName, readRule } from './access-rules.js';
import type { Change, Difference, Finding, ModuleRegistration } from './contract.js';

/** Undefined where the schema has no access control. `counters` is asked when they are read. */
export function nacmModule(schema: Schema, counters: () => AccessCounters): ModuleRegistration | undefined {
  if (!schema.root.byQualifiedName.has(nacmName)) return undefined;
  const counter = (name: string, read: (from: AccessCounters) => number) => ({
    path: `/${nacmName}/${name}`,
    read: () => read(counters()),
  });
  return {
    name: 'access-control',
    handlers: [{ name: 'access-control', path: `/${nacmName}`, validate: (change) => judgePaths(schema, change) }],
    state: [
      counter('denied-operations', ({ operations }) => operations),
      counter('denied-data-writes', ({ dataWrites }) => dataWrites),
      counter('denied-notifications', ({ notifications }) => notifications),
    ],
  };
}

/** A rule that is new or changed must name nodes that there are: one that matches nothing protects nothing. */
function judgePaths(schema: Schema, { after, cause, differences }: Change): readonly Finding[] {
  if (cause !== 'commit' || !differences.some(({ path, kind }) => kind !== 'deleted' && concernsRules(path))) return [];
  const findings: Finding[] = [];
  const nacm = after.config.root.schema.byQualifiedName.get(nacmName);
  const branch = nacm?.kind === 'container' ? after.config.root.container(nacm) : undefined;
  for (const list of entries(branch, 'rule-list')) {
    for (const rule of entries(list, 'rule')) {
      try {
        readRule(schema, rule);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const [listName, ruleName] = [String(list.keys()[0]), String(rule.keys()[0])];
        const path = `/${nacmName}/rule-list[name='${listName}']/rule[name='${ruleName}']/path`;
        findings.push({ severity: 'error', path, text: error.message });
      }
    }
  }
  return findings;
}

function concernsRules(path: Difference['path']): boolean {
  const second = path.steps[1]?.schema;
  return second === undefined || second.name === 'rule-list';
}

function entries(branch: Branch | undefined, name: string): Iterable<Branch> {
  const schema = branch?.schema.byName.get(name)?.[0];
  const list = schema === undefined ? undefined : branch?.get(schema);
  return list instanceof ListData ? list : [];
}
