/**
 * Access control (RFC 8341), the same for every northbound: who has which policy, refusals, and what is counted of them. A
 * schema without ietf-netconf-acm has none.
 */
import { ConfigError } from '../error.js';
import type { Branch, Content, DataTree, InstanceIdentifier, Schema } from '../yang/index.js';
import { AccessPolicy } from './access-policy.js';
import { type AccessConfiguration, nacmName, readAccess } from './access-rules.js';
import { AccessView } from './access-view.js';
import { type Denial, findDenial, findDenialOfEdit } from './access-write.js';
import { type AuditRecord, askerOf } from './audit.js';
import type { Origin, Root } from './contract.js';
import type { Log } from './log.js';
import type { Edit } from './session.js';

/** Groups that a user is in beside those of the tree's `nacm` container (RFC 8341 enable-external-groups). */
export type ExternalGroups = (root: Root, user: string) => readonly string[];

/** Since the start (RFC 8341: denied-operations, denied-data-writes, denied-notifications). */
export interface AccessCounters {
  operations: number;
  dataWrites: number;
  notifications: number;
}

/** The policy of one user and what it lets him see. */
export interface Access {
  readonly policy: AccessPolicy;
  readonly view: AccessView;
}

export class AccessControl {
  readonly counters: AccessCounters = { operations: 0, dataWrites: 0, notifications: 0 };
  readonly #schema: Schema;
  readonly #groups: ExternalGroups;
  readonly #log: Log;
  readonly #refused: (record: AuditRecord) => void;
  /** What was read of one version of the container, with the policies that were asked for: of a set of groups, or of a user. */
  #current: { readonly nacm: Content | undefined; readonly configuration: AccessConfiguration } | undefined;
  readonly #policies = new Map<string, Access>();

  /** `refused` is told of every refusal, with the whole path. */
  constructor(schema: Schema, groups: ExternalGroups, log: Log, refused: (record: AuditRecord) => void) {
    this.#refused = refused;
    this.#schema = schema;
    this.#groups = groups;
    this.#log = log;
  }

  /** Undefined where everything is permitted: to the recovery session and the system itself, and while it is disabled. */
  of(origin: Origin, root: Root): Access | undefined {
    if (origin.protocol === 'local' || origin.protocol === 'system') return undefined;
    const configuration = this.#configuration(root.config);
    if (configuration?.enabled !== true) return undefined;
    const groups = new Set(configuration.memberships.get(origin.user));
    if (configuration.externalGroups) for (const group of this.#groups(root, origin.user)) groups.add(group);
    const key = JSON.stringify([configuration.namesUser ? origin.user : '', ...[...groups].sort()]);
    const known = this.#policies.get(key);
    if (known !== undefined) return known;
    const policy = new AccessPolicy(configuration, origin.user, groups);
    const access: Access = { policy, view: new AccessView(policy) };
    if (this.#policies.size >= maxPolicies) this.#policies.clear();
    this.#policies.set(key, access);
    return access;
  }

  /** Throws access-denied where the edits say themselves that they do what the user may not. */
  checkEdits(origin: Origin, root: Root, edits: readonly Edit[]): void {
    const access = this.of(origin, root);
    if (access === undefined) return;
    for (const edit of edits) {
      const denial = findDenialOfEdit(access.policy, edit);
      if (denial !== undefined) throw this.#denyWrite(origin, access, denial);
    }
  }

  /** Throws access-denied where the user may not bring about what differs; `root` is where the rules stand. */
  checkChange(origin: Origin, root: Root, before: DataTree, after: DataTree): void {
    const access = this.of(origin, root);
    const denial = access === undefined ? undefined : findDenial(access.policy, before, after);
    if (access !== undefined && denial !== undefined) throw this.#denyWrite(origin, access, denial);
  }

  /** Throws access-denied where the user may not call the rpc or action. */
  checkInvocation(origin: Origin, root: Root, path: InstanceIdentifier): void {
    const access = this.of(origin, root);
    if (access === undefined || access.policy.permitsInvocation(path)) return;
    this.#tell(origin, 'exec', path.toString());
    throw this.#denyOperation(access.view.visible(path).toString(), path.last?.schema.name ?? '');
  }

  /** As {@link checkInvocation}, for an operation of the protocol itself (RFC 8341 3.4.4 steps 3, 10 and 11). */
  checkOperation(origin: Origin, root: Root, module: string, name: string): void {
    if (name === 'close-session') return;
    const access = this.of(origin, root);
    const denied = name === 'kill-session' || name === 'delete-config';
    if (access === undefined || access.policy.permitsOperation(module, name, denied)) return;
    this.#tell(origin, 'exec', `/${module}:${name}`);
    throw this.#denyOperation('', name);
  }

  /** Whether to tell the user of a notification; counts those that are held back. */
  admitsNotification(origin: Origin, root: Root, path: InstanceIdentifier): boolean {
    const access = this.of(origin, root);
    if (access === undefined || access.policy.permitsNotification(path)) return true;
    this.counters.notifications = next(this.counters.notifications);
    return false;
  }

  #configuration(tree: DataTree): AccessConfiguration | undefined {
    const schema = this.#schema.root.byQualifiedName.get(nacmName);
    if (schema?.kind !== 'container') return undefined;
    const nacm: Branch | undefined = tree.root.container(schema);
    if (this.#current !== undefined && this.#current.nacm === nacm) return this.#current.configuration;
    const configuration = readAccess(this.#schema, tree, (rule, error) =>
      this.#log('warning', `the access rule ${rule} matches nothing: ${error.message}`),
    );
    this.#current = { nacm, configuration };
    this.#policies.clear();
    return configuration;
  }

  #tell(origin: Origin, access: string, path: string): void {
    this.#refused({ event: 'refusal', ...askerOf(origin), access, path });
  }

  #denyWrite(origin: Origin, { view }: Access, { verb, path }: Denial): ConfigError {
    this.counters.dataWrites = next(this.counters.dataWrites);
    this.#tell(origin, verb, path.toString());
    const message = `no ${verb} access; ask an administrator`;
    return new ConfigError({ tag: 'access-denied', path: view.visible(path).toString(), message });
  }

  #denyOperation(path: string, name: string): ConfigError {
    this.counters.operations = next(this.counters.operations);
    const message = `no exec access to ${name}; ask an administrator`;
    return new ConfigError({ type: 'protocol', tag: 'access-denied', path: path === '/' ? '' : path, message });
  }
}

/** A zero-based counter32 (RFC 6991) wraps. */
function next(counter: number): number {
  return (counter + 1) % 2 ** 32;
}

const maxPolicies = 256;
