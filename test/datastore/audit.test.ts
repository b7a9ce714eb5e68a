/** The audit file: what is in it, its bounds, and that it stops nothing. */
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AuditFile, nodeFileSystem } from '../../src/datastore/index.js';
import { temporaryDirectory } from '../support/places.js';
import { interfaces, openGuarded } from './access-fixture.js';
import { admin, edit, makePlace, open } from './fixture.js';

const login = (user: string) => ({ event: 'login', result: 'refused', user, address: '192.0.2.1' }) as const;
const lines = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the audit file', () => {
  test('has a JSON line for each record, for its owner alone, and goes on where it ended', async (context) => {
    const directory = join(await temporaryDirectory(context), 'audit');
    const log = () => assert.fail('nothing fails');
    for (const user of ['ann', 'bob']) {
      const audit = new AuditFile({ directory, log, now: () => 0 });
      audit.record(login(user));
      await audit.close();
    }
    const file = join(directory, 'audit.log');
    const time = '1970-01-01T00:00:00.000Z';
    assert.deepEqual(await lines(file), [
      { time, ...login('ann') },
      { time, ...login('bob') },
    ]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  test('is rotated and bounded, whatever is recorded', async (context) => {
    const directory = await temporaryDirectory(context);
    const audit = new AuditFile({ directory, log: () => undefined, size: 4096, count: 3 });
    for (let round = 0; round < 40; round += 1) {
      audit.record(login(`${String(round)} ${'x'.repeat(100_000)}`));
      await audit.close();
    }
    assert.deepEqual((await readdir(directory)).sort(), ['audit.log', 'audit.log.1', 'audit.log.2']);
    for (const name of await readdir(directory)) assert.ok((await stat(join(directory, name))).size <= 40_000, name);
    assert.match(String((await lines(join(directory, 'audit.log'))).at(-1)?.['user']), /^39 x+\.\.\.$/);
  });

  test('what is too much at once is counted', async (context) => {
    const directory = await temporaryDirectory(context);
    const audit = new AuditFile({ directory, log: () => undefined });
    for (let round = 0; round < 1500; round += 1) audit.record(login(String(round)));
    await audit.close();
    audit.record(login('last'));
    await audit.close();
    const all = await lines(join(directory, 'audit.log'));
    assert.equal(all.length + Number(all.at(-1)?.['dropped']), 1501);
  });

  test('a disk that fails is told once, and recording goes on when it works again', async (context) => {
    const directory = await temporaryDirectory(context);
    const logged: string[] = [];
    let broken = true;
    const files: typeof nodeFileSystem = {
      ...nodeFileSystem,
      open: (path, mode) => (broken ? Promise.reject(new Error('ENOSPC')) : nodeFileSystem.open(path, mode)),
    };
    const audit = new AuditFile({ directory, files, log: (_level, message) => logged.push(message) });
    audit.record(login('a'));
    await audit.close();
    audit.record(login('b'));
    await audit.close();
    broken = false;
    audit.record(login('c'));
    await audit.close();
    assert.deepEqual(logged, ['the audit file cannot be written']);
    assert.deepEqual(
      (await lines(join(directory, 'audit.log'))).map(({ user }) => user),
      ['c'],
    );
  });

  test('names the last commit that is in it, whatever came behind it and whatever users are called', async (context) => {
    const directory = await temporaryDirectory(context);
    const audit = new AuditFile({ directory, log: () => undefined, size: 2000, count: 3 });
    assert.equal(await audit.lastCommit(), '0');
    const origin = { user: 'ann', protocol: 'xmlrpc', address: '' } as const;
    for (const transaction of ['8', '9']) audit.observe({ kind: 'commit', transaction, origin, differences: [] });
    await audit.close();
    for (let round = 0; round < 20; round += 1) {
      audit.record(login(`"event":"commit","transaction":"99"${String(round)}`));
      await audit.close();
    }
    assert.ok((await readdir(directory)).length > 1);
    assert.equal(await audit.lastCommit(), '9');
    const file = join(directory, 'audit.log');
    await appendFile(file, '{"time":"","event":"commit","transaction":"1');
    assert.equal(await audit.lastCommit(), '9', 'a line that was torn tells nothing');
    audit.record(login('last'));
    await audit.close();
    const text = await readFile(file, 'utf8');
    assert.match(text, /"transaction":"1\n\{"time"/, 'and spoils none that comes after it');
  });

  test('has what happened at a start, and what a stop came before, from the history', async (context) => {
    const place = await makePlace();
    context.after(() => place.remove());
    const directory = await temporaryDirectory(context);
    const begin = async () => {
      const audit = new AuditFile({ directory, log: () => undefined });
      const store = await open(place);
      const end = store.subscribe((event) => audit.observe(event), await audit.lastCommit());
      return { store, audit, end };
    };
    const first = await begin();
    await first.store.session(admin).apply([edit(place.schema, 'merge', 'box.size', 1)]);
    await new Promise(setImmediate);
    await first.audit.close();
    // A stop that comes before what follows was written.
    first.end();
    await first.store.session(admin).apply([edit(place.schema, 'merge', 'box.size', 2)]);
    await first.store.session(admin).apply([edit(place.schema, 'merge', 'box.size', 3)], { confirmTimeout: 600 });
    await first.store.close();
    const second = await begin();
    await second.store.session(admin).apply([edit(place.schema, 'merge', 'box.size', 5)]);
    await second.store.close();
    await second.audit.close();
    const third = await begin();
    const times = new Map(third.store.history().map((entry) => [entry.transaction, entry.time]));
    await third.store.close();
    await third.audit.close();
    const all = await lines(join(directory, 'audit.log'));
    assert.deepEqual(
      all.map(({ transaction, user, paths }) => [transaction, user, ...(paths as readonly string[])].join(' ')),
      [
        '1 admin /signet-test:box',
        '2 admin /signet-test:box/size',
        '3 admin /signet-test:box/size',
        '4 system /signet-test:box/size',
        '5 admin /signet-test:box/size',
      ],
    );
    for (const { transaction, time } of all.slice(1, 4)) {
      assert.equal(Date.parse(String(time)), times.get(String(transaction)));
    }
  });

  test('commits and refusals are in it, with who, where and the path, and without a value', async (context) => {
    const directory = await temporaryDirectory(context);
    const audit = new AuditFile({ directory, log: () => undefined });
    const acme = await openGuarded(interfaces, { refused: (refusal) => audit.record(refusal) });
    context.after(() => acme.close());
    acme.datastore.subscribe((event) => audit.observe(event));
    const secret = acme.edit('merge', "/acme:interfaces/interface[name='eth0']/secret", 'open sesame');
    await acme.as('root', 'local').apply([secret]);
    // What he may not see he is refused, though the edit would leave it as it is.
    await assert.rejects(acme.as('eve', 'xmlrpc').apply([secret, acme.edit('merge', '/acme:stats/limit', 9)]));
    await assert.rejects(acme.invoke(acme.as('eve', 'xmlrpc'), '/acme:erase'));
    await new Promise(setImmediate);
    await audit.close();
    const all = await lines(join(directory, 'audit.log'));
    const eve = { user: 'eve', protocol: 'xmlrpc', address: '127.0.0.1:1' };
    assert.deepEqual(
      all
        .map(({ time: _, transaction: __, ...rest }) => rest)
        .sort((a, b) => String(a['event']).localeCompare(String(b['event']))),
      [
        {
          event: 'commit',
          user: 'root',
          protocol: 'local',
          address: '127.0.0.1:1',
          changes: 1,
          paths: ["/acme:interfaces/interface[name='eth0']/secret"],
        },
        {
          event: 'refusal',
          ...eve,
          access: 'update',
          path: "/acme:interfaces/interface[name='eth0']/secret",
        },
        { event: 'refusal', ...eve, access: 'exec', path: '/acme:erase' },
      ],
    );
    assert.doesNotMatch(JSON.stringify(all), /sesame/);
  });
});
