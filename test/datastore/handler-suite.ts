/**
 * The suite that every commit handler gets: a failed prepare leaves nothing, another's failure aborts it once, applying
 * twice is applying once, deleting restores. A module's test calls it with its registration and what it shows outside.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  type CommitHandler,
  type Datastore,
  type Edit,
  type ModuleRegistration,
  openDatastore,
} from '../../src/datastore/index.js';
import { ConfigError } from '../../src/error.js';
import type { Schema } from '../../src/yang/index.js';
import { admin } from './fixture.js';

export interface HandlerCase {
  readonly schema: Schema;
  /** A fresh state directory at each call. */
  stateDirectory(): Promise<string>;
  /**
   * The module under test and owners for whatever else the schema needs; with `withBreaker` nobody owns the breaker's
   * path.
   */
  modules(withBreaker: boolean): readonly ModuleRegistration[];
  /** The name of the handler under test. */
  readonly handler: string;
  /** A node that comes after the handler under test, to fail there. */
  readonly breaker: { readonly path: string; readonly edit: Edit };
  /** What makes the handler do its work, and what takes that away again. */
  readonly set: readonly Edit[];
  readonly unset: readonly Edit[];
  /** What the handler has done to the outside: compared by deepEqual. */
  outside(): unknown;
}

/** Registers the tests; call it inside a `describe`. */
export function handlerSuite(make: () => HandlerCase | Promise<HandlerCase>): void {
  it('leaves nothing when its own prepare fails', async () => {
    const one = await make();
    const failing = wrap(one, (handler) => ({
      ...handler,
      async prepare() {
        throw await Promise.resolve(new ConfigError({ tag: 'resource-denied', message: 'injected' }));
      },
    }));
    await using(one, failing, async (store) => {
      const before = one.outside();
      await assert.rejects(store.session(admin).apply(one.set), { tag: 'resource-denied', message: 'injected' });
      assert.deepEqual(one.outside(), before);
      assert.equal(store.transaction(), '0');
    });
  });

  it("is aborted once when another's prepare fails, and leaves nothing", async () => {
    const one = await make();
    let prepared = 0;
    let aborted = 0;
    const counting = wrap(
      one,
      (handler) => ({
        ...handler,
        async prepare(change, context) {
          prepared += 1;
          return await handler.prepare?.(change, context);
        },
        async abort(change, resource) {
          aborted += 1;
          await handler.abort?.(change, resource);
        },
      }),
      true,
    );
    const { path } = one.breaker;
    const breaker: CommitHandler = {
      name: 'breaker',
      path,
      async prepare() {
        throw await Promise.resolve(new ConfigError({ tag: 'resource-denied', message: 'injected' }));
      },
    };
    await using(one, [...counting, { name: 'breaker', handlers: [breaker] }], async (store) => {
      const before = one.outside();
      const refused = store.session(admin).apply([...one.set, one.breaker.edit]);
      await assert.rejects(refused, { tag: 'resource-denied', message: 'injected' });
      assert.equal(aborted, prepared);
      assert.deepEqual(one.outside(), before);
    });
  });

  it('does by applying twice what it does by applying once', async () => {
    const one = await make();
    let again: (() => void | Promise<void>) | undefined;
    const twice = wrap(one, (handler) => ({
      ...handler,
      async apply(change, resource) {
        await handler.apply?.(change, resource);
        again = () => handler.apply?.(change, undefined);
      },
    }));
    await using(one, twice, async (store) => {
      await store.session(admin).apply(one.set);
      const once = one.outside();
      await again?.();
      assert.deepEqual(one.outside(), once);
    });
  });

  it('restores what was there when its configuration is deleted', async () => {
    const one = await make();
    await using(one, one.modules(false), async (store) => {
      const session = store.session(admin);
      const before = one.outside();
      await session.apply(one.set);
      assert.notDeepEqual(one.outside(), before, 'the case does something');
      await session.apply(one.unset);
      assert.deepEqual(one.outside(), before);
    });
  });
}

async function using(
  one: HandlerCase,
  modules: readonly ModuleRegistration[],
  work: (store: Datastore) => Promise<void>,
): Promise<void> {
  const store = await openDatastore({ stateDirectory: await one.stateDirectory(), schema: one.schema, modules });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

function wrap(
  one: HandlerCase,
  change: (handler: CommitHandler) => CommitHandler,
  withBreaker = false,
): readonly ModuleRegistration[] {
  return one.modules(withBreaker).map((module) => ({
    ...module,
    ...(module.handlers === undefined
      ? {}
      : { handlers: module.handlers.map((handler) => (handler.name === one.handler ? change(handler) : handler)) }),
  }));
}
