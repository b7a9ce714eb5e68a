/** leafref paths (RFC 7950 9.9.2): their syntax, the leaf that they lead to, and circles among them. */
import { isBranch } from './branches.js';
import { StatementError } from './diagnostics.js';
import type { Statement } from './parser.js';
import type { BranchSchema, LeafListSchema, LeafSchema, RootSchema, Schema, SchemaNode } from './schema.js';
import { type Located, moduleOfPrefix } from './scope.js';
import type { LeafrefType, Type } from './types.js';

/** A node of the accessible tree: the root, a data node, or the input, output or body that stands for its operation. */
type Node = BranchSchema | SchemaNode;

/** The leaf or leaf-list that the path leads to from `from`. Throws a fault where it leads to none. */
export function resolveLeafref(
  path: Located,
  from: SchemaNode,
  schema: Pick<Schema, 'root'>,
): LeafSchema | LeafListSchema {
  const resolver = new Resolver(path, from, schema.root);
  const target = resolver.resolve();
  if (target.kind !== 'leaf' && target.kind !== 'leaf-list') {
    const name = target.kind === 'root' ? 'the root' : `${target.kind} '${target.name}'`;
    throw new StatementError(
      path.statement,
      `leafref path '${path.statement.name}' leads to ${name}, which is not a leaf or leaf-list`,
    );
  }
  return target;
}

/** Throws a fault where the leafref, followed from leaf to leaf, comes back to itself. */
export function checkLeafrefCircle(start: LeafrefType, path: Statement): void {
  const seen = new Set<LeafSchema | LeafListSchema>();
  const visit = (type: Type): void => {
    if (type.base === 'union') for (const member of type.members) visit(member);
    if (type.base !== 'leafref' || (type.target as unknown) === undefined) return;
    if (type.target.type === start) throw new StatementError(path, `leafref path '${path.name}' leads in a circle`);
    if (seen.has(type.target)) return;
    seen.add(type.target);
    visit(type.target.type);
  };
  visit(start);
}

class Resolver {
  readonly #statement: Statement;
  readonly #path: Located;
  readonly #from: SchemaNode;
  readonly #root: RootSchema;
  readonly #text: string;
  #at = 0;

  constructor(path: Located, from: SchemaNode, root: RootSchema) {
    this.#path = path;
    this.#statement = path.statement;
    this.#text = path.statement.name;
    this.#from = from;
    this.#root = root;
  }

  resolve(): Node {
    let node: Node = this.#from;
    if (this.#take(/\s*(?=\/)/uy) !== undefined) node = this.#root;
    else {
      let up = 0;
      while (this.#take(/\s*\.\.\s*\//uy) !== undefined) {
        node = this.#parent(node);
        up++;
      }
      if (up === 0) throw this.#syntax("'/' or '../'");
      node = this.#step(node);
    }
    while (this.#take(/\s*\/\s*/uy) !== undefined) node = this.#step(node);
    if (this.#at < this.#text.trimEnd().length) throw this.#syntax("'/', '[' or the end");
    return node;
  }

  #step(node: Node): Node {
    const name = this.#take(nodeIdentifier);
    if (name === undefined) throw this.#syntax('a node name');
    const child = this.#child(node, name);
    while (this.#take(/\s*\[/uy) !== undefined) this.#predicate(child);
    return child;
  }

  /** `[key = current()/../path]`: the key must be one of the list, the path must lead somewhere. */
  #predicate(list: Node): void {
    this.#take(/\s*/uy);
    const name = this.#take(nodeIdentifier);
    if (name === undefined) throw this.#syntax('the name of a key');
    const key = this.#child(list, name);
    if (list.kind !== 'list' || key.kind !== 'leaf' || !list.keys.includes(key)) {
      throw new StatementError(this.#statement, `leafref path '${this.#text}': '${name}' is not a key of a list`);
    }
    if (this.#take(/\s*=\s*current\s*\(\s*\)\s*\//uy) === undefined) throw this.#syntax("'= current()/'");
    let node: Node = this.#from;
    let up = 0;
    while (this.#take(/\s*\.\.\s*\/\s*/uy) !== undefined) {
      node = this.#parent(node);
      up++;
    }
    if (up === 0) throw this.#syntax("'../'");
    do {
      const step = this.#take(nodeIdentifier);
      if (step === undefined) throw this.#syntax('a node name');
      node = this.#child(node, step);
    } while (this.#take(/\s*\/\s*/uy) !== undefined);
    if (this.#take(/\s*\]/uy) === undefined) throw this.#syntax("']'");
  }

  #child(node: Node, name: string): Node {
    const colon = name.indexOf(':');
    const module =
      colon < 0 ? this.#moduleName() : moduleOfPrefix(name.slice(0, colon), this.#path.scope, this.#statement).name;
    const local = name.slice(colon + 1);
    const child = isBranch(node) ? node.byQualifiedName.get(`${module}:${local}`) : undefined;
    const found = child ?? this.#operation(node, module, local);
    if (found === undefined) {
      const message = `leafref path '${this.#text}': no node '${module}:${local}' in ${label(node)}`;
      throw new StatementError(this.#statement, message, module);
    }
    return found;
  }

  /** Names without a prefix are of the module of the leaf that has the type (6.4.1). */
  #moduleName(): string {
    return this.#from.kind === 'input' || this.#from.kind === 'output' ? '' : this.#from.module.name;
  }

  /** The operation, notification or structure that the leaf itself is in is part of its accessible tree (6.4.1). */
  #operation(node: Node, module: string, name: string): Node | undefined {
    for (
      let above: SchemaNode | RootSchema | undefined = this.#from;
      above !== undefined && above.kind !== 'root';
      above = above.parent
    ) {
      if (above.parent === undefined && node.kind === 'root' && above.kind === 'container') {
        return above.name === name && above.module.name === module
          ? above
          : above.byQualifiedName.get(`${module}:${name}`);
      }
      if (above.kind !== 'input' && above.kind !== 'output' && above.kind !== 'notification') continue;
      const named = above.kind === 'notification' ? above : above.parent;
      if (named === undefined || named.kind === 'root') continue;
      if (named.name === name && named.module.name === module && this.#parent(above) === node) return above;
    }
    return undefined;
  }

  #parent(node: Node): Node {
    if (node.kind === 'root')
      throw new StatementError(this.#statement, `leafref path '${this.#text}' leads above the root`);
    const start = node.kind === 'input' || node.kind === 'output' ? node.parent : node;
    let above = start === undefined || start.kind === 'root' ? start : start.parent;
    while (above !== undefined && (above.kind === 'choice' || above.kind === 'case')) above = above.parent;
    return above ?? this.#root;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #syntax(expected: string): StatementError {
    const rest = this.#text.slice(this.#at, this.#at + 30).trim();
    const found = rest === '' ? 'the end' : `'${rest}'`;
    return new StatementError(this.#statement, `leafref path '${this.#text}': expected ${expected}, found ${found}`);
  }
}

const nodeIdentifier = /(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*/uy;

function label(node: Node): string {
  return node.kind === 'root' ? 'the root' : `${node.kind} '${node.name}'`;
}
