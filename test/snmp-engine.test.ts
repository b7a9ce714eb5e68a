import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatastore, restoredName } from '../src/datastore/index.js';
import { countBoot, engineIdOf } from '../src/snmp-engine.js';
import { loadSchema, parsePath } from '../src/yang/index.js';
import { repositoryRoot, temporaryDirectory } from './support/places.js';

test('U5: boots are on disk and grow with each start; the first start and one that changes the configuration are cold, others warm (RFC 3418)', async (context) => {
  const stateDirectory = join(await temporaryDirectory(context), 'state');
  const { schema } = loadSchema({ directories: [join(repositoryRoot, 'schema')] });
  const handlers = schema.root.dataChildren
    .filter(({ module }) => module.name !== 'ietf-netconf-acm')
    .map(({ name, path }) => ({ name, path }));
  const start = async (commits: boolean) => {
    const datastore = await openDatastore({ stateDirectory, schema, modules: [{ name: 'all', handlers }] });
    const startedAt = Date.now();
    try {
      const path = parsePath(schema, '/signet-system:system/name');
      if (commits) await datastore.commit({ edits: [{ operation: 'merge', path, value: 'other' }] });
      const engineId = engineIdOf(datastore);
      return {
        id: engineId.toString('hex'),
        ...(await countBoot(datastore, engineId, startedAt, join(stateDirectory, restoredName))),
      };
    } finally {
      await datastore.close();
    }
  };
  const first = await start(false);
  assert.match(first.id, /^80007ed905[0-9a-f]{16}$/u);
  assert.deepEqual(first, { id: first.id, boots: 1, kind: 'coldStart' });
  assert.deepEqual(await start(false), { id: first.id, boots: 2, kind: 'warmStart' });
  assert.deepEqual(await start(true), { id: first.id, boots: 3, kind: 'coldStart' });
  assert.deepEqual(await start(false), { id: first.id, boots: 4, kind: 'warmStart' });
  // RFC 3414 3.2 step 7b: a station takes no fewer boots than it has seen, and the unit has counted on since the backup.
  await writeFile(join(stateDirectory, restoredName), '');
  assert.deepEqual(await start(false), { id: first.id, boots: 10_004, kind: 'coldStart' });
  assert.deepEqual(await start(false), { id: first.id, boots: 10_005, kind: 'warmStart' });
});
