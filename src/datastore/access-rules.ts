/** The configuration of access control (ietf-netconf-acm, RFC 8341) as typed values, read once per change of it. */
import { ConfigError } from '../error.js';
import { Branch, type DataTree, type LeafSchema, type ListData, type Schema, type Value } from '../yang/index.js';
import { RulePath } from './access-path.js';

export type Verb = 'create' | 'read' | 'update' | 'delete' | 'exec';

export interface AccessRule {
  /** Undefined: of any module. */
  readonly module: string | undefined;
  readonly verbs: ReadonlySet<Verb>;
  readonly permit: boolean;
  /** What the rule is about; `any` is a rule without rule-type. A name of undefined stands for every name. */
  readonly about:
    | { readonly kind: 'any' }
    | { readonly kind: 'operation' | 'notification'; readonly name: string | undefined }
    | { readonly kind: 'data'; readonly path: RulePath };
}

export interface AccessConfiguration {
  readonly enabled: boolean;
  readonly readDefault: boolean;
  readonly writeDefault: boolean;
  readonly execDefault: boolean;
  readonly externalGroups: boolean;
  /** The variable USER is in a rule's path: what holds for a user is not told by his groups alone. */
  readonly namesUser: boolean;
  /** Names of the groups that a user is a member of. */
  readonly memberships: ReadonlyMap<string, readonly string[]>;
  /** In the user's order. */
  readonly lists: readonly { readonly groups: ReadonlySet<string>; readonly rules: readonly AccessRule[] }[];
}

/** A rule whose path no module declares (any more) is told to `unresolved` and matches nothing. */
export function readAccess(
  schema: Schema,
  tree: DataTree,
  unresolved: (rule: string, error: ConfigError) => void,
): AccessConfiguration {
  const top = schema.root.byQualifiedName.get(nacmName);
  const nacm = top?.kind === 'container' ? (tree.root.container(top) ?? new Branch(top)) : undefined;
  if (nacm === undefined) throw new RangeError('the schema has no access control');
  const groups = containerOf(nacm, 'groups');
  const memberships = new Map<string, string[]>();
  for (const group of groups === undefined ? [] : entries(groups, 'group')) {
    for (const user of values(group, 'user-name')) {
      const known = memberships.get(user);
      if (known === undefined) memberships.set(user, [text(group, 'name')]);
      else known.push(text(group, 'name'));
    }
  }
  const lists = Array.from(entries(nacm, 'rule-list'), (list) => ({
    groups: new Set(values(list, 'group')),
    rules: Array.from(entries(list, 'rule')).flatMap((rule) => {
      try {
        return [readRule(schema, rule)];
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        unresolved(`${text(list, 'name')}/${text(rule, 'name')}`, error);
        return [];
      }
    }),
  }));
  return {
    enabled: value(nacm, 'enable-nacm') === true,
    readDefault: value(nacm, 'read-default') === 'permit',
    writeDefault: value(nacm, 'write-default') === 'permit',
    execDefault: value(nacm, 'exec-default') === 'permit',
    externalGroups: value(nacm, 'enable-external-groups') === true,
    memberships,
    namesUser: lists.some(({ rules }) => rules.some(({ about }) => about.kind === 'data' && about.path.isOfUser)),
    lists,
  };
}

/** Throws the ConfigError of a path that does not resolve. */
export function readRule(schema: Schema, rule: Branch): AccessRule {
  const module = text(rule, 'module-name');
  const operations = text(rule, 'access-operations');
  const names = operations === '*' ? allVerbs : (operations.split(' ').filter((name) => name !== '') as Verb[]);
  return {
    module: module === '*' ? undefined : module,
    verbs: new Set(names),
    permit: value(rule, 'action') === 'permit',
    about: readSubject(schema, rule),
  };
}

function readSubject(schema: Schema, rule: Branch): AccessRule['about'] {
  const path = value(rule, 'path');
  if (path !== undefined) return { kind: 'data', path: RulePath.parse(schema, String(path)) };
  for (const [leaf, kind] of [
    ['rpc-name', 'operation'],
    ['notification-name', 'notification'],
  ] as const) {
    const name = value(rule, leaf);
    if (name !== undefined) return { kind, name: name === '*' ? undefined : String(name) };
  }
  return { kind: 'any' };
}

/** The leaf's value or its default. */
function value(branch: Branch, name: string): Value | undefined {
  const leaf = branch.schema.byName.get(name)?.[0] as LeafSchema | undefined;
  if (leaf === undefined) return undefined;
  const found = branch.leaf(leaf);
  return found === undefined ? leaf.default : found;
}

function text(branch: Branch, name: string): string {
  return String(value(branch, name) ?? '');
}

function values(branch: Branch, name: string): readonly string[] {
  const leafList = branch.schema.byName.get(name)?.[0];
  return leafList?.kind === 'leaf-list' ? branch.leafList(leafList).map(String) : [];
}

function containerOf(branch: Branch, name: string): Branch | undefined {
  const schema = branch.schema.byName.get(name)?.[0];
  return schema?.kind === 'container' ? branch.container(schema) : undefined;
}

function entries(branch: Branch, name: string): Iterable<Branch> {
  const schema = branch.schema.byName.get(name)?.[0];
  const list: ListData | undefined = schema?.kind === 'list' ? branch.list(schema) : undefined;
  return list ?? [];
}

/** `module:name` of the container. */
export const nacmName = 'ietf-netconf-acm:nacm';
const allVerbs: readonly Verb[] = ['create', 'read', 'update', 'delete', 'exec'];
