/** A session: the verbs of one user over one protocol, on the datastore that all share. */
import { setMaxListeners } from 'node:events';
import { ConfigError } from '../error.js';
import {
  type ApplyOptions,
  atOnce,
  type Branch,
  type Content,
  compileQuery,
  type DataTree,
  type InstanceIdentifier,
  type LeafSchema,
  type Schema,
  type SchemaNode,
  type Steps,
  type Value,
  type XPathNames,
} from '../yang/index.js';
import type { Access } from './access.js';
import { invokeAction } from './action.js';
import { type Candidate, candidateChanged, sharedCandidate } from './candidate.js';
import { tasksFor } from './change.js';
import type { Job } from './commit-queue.js';
import { asker, newPersistId } from './confirmed.js';
import type { CommitResult, Difference, Finding, Origin, Root } from './contract.js';
import { copyConfig } from './copy-config.js';
import type { Core } from './datastore.js';
import { reporting } from './defaults.js';
import { makeReadable } from './difference.js';
import { settle, validateRoot } from './draft.js';
import type { EntryPath } from './entry-path.js';
import { type Lockable, lockDenied } from './locks.js';
import { annotationsOf } from './origin.js';
import type { PartialLock } from './partial-locks.js';
import { rebase } from './patch.js';
import { editTree, sealEdits } from './request.js';
import type {
  CommitOptions,
  CopySource,
  CopyTarget,
  DatastoreEvent,
  DatastoreName,
  Edit,
  EditOptions,
  HistoryEntry,
  Reading,
  ReadOptions,
  Session,
  SubscribeOptions,
} from './session.js';
import type { SessionInfo } from './sessions.js';
import { subscribe } from './subscription.js';
import { wholeDatastore } from './whole.js';

export class DatastoreSession implements Session {
  readonly id: number;
  readonly origin: Origin;
  readonly schema: Schema;
  readonly #core: Core;
  readonly since: number;
  readonly #end = new AbortController();
  readonly #killed = new AbortController();
  /** What the user may do as the rules in the trees with those serial numbers have it; a session that rests keeps no old tree. */
  #known: { readonly config: number; readonly system: number; readonly access: Access | undefined } | undefined;
  readonly #unsubscribes = new Set<() => void>();

