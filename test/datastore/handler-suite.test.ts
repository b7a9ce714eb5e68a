/** The suite for handlers, on a handler that is known to be sound. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { CommitHandler } from '../../src/datastore/index.js';
import { parsePath } from '../../src/yang/index.js';
import { edit, makePlace, type Place } from './fixture.js';
import { handlerSuite } from './handler-suite.js';

let place: Place;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());

describe('a sound handler', () => {
  handlerSuite(() => {
    const { schema } = place;
    const shown = new Map<string, number>();
    const staged = new Set<string>();
    const handler: CommitHandler<string> = {
      name: 'items',
      path: '/signet-test:box/item',
      async prepare({ instance }) {
        staged.add(instance.toString());
        return await Promise.resolve(instance.toString());
      },
      apply({ instance, after: root }) {
        const key = instance.toString();
        staged.delete(key);
        const value = root.config.get(parsePath(schema, `${key}/value`));
        if (root.config.get(instance) === undefined) shown.delete(key);
        else shown.set(key, Number(value ?? 0));
      },
      abort: (_change, key) => void staged.delete(key),
    };
    const rest = [
      'title',
      'size',
      'count',
      'both',
      'preferred',
      'secret',
      'word',
      'flag',
      'empty-able',
      'there',
      'low-mark',
      'deep',
      'high-mark',
    ];
    const owners = [...rest, 'step'].map((name) => ({ name, path: `/signet-test:box/${name}` }));
    return {
      schema,
      stateDirectory: () => mkdtemp(join(place.directory, 'h')),
      modules: (withBreaker) => [
        { name: 'items', handlers: [handler] },
        { name: 'rest', handlers: withBreaker ? owners.slice(1) : owners },
      ],
      handler: 'items',
      breaker: { path: '/signet-test:box/title', edit: edit(schema, 'merge', 'box.title', 'x') },
      set: [edit(schema, 'merge', 'box.item[a]', { name: 'a', value: 4 })],
      unset: [edit(schema, 'delete', 'box.item[a]')],
      outside: () => ({ shown: [...shown], staged: [...staged] }),
    };
  });
});
