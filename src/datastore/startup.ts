/**
 * The startup datastore (RFC 6241 8.7), where the operator asked for one: what was saved there is what a start begins with. Else
 * running is durable, and there is none.
 */
import { ConfigError } from '../error.js';
import { DataTree, diffTrees, InstanceIdentifier } from '../yang/index.js';
import type { Root } from './contract.js';
import type { Core } from './datastore.js';
import type { FactoryDefault } from './factory.js';
import type { Session } from './session.js';
import { type Store, systemOrigin } from './store.js';

export interface StartupParts {
  readonly isServed: boolean;
  readonly store: Store;
  readonly factory: FactoryDefault | undefined;
}

export class StartupDatastore {
  readonly #core: Core;
  readonly #parts: StartupParts;

  constructor(core: Core, parts: StartupParts) {
    this.#core = core;
    this.#parts = parts;
  }

  get isServed(): boolean {
    return this.#parts.isServed;
  }

  /** ConfigError `operation-not-supported` where there is none. */
  check(): void {
    if (!this.isServed) throw noStartup();
  }

  /** Empty where it was deleted. */
  get tree(): DataTree {
    this.check();
    return this.#parts.store.startup?.root?.config ?? DataTree.empty(this.#core.schema);
  }

  /** All of it, whatever the user may see and write: who may copy needs no more for this (RFC 8341 section 3.2.6). */
  async saveRunning(session: Session): Promise<void> {
    await this.#write(session, (store) => store.setStartup('saved', session.origin, this.#core.running()));
  }

  /** Resolves when it is on disk. */
  async save(session: Session, root: Root): Promise<void> {
    await this.#change(session, root.config, (store) => store.setStartup('saved', session.origin, root));
  }

  /** RFC 6241 7.4: the next start begins with the factory default. */
  async delete(session: Session): Promise<void> {
    this.check();
    await this.#change(session, DataTree.empty(this.#core.schema), (store) =>
      store.setStartup('deleted', session.origin),
    );
  }

  async #change(session: Session, config: DataTree, write: (store: Store) => Promise<void>): Promise<void> {
    this.#mayWrite(session);
    this.#core.access.checkChange(session.origin, this.#core.running(), this.tree, config);
    await this.#write(session, write);
  }

  async #write(session: Session, write: (store: Store) => Promise<void>): Promise<void> {
    this.#mayWrite(session);
    await this.#core.between(session, async (store) => {
      this.#mayWrite(session);
      await write(store);
    });
  }

  #mayWrite(session: Session): void {
    this.#core.locks.check('startup', session.id);
    if (this.#core.confirmed.open === undefined) return;
    // What nobody has confirmed must not be what a restart brings back.
    const message = 'a confirmed commit is open; confirm it first';
    throw new ConfigError({ type: 'protocol', tag: 'in-use', message });
  }

  /** At a start, before anything listens: running becomes what was saved. Where that fails running stays, and it is told. */
  async load(): Promise<void> {
    const { store } = this.#parts;
    const { startup } = store;
    const { log, troubles } = this.#core.services;
    if (!this.isServed) {
      if (startup !== undefined) await store.setStartup('none', systemOrigin);
      return;
    }
    try {
      if (startup?.fault !== undefined) throw startup.fault;
      if (startup === undefined) await store.setStartup('saved', systemOrigin, this.#core.running());
      else if (startup.root === undefined) await this.#beginAnew();
      else if (startup.root.config !== this.#core.running().config) await this.#return(startup.root);
      troubles.isOver('startup-not-loaded');
    } catch (error) {
      const { message, path } = ConfigError.from(error);
      log('error', 'alarm: the startup configuration could not be loaded', { message, path });
      const text = `running goes on as it was before the start, for startup could not be loaded: ${message}`;
      troubles.stands({ kind: 'startup-not-loaded', place: '', text });
    }
  }

  async #return(saved: Root): Promise<void> {
    await this.#core.submit({
      origin: systemOrigin,
      session: 0,
      kind: 'startup',
      // What was in force once comes back with its own keys and certificates, and time that has passed does not hold it up.
      cause: 'rollback',
      comment: 'start from startup',
      build: (head) => startedFrom(head, saved),
    });
  }

  async #beginAnew(): Promise<void> {
    const access = await this.#parts.factory?.firstAccess(systemOrigin);
    const root = this.#core.factoryRoot(access?.edits ?? []);
    try {
      await this.#core.submit({
        origin: systemOrigin,
        session: 0,
        kind: 'startup',
        cause: 'commit',
        comment: 'start without startup: the factory default',
        build: () => root,
      });
    } catch (error) {
      access?.withdraw();
      throw error;
    }
  }

  /** RFC 8808 section 2: startup is what running is by then. */
  async reset(): Promise<void> {
    if (!this.isServed) return;
    const { store } = this.#parts;
    store.forgetStartup();
    await this.#core.between({ origin: systemOrigin, id: 0 }, () =>
      store.setStartup('saved', systemOrigin, this.#core.running()),
    );
  }
}

/**
 * The configuration of `saved`. System state of what it changes is that of the time when it was saved, so that a key comes back
 * with its certificate; beside that it is what it is now.
 */
function startedFrom(head: Root, saved: Root): Root {
  const system = head.system.edit();
  const done = new Set<string>();
  for (const { path } of diffTrees(head.config, saved.config)) {
    const entry = path.steps.findIndex(({ keys }) => keys !== undefined);
    const steps = entry < 0 ? path.steps : path.steps.slice(0, entry + 1);
    const place = new InstanceIdentifier(steps);
    if (done.has(place.toString())) continue;
    done.add(place.toString());
    const content = saved.system.get(place);
    if (content === undefined) system.remove(place);
    else system.set(place, content);
  }
  return { config: saved.config, system: system.finish() };
}

/** Where the operator did not ask for a startup datastore of its own. */
function noStartup(): ConfigError {
  const message = 'running is durable here: there is no startup datastore beside it';
  return new ConfigError({ type: 'protocol', tag: 'operation-not-supported', message });
}
