/** A session: the verbs of one user over one protocol, on the datastore that all share. */
import { ConfigError } from '../error.js';
import { type Branch, type Content, DataTree, InstanceIdentifier, type Schema, type Value } from '../yang/index.js';
import { invokeAction } from './action.js';
import { sharedCandidate } from './candidate.js';
import { tasksFor } from './change.js';
import type { CommitResult, Difference, Finding, Origin, Root } from './contract.js';
import { asker, type Core, newPersistId } from './datastore.js';
import { makeReadable } from './difference.js';
import { settle, validateRoot } from './draft.js';
import type { Lockable } from './locks.js';
import { rebase } from './patch.js';
import { editTree, sealEdits } from './request.js';
import type { CommitOptions, DatastoreEvent, DatastoreName, Edit, HistoryEntry, Session } from './session.js';

export class DatastoreSession implements Session {
  readonly id: number;
  readonly origin: Origin;
  readonly schema: Schema;
  readonly #core: Core;
  readonly #unsubscribes = new Set<() => void>();
  #closed = false;

  constructor(core: Core, id: number, origin: Origin) {
    this.#core = core;
    this.id = id;
    this.origin = origin;
    this.schema = core.schema;
  }

  get(path: InstanceIdentifier, datastore: DatastoreName = 'operational', candidate?: string): Content | undefined {
    this.#checkOpen();
    if (datastore === 'operational') return this.#core.operational.get(this.#core.running(), path);
    return this.tree(datastore, candidate).get(path);
  }

  leaf(path: InstanceIdentifier): Value | undefined {
    return this.#core.operational.leaf(this.#core.running(), path);
  }

  tree(datastore: DatastoreName, candidate?: string): DataTree {
    this.#checkOpen();
    const { sealing } = this.#core.services;
    switch (datastore) {
      case 'running':
      case 'startup':
      case 'intended':
        return sealing.shown(this.#core.running().config);
      case 'candidate':
        return sealing.shown(this.#core.candidates.get(this.#candidateName(candidate)).tree);
      case 'factory-default':
        return DataTree.empty(this.schema);
      case 'operational': {
        const root = this.#core.operational.get(this.#core.running(), InstanceIdentifier.root);
        return new DataTree(this.schema, root as Branch);
      }
    }
  }

  transaction(): string {
    return this.#core.transaction();
  }

  async apply(edits: readonly Edit[], options: CommitOptions = {}): Promise<CommitResult> {
    this.#checkOpen();
    const { sealing } = this.#core.services;
    const sealed = this.#refusing(() => sealEdits(edits, sealing));
    const build = (head: Root) => ({ config: editTree(head.config, sealed, sealing), system: head.system });
    return await this.#submit(build, options, 'commit');
  }

  edit(edits: readonly Edit[], candidate?: string): void {
    this.#checkOpen();
    const name = this.#candidateName(candidate);
    if (name === sharedCandidate) this.#core.locks.check('candidate', this.id);
    const { sealing } = this.#core.services;
    this.#refusing(() => {
      const { base, tree } = this.#core.candidates.get(name);
      const edited = { base, tree: editTree(tree, sealEdits(edits, sealing), sealing) };
      this.#core.candidates.set(name, edited, this.origin.user);
    });
  }

  async validate(candidate?: string): Promise<readonly Finding[]> {
    this.#checkOpen();
    const { services } = this.#core;
    const { origin } = this;
    const before = this.#core.running();
    try {
      const proposed = this.#buildCandidate(this.#candidateName(candidate))(before);
      const { root: after, differences } = await settle(before, proposed, services.validator);
      const transition = { before, after, differences: differences.all, origin, cause: 'commit' } as const;
      return await validateRoot(before, after, tasksFor(services.registry, transition), services);
    } catch (error) {
      throw this.#core.refusal(error);
    }
  }

  async commit(options: CommitOptions = {}, candidate?: string): Promise<CommitResult> {
    this.#checkOpen();
    const name = this.#candidateName(candidate);
    if (name === sharedCandidate) this.#core.locks.check('candidate', this.id);
    const committed = this.#core.candidates.get(name);
    const result = await this.#submit(this.#buildCandidate(name), options, 'commit');
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
    if (between === undefined) {
      const running = this.#core.running();
      const { tree } = this.#core.candidates.get(this.#candidateName(candidate));
      return makeReadable(running, { config: tree, system: running.system }, services.sealing);
    }
    const from = between.from === undefined ? this.#core.running() : points.find(between.from).root;
    const to = between.to === undefined ? this.#core.running() : points.find(between.to).root;
    return makeReadable(from, to, services.sealing);
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
    return await this.#submit(() => root, { ...options, comment }, 'rollback');
  }

  lock(datastore: Lockable): void {
    this.#checkOpen();
    const { candidates, confirmed, locks } = this.#core;
    if (datastore === 'candidate' && locks.holder('candidate') === undefined && candidates.isEdited(sharedCandidate)) {
      const message = 'the candidate holds changes that are not committed';
      throw new ConfigError({ type: 'protocol', tag: 'lock-denied', message, info: { 'session-id': '0' } });
    }
    const { open } = confirmed;
    if (datastore === 'running' && open !== undefined && open.owner.session !== this.id) {
      const info = { 'session-id': String(open.owner.session) };
      throw new ConfigError({ type: 'protocol', tag: 'lock-denied', message: 'a confirmed commit is open', info });
    }
    locks.lock(datastore, this.id);
  }

  unlock(datastore: Lockable): void {
    this.#checkOpen();
    this.#core.locks.unlock(datastore, this.id);
    if (datastore === 'candidate') this.#core.candidates.discard(sharedCandidate);
  }

  async invoke(path: InstanceIdentifier, input: Branch | undefined, signal?: AbortSignal): Promise<Branch> {
    this.#checkOpen();
    try {
      return await invokeAction(this.#core, this, path, input, signal);
    } catch (error) {
      throw this.#core.refusal(error);
    }
  }

  subscribe(listener: (event: DatastoreEvent) => void): () => void {
    this.#checkOpen();
    const { sealing } = this.#core.services;
    const end = this.#core.events.subscribe((event) => {
      if (event.kind !== 'commit') listener(event);
      else listener({ ...event, differences: event.differences.filter(({ path }) => !sealing.isConcealedPath(path)) });
    });
    const unsubscribe = () => {
      this.#unsubscribes.delete(unsubscribe);
      end();
    };
    this.#unsubscribes.add(unsubscribe);
    return unsubscribe;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const end of [...this.#unsubscribes]) end();
    this.#core.candidates.discard(this.#privateName());
    const freed = this.#core.locks.release(this.id);
    if (freed.includes('candidate')) this.#core.candidates.discard(sharedCandidate);
    this.#core.forget(this.id);
    const { open } = this.#core.confirmed;
    // RFC 6241 8.4.1: without persist it ends with its session. Where each request is a session of its own it does not.
    if (open === undefined || open.persist || open.owner.session !== this.id || this.origin.protocol !== 'netconf')
      return;
    void this.#core.revert('the session that issued it ended').catch(() => undefined);
  }

  async #submit(build: (head: Root) => Root, options: CommitOptions, kind: string): Promise<CommitResult> {
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
    });
  }

  #buildCandidate(name: string): (head: Root) => Root {
    const { base, tree } = this.#core.candidates.get(name);
    return (head) => ({ config: rebase(base, tree, head.config), system: head.system });
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
    if (this.#closed) throw new ConfigError({ type: 'rpc', tag: 'operation-failed', message: 'the session is closed' });
  }
}
