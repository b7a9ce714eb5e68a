/**
 * Who may see and set what: the views of VACM where the tree has groups of it, and where it has none, everything for users at the highest
 * level that their keys provide, and reading for communities. In both cases a community sees nothing under nacm:default-deny-all, and what
 * stands there is written with privacy only. What access control of the tree (RFC 8341) denies is denied by the `Session` beside that.
 */
import type { SnmpConfig } from './config.js';
import type { MibObject } from './model.js';
import { type Family, familiesOf, includes } from './subtrees.js';
import type { SecurityLevel } from './usm.js';
import { accessEntry, rank, securityModels, type ViewType } from './vacm.js';
import { View } from './views.js';

/** On whose behalf a message is processed. */
export interface Requester {
  readonly model: 'v1' | 'v2c' | 'usm';
  readonly securityName: string;
  readonly level: SecurityLevel;
  /** The highest that the principal can have. */
  readonly highest: SecurityLevel;
}

/** The only context is the default one. */
const context = '';

export class AccessControl {
  readonly #objects: readonly MibObject[];
  readonly #current: () => SnmpConfig;
  readonly #everything: View;
  readonly #open: View;
  readonly #nothing: View;
  /** Of the configuration that the views are made from. */
  #config: SnmpConfig | undefined;
  readonly #families = new Map<string, readonly Family[]>();
  readonly #views = new Map<string, View>();
  /** Only for members of groups, so that no message can make it grow. */
  readonly #known = new Map<string, View>();

  /** `objects`: the readable ones in OID order; `current` gives the same configuration until it changes. */
  constructor(objects: readonly MibObject[], current: () => SnmpConfig) {
    this.#objects = objects;
    this.#current = current;
    this.#everything = View.of(objects, undefined);
    this.#open = View.of(objects, undefined, isOpen);
    this.#nothing = View.of(objects, []);
  }

  /** Undefined where a request shall get authorizationError: noGroupName, noAccessEntry, noSuchView (RFC 3413 section 3.2). */
  view(requester: Requester, type: 'read' | 'write'): View | undefined {
    const { vacm } = this.#fresh();
    const isPrivate = requester.level === 'authPriv';
    if (vacm.access.size === 0) {
      if (requester.model !== 'usm') return type === 'read' ? this.#open : this.#nothing;
      if (rank[requester.level] < rank[requester.highest]) return undefined;
      return type === 'read' || isPrivate ? this.#everything : this.#open;
    }
    const key = `${requester.model} ${requester.level} ${type} ${requester.securityName}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#viewName(requester, type);
    if (name === undefined) return undefined;
    const isWhole = requester.model === 'usm' && (type === 'read' || isPrivate);
    const view = this.#view(name, isWhole);
    this.#known.set(key, view);
    return view;
  }

  /** Whether a notification with these objects may be sent on behalf of its target's principal (RFC 3413 section 3.3). */
  mayNotify(
    requester: Omit<Requester, 'highest'>,
    notification: readonly number[],
    objects: readonly MibObject[],
  ): boolean {
    if (requester.model !== 'usm' && objects.some((object) => object.sensitive)) return false;
    if (this.#fresh().vacm.access.size === 0) return true;
    const name = this.#viewName(requester, 'notify');
    if (name === undefined) return false;
    const families = this.#familiesOf(name);
    const names = [notification, ...objects.map(({ oid }) => [...oid, 0])];
    return names.every((each) => includes(families, each, each.length));
  }

  #fresh(): SnmpConfig {
    const config = this.#current();
    if (config !== this.#config) {
      this.#config = config;
      for (const cache of [this.#families, this.#views, this.#known]) cache.clear();
    }
    return config;
  }

  /** Undefined where there is no such view. */
  #viewName({ model, securityName, level }: Omit<Requester, 'highest'>, type: ViewType): string | undefined {
    const { vacm } = this.#fresh();
    const name = accessEntry(vacm, securityModels[model], securityName, level, context)?.views[type];
    return name !== undefined && vacm.views.has(name) ? name : undefined;
  }

  #view(name: string, isWhole: boolean): View {
    const key = `${String(isWhole)} ${name}`;
    const view = this.#views.get(key) ?? View.of(this.#objects, this.#familiesOf(name), isWhole ? undefined : isOpen);
    this.#views.set(key, view);
    return view;
  }

  #familiesOf(name: string): readonly Family[] {
    const families = this.#families.get(name) ?? familiesOf(this.#fresh().vacm.views.get(name)!);
    this.#families.set(name, families);
    return families;
  }
}

function isOpen({ sensitive }: MibObject): boolean {
  return !sensitive;
}