  constructor(core: Core, id: number, origin: Origin) {
    this.#core = core;
    this.id = id;
    this.origin = origin;
    this.schema = core.schema;
    this.since = core.services.clock.now();
    // Each commit that waits listens.
    setMaxListeners(0, this.#killed.signal);
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  get(path: InstanceIdentifier, datastore: DatastoreName = 'operational', candidate?: string): Content | undefined {
    this.#checkOpen();
    const content =
      datastore === 'operational'
        ? this.#core.operational.get(this.#core.running(), path)
        : this.#whole(datastore, candidate).get(path);
    return this.#seen(path, content);
  }

  read(path: InstanceIdentifier, options: ReadOptions = {}): Reading | undefined {
    return atOnce(this.reading(path, options));
  }

  *reading(path: InstanceIdentifier, options: ReadOptions = {}): Steps<Reading | undefined> {
    this.#checkOpen();
    const { datastore = 'operational', candidate, withOrigin = false, withDefaults } = options;
    const isOperational = datastore === 'operational';
    if (withOrigin && !isOperational) {
      const message = 'only what is in operational has an origin';
      throw new ConfigError({ type: 'protocol', tag: 'invalid-value', message });
    }
    const set = this.#whole(isOperational ? 'running' : datastore, candidate);
    const view = this.#access()?.view;
    const all = isOperational ? yield* this.#core.operational.reading(this.#core.running(), path) : set.get(path);
    const reported = yield* reporting(all, { set, path, isOperational, withDefaults, unwritten: this.#core.unwritten });
    const content = view === undefined ? reported : yield* view.looking(path, reported);
    const tagged = withDefaults === 'report-all-tagged';
    const annotations = annotationsOf(this.schema, set, path, { withOrigin, tagged }, this.#core.operational);
    return content === undefined ? undefined : { content, annotations };
  }

  leaf(path: InstanceIdentifier): Value | undefined {
    if (this.#access()?.policy.permitsRead(path) === false) return undefined;
    return this.#core.operational.leaf(this.#core.running(), path);
  }

  leafOf(entry: EntryPath, leaf: LeafSchema): Value | undefined {
    const policy = this.#access()?.policy;
    if (policy !== undefined) {
      const all = policy.permitsReadOfAll(leaf);
      if (all === false || (all === undefined && !policy.permitsRead(entry.child(leaf)))) return undefined;
    }
    return this.#core.operational.leafOf(this.#core.running(), entry, leaf);
  }

  sees(path: InstanceIdentifier): boolean {
    return this.#access()?.policy.permitsRead(path) !== false;
  }

  seesAll(schema: SchemaNode): boolean | undefined {
    const access = this.#access();
    return access === undefined ? true : access.policy.permitsReadOfAll(schema);
  }

  permits(verb: 'create' | 'update' | 'exec', path: InstanceIdentifier): boolean {
    const policy = this.#access()?.policy;
    if (policy === undefined) return true;
    return verb === 'exec' ? policy.permitsInvocation(path) : policy.permits(verb, path);
  }

  authorizeAt(verb: 'create' | 'exec', path: InstanceIdentifier): void {
    this.#checkOpen();
    const { access } = this.#core;
    if (verb === 'exec') access.checkInvocation(this.origin, this.#core.running(), path);
    else access.checkEdits(this.origin, this.#core.running(), [{ operation: 'create', path }]);
  }

  tree(datastore: DatastoreName, candidate?: string): DataTree {
    this.#checkOpen();
    const tree = this.#whole(datastore, candidate);
    return this.#access()?.view.tree(tree) ?? tree;
  }

  #whole(datastore: DatastoreName, candidate?: string): DataTree {
    return wholeDatastore(this.#core, datastore, () => this.#candidateName(candidate));
  }

  transaction(): string {
    return this.#core.transaction();
  }

  async apply(
    edits: readonly Edit[],
    options: CommitOptions & Pick<EditOptions, 'errorOption'> = {},
  ): Promise<CommitResult> {
    this.#checkOpen();
    const { sealing } = this.#core.services;
    const collect = options.errorOption === 'continue-on-error';
    const sealed = this.#refusing(() => sealEdits(edits, sealing));
    const { access } = this.#core;
    const build = this.#core.guarded(this.origin, (head) => {
      access.checkEdits(this.origin, head, sealed);
      return { config: editTree(head.config, sealed, sealing, { collect }), system: head.system };
    });
    return await this.#submit(build, options, 'commit');
  }

  edit(edits: readonly Edit[], candidate?: string): void {
    this.#checkOpen();
    const name = this.#candidateName(candidate);
    this.#refusing(() => {
      const edited = this.#edited(edits, name, {});
      this.#core.candidates.set(name, edited, this.origin.user);
    });
  }

  async editConfig(edits: readonly Edit[], options: EditOptions, candidate?: string): Promise<readonly Finding[]> {
    this.#checkOpen();
    const { testOption = 'set', errorOption } = options;
    const { candidates } = this.#core;
    const name = this.#candidateName(candidate);
    const before = candidates.get(name);
    const edited = this.#refusing(() => this.#edited(edits, name, { collect: errorOption === 'continue-on-error' }));
    const findings = testOption === 'set' ? [] : await this.#validate(edited);
    if (testOption === 'test-only') return findings;
    this.#refusing(() => {
      if (candidates.get(name).tree !== before.tree) throw candidateChanged();
      candidates.set(name, edited, this.origin.user);
    });
    return findings;
  }

  async copyConfig(
    target: CopyTarget,
    source: CopySource,
    options: CommitOptions = {},
    candidate?: string,
  ): Promise<CommitResult> {
    this.#checkOpen();
    const commit = (put: (running: DataTree) => DataTree, how: CommitOptions) => {
      const build = (head: Root) => ({ config: put(head.config), system: head.system });
      return this.#submit(this.#core.guarded(this.origin, build), how, 'commit');
    };
    const name = this.#candidateName(candidate);
    try {
      return await copyConfig({ core: this.#core, session: this, target, source, candidate: name, options, commit });
    } catch (error) {
      throw this.#core.refusal(error);
    }
  }

  async deleteConfig(): Promise<void> {
    this.authorize('ietf-netconf', 'delete-config');
    await this.#core.startup.delete(this).catch((error: unknown) => {
      throw this.#core.refusal(error);
    });
  }

  async validate(candidate?: string): Promise<readonly Finding[]> {
    this.#checkOpen();
    return await this.#validate(this.#core.candidates.get(this.#candidateName(candidate)));
  }

  async commit(options: CommitOptions = {}, candidate?: string): Promise<CommitResult> {
    this.#checkOpen();
    const name = this.#candidateName(candidate);
    if (name === sharedCandidate) this.#core.locks.check('candidate', this.id);
    const committed = this.#core.candidates.get(name);
    const build = this.#core.guarded(this.origin, this.#buildCandidate(name));
    const result = await this.#submit(build, options, 'commit');
    // What was edited while the commit was under way stays, as a candidate of its own on what was committed.
    if (options.testOnly === true) return result;
    const now = this.#core.candidates.get(name);
    if (now.tree === committed.tree || now.tree === now.base) this.#core.candidates.discard(name);
    else this.#core.candidates.set(name, { base: committed.tree, tree: now.tree }, this.origin.user);
    return result;
  }

  discard(candidate?: string): void {
    this.#checkOpen();
    const name = this.#candidateName(candidate);
    if (name === sharedCandidate) this.#core.locks.check('candidate', this.id);
    this.#core.candidates.discard(name);
  }

  diff(between?: { from?: string; to?: string }, candidate?: string): readonly Difference[] {
    this.#checkOpen();
    const { points, services } = this.#core;
    const seen = (differences: readonly Difference[]) => this.#access()?.view.differences(differences) ?? differences;
    if (between === undefined) {
      const running = this.#core.running();
      const { tree } = this.#core.candidates.get(this.#candidateName(candidate));
      return seen(makeReadable(running, { config: tree, system: running.system }, services.sealing));
    }
    const from = between.from === undefined ? this.#core.running() : points.find(between.from).root;
    const to = between.to === undefined ? this.#core.running() : points.find(between.to).root;
    return seen(makeReadable(from, to, services.sealing));
  }

  async confirm(persistId?: string): Promise<void> {
    this.#checkOpen();
    await this.#core.confirm(this, persistId);
  }

  async cancel(persistId?: string): Promise<void> {
    this.#checkOpen();
    this.#core.confirmed.claim(asker(this), persistId, true);
    await this.#core.revert(`cancelled by ${this.origin.user}`);
  }

  history(): readonly HistoryEntry[] {
    this.#checkOpen();
    return this.#core.history();
  }

  async rollback(transaction: string, options: CommitOptions = {}): Promise<CommitResult> {
    this.#checkOpen();
    const { root } = this.#core.points.find(transaction);
    const comment = options.comment ?? `rollback to transaction ${transaction}`;
    // System state goes back with the configuration, so it is the user's to write here.
    const build = this.#core.guarded(this.origin, (head) => {
      this.#core.access.checkChange(this.origin, head, head.system, root.system);
      return root;
    });
    return await this.#submit(build, { ...options, comment }, 'rollback');
  }

