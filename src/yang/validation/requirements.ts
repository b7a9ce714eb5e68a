/** What a branch must hold: mandatory nodes and choices, counts of entries, one case of a choice (RFC 7950 7.6.5, 7.7.5, 7.9). */
import { isPresent } from '../accessible.js';
import type { Instance } from '../instance.js';
import type { ChoiceSchema, LeafListSchema, ListSchema, SchemaNode } from '../schema.js';
import type { Pass } from './pass.js';

/** A child, or choice of children, of which something is required. */
export type Requirement = Extract<
  SchemaNode,
  { kind: 'leaf' | 'anydata' | 'anyxml' | 'list' | 'leaf-list' | 'choice' }
>;

/** Containers that nobody wrote are looked into where they are met. */
export function requirementsOf(children: readonly SchemaNode[]): readonly Requirement[] {
  return children.filter((child): child is Requirement => {
    switch (child.kind) {
      case 'leaf':
        return child.mandatory && !child.isKey;
      case 'anydata':
      case 'anyxml':
        return child.mandatory;
      case 'list':
      case 'leaf-list':
        return child.minElements > 0 || child.maxElements !== Number.POSITIVE_INFINITY;
      case 'choice':
        return true;
      default:
        return false;
    }
  });
}

export function checkRequirement(parent: Instance, child: Requirement, pass: Pass): void {
  switch (child.kind) {
    case 'leaf':
    case 'anydata':
    case 'anyxml':
      if (parent.branch!.get(child) === undefined && pass.isAllowed(child, parent)) {
        pass.errors.add({
          tag: 'missing-element',
          path: parent.path.child(child).toString(),
          message: `${child.name} is mandatory`,
          info: { 'bad-element': child.name },
        });
      }
      return;
    case 'list':
    case 'leaf-list':
      checkCount(parent, child, pass);
      return;
    case 'choice':
      checkChoice(parent, child, pass);
  }
}

function checkCount(parent: Instance, child: ListSchema | LeafListSchema, pass: Pass): void {
  const branch = parent.branch!;
  const size = child.kind === 'list' ? (branch.list(child)?.size ?? 0) : branch.leafList(child).length;
  const path = parent.path.child(child).toString();
  if (size > child.maxElements) {
    pass.errors.add({
      tag: 'operation-failed',
      appTag: 'too-many-elements',
      path,
      message: `${size} given, at most ${child.maxElements} allowed`,
    });
  }
  if (size < child.minElements && pass.isAllowed(child, parent)) {
    pass.errors.add({
      tag: 'operation-failed',
      appTag: 'too-few-elements',
      path,
      message: `${size} given, at least ${child.minElements} needed`,
    });
  }
}

function checkChoice(parent: Instance, choice: ChoiceSchema, pass: Pass): void {
  const present = choice.cases.filter((each) => isPresent(each, parent.branch!));
  const written = choice.cases.filter((each) => isPresent(each, parent.branch!, true));
  if (written.length > 1) {
    pass.errors.add({
      tag: 'bad-element',
      path: parent.path.toString(),
      message: `nodes of more than one case of choice ${choice.name}: ${written.map(({ name }) => name).join(', ')}`,
      info: { 'bad-element': choice.name },
    });
  } else if (present.length === 0 && choice.mandatory && pass.isAllowed(choice, parent)) {
    pass.errors.add({
      tag: 'data-missing',
      appTag: 'missing-choice',
      path: parent.path.toString(),
      message: `one of ${choice.cases.map(({ name }) => name).join(', ')} must be given (choice ${choice.name})`,
      info: { 'missing-choice': choice.name },
    });
  }
  // A mandatory node of a case is required where another node of the case is there.
  for (const each of present) {
    for (const requirement of requirementsOf(each.children)) checkRequirement(parent, requirement, pass);
  }
}
