/** Choices and cases, which have no instances of their own (RFC 7950 7.9). */
import type { CaseSchema, ChoiceSchema, SchemaNode } from './schema.js';

/** The choices right around a node, the innermost first, each with the case of it that the node is in. */
export function* choicesAround(node: SchemaNode): Generator<readonly [ChoiceSchema, CaseSchema], void, void> {
  let at = node.parent;
  while (at?.kind === 'case') {
    const choice = at.parent as ChoiceSchema;
    yield [choice, at];
    at = choice.parent;
  }
}