  authorize(module: string, operation: string): void {
    this.#checkOpen();
    this.#core.access.checkOperation(this.origin, this.#core.running(), module, operation);
  }

  lock(datastore: Lockable): void {
    this.#checkOpen();
    if (datastore === 'startup') this.#core.startup.check();
    const { candidates, locks, partialLocks } = this.#core;
    if (datastore === 'candidate' && locks.holder('candidate') === undefined && candidates.isEdited(sharedCandidate)) {
      throw lockDenied('the candidate holds changes that are not committed', 0);
    }
    if (datastore === 'running') {
      this.#checkNoConfirmed();
      const holder = partialLocks.anyHolder();
      if (holder !== undefined) throw lockDenied(`a part of running is locked by session ${holder}`, holder);
    }
    locks.lock(datastore, this.id);
  }

  unlock(datastore: Lockable): void {
    this.#checkOpen();
    this.#core.locks.unlock(datastore, this.id);
    if (datastore === 'candidate') this.#core.candidates.discard(sharedCandidate);
  }

  partialLock(select: readonly string[], names: XPathNames): PartialLock {
    this.#checkOpen();
    if (select.length === 0 || select.length > maxSelects) {
      const message = `a partial lock takes 1 to ${maxSelects} expressions`;
      throw new ConfigError({ type: 'protocol', tag: 'invalid-value', message });
    }
    const holder = this.#core.locks.holder('running');
    if (holder !== undefined) throw lockDenied(`running is locked by session ${holder}`, holder);
    this.#checkNoConfirmed();
    const tree = this.tree('running');
    const found = new Map<string, InstanceIdentifier>();
    for (const text of select) {
      const query = compileQuery(this.schema, text, { names, view: 'config' });
      if (query.kind !== 'nodes') {
        const message = `${text.slice(0, 64)} gives a ${query.kind}, not nodes`;
        throw new ConfigError({ type: 'protocol', tag: 'invalid-value', appTag: 'not-a-node-set', message });
      }
      for (const node of query.nodes(tree)) found.set(node.toString(), node);
    }
    return this.#core.partialLocks.lock(this.id, [...found.values()]);
  }

