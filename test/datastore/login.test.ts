import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { addressPrefix, Login, type LoginOptions } from '../../src/datastore/login.js';
import { hashPassword, parseHash, verifyPassword } from '../../src/datastore/password.js';

describe('password hash (RFC 7914)', () => {
  test('describes itself and verifies its password only', async () => {
    const text = await hashPassword('correct horse');
    assert.match(text, /^\$scrypt\$ln=14,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const hash = parseHash(text);
    assert.ok(hash);
    assert.equal(await verifyPassword('correct horse', hash), true);
    assert.equal(await verifyPassword('correct horsf', hash), false);
  });

  test('agrees with the third test vector of RFC 7914 section 12', async () => {
    const salt = Buffer.from('SodiumChloride').toString('base64').replace(/=+$/, '');
    const key = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    );
    const hash = parseHash(`$scrypt$ln=14,r=8,p=1$${salt}$${key.toString('base64')}`);
    assert.ok(hash);
    assert.equal(await verifyPassword('pleaseletmein', hash), true);
  });

  test('a hash that would cost too much, or is none, is not taken', () => {
    const tail = '$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    assert.ok(parseHash(`$scrypt$ln=14,r=8,p=1${tail}`));
    for (const head of [
      '$scrypt$ln=31,r=8,p=1',
      '$scrypt$ln=17,r=99,p=1',
      '$scrypt$ln=14,r=8,p=9',
      '$6$rounds=5000',
      '',
    ]) {
      assert.equal(parseHash(head + tail), undefined, head);
    }
    assert.equal(parseHash('$scrypt$ln=14,r=8,p=1$AA$AA'), undefined);
  });
});

