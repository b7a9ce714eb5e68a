/** Choices (RFC 7950 7.9) in JSON Schema 2020-12: nodes of one case only, and of a mandatory choice some node. */
import { memberName, moduleOf } from './json-encode.js';
import type { JsonObject, JsonValue } from './json-text.js';
import { setMember } from './json-text.js';
import type { BranchSchema, ChoiceSchema, SchemaNode } from './schema.js';

/** Keywords for the members of `parent`; none where it has no choice. */
export function choiceRules(parent: BranchSchema): JsonObject {
  const excluded = new Map<string, Set<string>>();
  const needed: JsonObject[] = [];
  for (const node of parent.children) {
    if (node.kind !== 'choice') continue;
    exclude(parent, node, excluded);
    if (node.mandatory && node.config && node.when.length === 0) needed.push(oneOfThese(namesIn(parent, node)));
  }
  const dependentSchemas: Record<string, JsonValue> = {};
  for (const [name, others] of excluded) {
    setMember(dependentSchemas, name, { properties: flags(others, false) });
  }
  return {
    ...(excluded.size === 0 ? {} : { dependentSchemas }),
    ...(needed.length === 0 ? {} : { allOf: needed }),
  };
}

/** Each node of a case excludes those of the others; choices inside a case alike. */
function exclude(parent: BranchSchema, choice: ChoiceSchema, into: Map<string, Set<string>>): void {
  const cases = choice.cases.map((each) => namesIn(parent, each));
  const total = cases.reduce((sum, names) => sum + names.length, 0);
  for (const [index, names] of cases.entries()) {
    if (total > maxNodes) break;
    const others = cases.flatMap((each, at) => (at === index ? [] : each));
    if (others.length === 0) continue;
    for (const name of names) {
      const known = into.get(name) ?? new Set();
      for (const other of others) known.add(other);
      into.set(name, known);
    }
  }
  for (const node of choice.cases.flatMap((each) => each.children)) {
    if (node.kind === 'choice') exclude(parent, node, into);
  }
}

function oneOfThese(names: readonly string[]): JsonObject {
  return { anyOf: names.map((name) => ({ properties: flags([name], true), required: [name] })) };
}

function flags(names: Iterable<string>, value: boolean): JsonObject {
  const all: Record<string, JsonValue> = {};
  for (const name of names) setMember(all, name, value);
  return all;
}

function namesIn(parent: BranchSchema, node: SchemaNode): string[] {
  if (node.kind === 'choice') return node.cases.flatMap((each) => namesIn(parent, each));
  if (node.kind === 'case') return node.children.flatMap((each) => namesIn(parent, each));
  return 'slot' in node ? [memberName(node, moduleOf(parent))] : [];
}

/** Beyond this the pairs would outgrow what they tell. */
const maxNodes = 32;