  partialUnlock(lockId: number): void {
    this.#checkOpen();
    this.#core.partialLocks.unlock(this.id, lockId);
  }

  sessions(): readonly SessionInfo[] {
    this.#checkOpen();
    return this.#core.sessions.list();
  }

  killSession(id: number): void {
    this.#checkOpen();
    this.#core.sessions.kill(id, this.id);
  }

  async invoke(path: InstanceIdentifier, input: Branch | undefined, signal?: AbortSignal): Promise<Branch> {
    this.#checkOpen();
    try {
      this.#core.access.checkInvocation(this.origin, this.#core.running(), path);
      return await invokeAction(this.#core, this, path, input, signal);
    } catch (error) {
      throw this.#core.refusal(error);
    }
  }

  subscribe(listener: (event: DatastoreEvent) => void | Promise<void>, options: SubscribeOptions = {}): () => void {
    this.#checkOpen();
    const end = subscribe(this.#core, this, listener, options);
    const unsubscribe = () => {
      this.#unsubscribes.delete(unsubscribe);
      end();
    };
    this.#unsubscribes.add(unsubscribe);
    return unsubscribe;
  }

  close(): void {
    this.#finish('closed');
  }

  /** As {@link close}; a commit that is under way and not written yet is given up as well (RFC 6241 7.9). */
  kill(): void {
    this.#finish('killed');
    this.#killed.abort();
  }

  #finish(reason: 'closed' | 'killed'): void {
    if (this.ended.aborted) return;
    this.#end.abort(reason);
    for (const end of [...this.#unsubscribes]) end();
    this.#core.candidates.discard(this.#privateName());
    const freed = this.#core.locks.release(this.id);
    if (freed.includes('candidate')) this.#core.candidates.discard(sharedCandidate);
    this.#core.partialLocks.release(this.id);
    this.#core.sessions.forget(this);
    this.#core.tellOfSession(this, reason);
    const { open } = this.#core.confirmed;
    // RFC 6241 8.4.1: without persist it ends with its session. Where each request is a session of its own it does not.
    if (open === undefined || open.persist || open.owner.session !== this.id || this.origin.protocol !== 'netconf')
      return;
    void this.#core.revert('the session that issued it ended').catch(() => undefined);
  }

  /** RFC 6241 7.5, 8.4.5: running is not to be locked while a confirmed commit of another is open. */
  #checkNoConfirmed(): void {
    const { open } = this.#core.confirmed;
    if (open === undefined || open.owner.session === this.id) return;
    throw lockDenied('a confirmed commit is open', open.owner.session);
  }

  async #submit(build: Job['build'], options: CommitOptions, kind: string): Promise<CommitResult> {
    const { confirmTimeout, persist, persistId, comment, expectTransaction, testOnly } = options;
    if (confirmTimeout !== undefined && !(confirmTimeout > 0)) {
      throw new ConfigError({ tag: 'invalid-value', message: 'a confirm timeout is a number of seconds above 0' });
    }
    if (persistId !== undefined && this.#core.confirmed.open === undefined) {
      throw new ConfigError({ type: 'protocol', tag: 'invalid-value', message: 'no confirmed commit is open' });
    }
    // Over protocols whose requests are sessions of their own a confirmed commit has to outlive its session.
    const lives = persist ?? (this.origin.protocol === 'netconf' ? undefined : (persistId ?? newPersistId()));
    const confirm = confirmTimeout === undefined ? undefined : { seconds: confirmTimeout, persist: lives };
    return await this.#core.submit({
      origin: this.origin,
      session: this.id,
      kind: confirm === undefined ? kind : 'confirmed-commit',
      cause: kind === 'rollback' ? 'rollback' : 'commit',
      comment: comment ?? '',
      build,
      expectTransaction,
      testOnly,
      confirm,
      persistId,
      signal:
        options.signal === undefined ? this.#killed.signal : AbortSignal.any([this.#killed.signal, options.signal]),
    });
  }

  /** The candidate with edits made, not set yet. */
  #edited(edits: readonly Edit[], name: string, options: ApplyOptions): Candidate {
    if (name === sharedCandidate) this.#core.locks.check('candidate', this.id);
    const { sealing } = this.#core.services;
    const { access } = this.#core;
    const running = this.#core.running();
    access.checkEdits(this.origin, running, edits);
    const { base, tree } = this.#core.candidates.get(name);
    const edited = editTree(tree, sealEdits(edits, sealing), sealing, options);
    access.checkChange(this.origin, running, tree, edited);
    return { base, tree: edited };
  }

  async #validate(candidate: Candidate): Promise<readonly Finding[]> {
    const { services } = this.#core;
    const { origin } = this;
    const before = this.#core.running();
    try {
      const proposed = await rebased(candidate)(before);
      const { root: after, differences } = await settle(before, proposed, services.validator);
      const transition = { before, after, differences: differences.all, origin, cause: 'commit' } as const;
      return await validateRoot(before, after, tasksFor(services.registry, transition), services);
    } catch (error) {
      throw this.#core.refusal(error);
    }
  }

  #buildCandidate(name: string): (head: Root) => Promise<Root> {
    return rebased(this.#core.candidates.get(name));
  }

  #seen(path: InstanceIdentifier, content: Content | undefined): Content | undefined {
    const access = this.#access();
    return access === undefined ? content : access.view.of(path, content);
  }

  /** By the rules of running as it is now; undefined where everything is permitted. */
  #access(): Access | undefined {
    const running = this.#core.running();
    const { serial: config } = running.config;
    const { serial: system } = running.system;
    if (this.#known?.config !== config || this.#known.system !== system)
      this.#known = { config, system, access: this.#core.access.of(this.origin, running) };
    return this.#known.access;
  }

  /** NETCONF's candidate is the shared one; everybody else has one of his own. */
  #candidateName(name: string | undefined): string {
    return name ?? (this.origin.protocol === 'netconf' ? sharedCandidate : this.#privateName());
  }

  #privateName(): string {
    return `session ${this.id}`;
  }

  #refusing<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw this.#core.refusal(error);
    }
  }

  #checkOpen(): void {
    if (this.ended.aborted)
      throw new ConfigError({ type: 'rpc', tag: 'operation-failed', message: 'the session is closed' });
  }
}

/** What was edited, on whatever running is by then. */
function rebased({ base, tree }: Candidate): (head: Root) => Promise<Root> {
  return async (head) => ({ config: await rebase(base, tree, head.config), system: head.system });
}

/** Of one partial lock. */
const maxSelects = 64;