describe('login', () => {
  const cheap = '$scrypt$ln=4,r=1,p=1$';
  let hash: string;
  before(async () => {
    const { scryptSync } = await import('node:crypto');
    const salt = Buffer.from('salt-salt-salt-s');
    const key = scryptSync('right', salt, 32, { N: 16, r: 1, p: 1 });
    hash = `${cheap}${salt.toString('base64')}$${key.toString('base64')}`;
  });

  /** A login whose clock stands still but for its own waiting. */
  function make(limits: LoginOptions['limits'] = {}) {
    const state = { time: 0, waits: [] as number[], hash: hash as string | undefined };
    const login = new Login({
      lookup: (user) => (user === 'admin' && state.hash !== undefined ? { hash: state.hash } : undefined),
      now: () => state.time,
      wait: (milliseconds) => {
        state.waits.push(milliseconds);
        state.time += milliseconds;
        return Promise.resolve();
      },
      limits,
    });
    const attempt = async (password: string, address = '192.0.2.7', user = 'admin') =>
      (await login.verify({ user, password, address })).kind;
    return { login, state, attempt };
  }

  test('takes the right password and no other, of known users only', async () => {
    const { attempt } = make();
    assert.equal(await attempt('right'), 'accepted');
    assert.equal(await attempt('wrong'), 'refused');
    assert.equal(await attempt('right', '192.0.2.7', 'nobody'), 'refused');
    assert.equal(await attempt('', '192.0.2.7', ''), 'refused');
    assert.equal(await attempt('x'.repeat(5000)), 'refused');
  });

  test('failures are delayed, each twice as long up to the limit, and a success ends it', async () => {
    const { attempt, state } = make({ firstDelayMs: 100, lastDelayMs: 1000, freeFailures: 2 });
    for (let count = 0; count < 8; count += 1) assert.equal(await attempt('wrong'), 'refused');
    assert.deepEqual(state.waits, [100, 200, 400, 800, 1000, 1000]);
    assert.equal(await attempt('right'), 'accepted');
    state.waits.length = 0;
    assert.equal(await attempt('wrong'), 'refused');
    assert.deepEqual(state.waits, []);
  });

  test('from another prefix the right password works at once, whatever others have failed', async () => {
    const { attempt, state } = make();
    for (let count = 0; count < 100; count += 1) await attempt('wrong', `192.0.2.${count}`);
    state.waits.length = 0;
    assert.equal(await attempt('right', '198.51.100.1'), 'accepted');
    assert.deepEqual(state.waits, []);
  });

  test('a guesser with thousands of prefixes delays nobody else, and only so many prefixes are kept', async () => {
    const { state, attempt } = make({ tracked: 64, freeFailures: 1 });
    const first = '203.0.113.9';
    for (let count = 0; count < 3; count += 1) await attempt('wrong', first);
    assert.ok(state.waits.length > 0);
    state.waits.length = 0;
    for (let count = 0; count < 2000; count += 1) {
      assert.equal(await attempt('wrong', `10.${count >> 8}.${count & 255}.1`), 'refused');
    }
    assert.deepEqual(state.waits, [], 'each of them fails for the first time');
    assert.equal(await attempt('right', '198.51.100.5'), 'accepted');
    // What fell out of the bound is forgotten: the price of a memory that nobody can fill.
    assert.equal(await attempt('wrong', first), 'refused');
    assert.deepEqual(state.waits, []);
  });

  test('many users from one prefix are slowed down together', async () => {
    const { attempt, state } = make({ freeFailuresPerPrefix: 5 });
    for (let count = 0; count < 8; count += 1) await attempt('guess', '192.0.2.1', `user${count}`);
    assert.equal(state.waits.length, 3);
  });

  test('trying in parallel gains nothing: the attempts are given times one after the other', async () => {
    const { attempt, state } = make({ freeFailures: 1, firstDelayMs: 100, lastDelayMs: 100 });
    await attempt('wrong');
    await Promise.all(Array.from({ length: 5 }, () => attempt('wrong')));
    assert.ok(state.time >= 500, `only ${state.time} ms`);
  });

  test('more than may wait from one prefix are told so, and other prefixes are not touched', async () => {
    const { attempt } = make({ waitingPerPrefix: 2 });
    const kinds = await Promise.all([1, 2, 3, 4].map(() => attempt('wrong')).concat(attempt('right', '198.51.100.1')));
    assert.deepEqual(kinds, ['refused', 'refused', 'busy', 'busy', 'accepted']);
  });

  test('a verified password is remembered for a while and skips the delay, until the user changes', async () => {
    const { attempt, state, login } = make({ freeFailures: 0, rememberMs: 60_000 });
    const result = await login.verify({ user: 'admin', password: 'right', address: '192.0.2.7' });
    assert.ok(result.kind === 'accepted');
    await attempt('wrong');
    state.waits.length = 0;
    assert.equal(await attempt('right'), 'accepted');
    assert.deepEqual(state.waits, []);
    assert.equal(login.stillHolds(result.proof, { user: 'admin', password: 'right' }), true);
    assert.equal(login.stillHolds(result.proof, { user: 'admin', password: 'wrong' }), false);

    state.hash = await hashPassword('other');
    assert.equal(login.stillHolds(result.proof, { user: 'admin', password: 'right' }), false);
    assert.equal(await attempt('right'), 'refused');
    state.hash = undefined;
    assert.equal(login.stillHolds(result.proof, { user: 'admin', password: 'right' }), false);
    assert.equal(await attempt('right'), 'refused');
  });

  test('it is remembered for 60 seconds and no longer', async () => {
    const { attempt, state } = make({ freeFailures: 0 });
    await attempt('right');
    await attempt('wrong');
    state.waits.length = 0;
    state.time += 60_001;
    await attempt('right');
    assert.equal(state.waits.length, 1);
  });

  test('a proof does not serve another user', async () => {
    const { login } = make();
    const result = await login.verify({ user: 'admin', password: 'right', address: '' });
    assert.ok(result.kind === 'accepted');
    assert.equal(login.stillHolds(result.proof, { user: 'other', password: 'right' }), false);
  });
});

describe('address prefix', () => {
  for (const [address, prefix] of [
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:1:2ff::1', '2001:db8:1:200::/56'],
    ['2001:db8::1', '2001:db8:0:0::/56'],
    ['fe80::1%eth0', 'fe80:0:0:0::/56'],
    ['::1', '0:0:0:0::/56'],
    ['', 'local'],
  ] as const) {
    test(`${address} counts under ${prefix}`, () => assert.equal(addressPrefix(address), prefix));
  }
});
