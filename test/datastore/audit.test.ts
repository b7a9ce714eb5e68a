/** The audit file: what is in it, its bounds, and that it stops nothing. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AuditFile, nodeFileSystem } from '../../src/datastore/index.js';
import { temporaryDirectory } from '../support/places.js';
import { interfaces, openGuarded } from './access-fixture.js';

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
