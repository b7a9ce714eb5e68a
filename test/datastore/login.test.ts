import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { addressPrefix } from '../../src/datastore/address-prefix.js';
import { Login, type LoginOptions } from '../../src/datastore/login.js';
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

/** For where the time of the hash is not what counts. */
function cheapHash(password: string): string {
  const salt = Buffer.from('salt-salt-salt-s');
  const key = scryptSync(password, salt, 32, { N: 16, r: 1, p: 1 });
  return `$scrypt$ln=4,r=1,p=1$${salt.toString('base64')}$${key.toString('base64')}`;
}

describe('login', () => {
  const hash = cheapHash('right');

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
    const { attempt, state } = make({
      freeFailures: 1,
      firstDelayMs: 100,
      lastDelayMs: 100,
      waitingPerUser: 5,
    });
    await attempt('wrong');
    await Promise.all(Array.from({ length: 5 }, (_, index) => attempt(`wrong ${index}`)));
    assert.ok(state.time >= 500, `only ${state.time} ms`);
  });

  test('where more wait than may the oldest guess goes, is told when to come back, and other prefixes are not touched', async () => {
    const { attempt, login } = make({ concurrent: 1, waitingPerUser: 2 });
    const guesses = Array.from({ length: 4 }, (_, index) =>
      login.verify({ user: 'admin', password: `wrong ${index}`, address: '192.0.2.7' }),
    );
    const other = attempt('right', '198.51.100.1');
    const refused = { kind: 'refused' };
    // The first is checked already.
    assert.deepEqual(await Promise.all(guesses), [refused, { kind: 'busy', retryAfter: 1 }, refused, refused]);
    assert.equal(await other, 'accepted');
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

  test('it needs no turn for a quarter of an hour after its last use, and no longer', async () => {
    const { attempt, state } = make({ freeFailures: 0 });
    await attempt('right');
    for (let count = 0; count < 3; count += 1) {
      await attempt('wrong');
      state.waits.length = 0;
      state.time += 870_000;
      for (let again = 0; again < 2; again += 1) await attempt(`wrong ${again}`);
      assert.equal(state.waits.length, 1, 'guesses are delayed meanwhile');
      assert.equal(await attempt('right'), 'accepted');
      assert.equal(state.waits.length, 1);
    }
    state.time += 900_001;
    await attempt('wrong');
    state.waits.length = 0;
    assert.equal(await attempt('right'), 'accepted');
    assert.equal(state.waits.length, 1);
  });

  test('a proof does not serve another user', async () => {
    const { login } = make();
    const result = await login.verify({ user: 'admin', password: 'right', address: '' });
    assert.ok(result.kind === 'accepted');
    assert.equal(login.stillHolds(result.proof, { user: 'other', password: 'right' }), false);
  });
});

describe('login while others guess', () => {
  const right = 'right';
  const hash = cheapHash(right);

  /** A login whose time stands still until the test lets it pass: what is awaited meanwhile is decided without a delay. */
  function make(limits: LoginOptions['limits'] = {}) {
    const state = { time: 0, hash };
    let timers: { readonly at: number; readonly go: () => void }[] = [];
    const login = new Login({
      lookup: () => ({ hash: state.hash }),
      now: () => state.time,
      wait: (milliseconds) => new Promise((go) => timers.push({ at: state.time + milliseconds, go })),
      limits,
    });
    const toNextTimer = () => {
      state.time = Math.min(...timers.map(({ at }) => at));
      for (const { go } of timers.filter(({ at }) => at <= state.time)) go();
      timers = timers.filter(({ at }) => at > state.time);
    };
    let serial = 0;
    const attempt = async (password: string, address: string, user = 'admin') =>
      (await login.verify({ user, password, address })).kind;
    const guess = async (address: string, user?: string) => {
      serial += 1;
      return await attempt(`wrong ${serial}`, address, user);
    };
    /** Lets time pass until it is decided, whenever nothing more comes of what is being checked. */
    const decided = async <T>(result: Promise<T>): Promise<{ readonly value: T; readonly after: number }> => {
      const began = state.time;
      let value: T | undefined;
      const ended = result.then((its) => (value = its));
      while (value === undefined) {
        await Promise.race([ended, setTimeout(50)]);
        if (value === undefined && timers.length > 0) toNextTimer();
      }
      return { value, after: state.time - began };
    };
    return { login, state, attempt, guess, decided };
  }

  const attacker = '192.0.2.66';
  const administrator = '192.0.2.7';

  test('a neighbour of the same prefix who guesses without end makes nobody wait, not for his own user either', async () => {
    const { attempt, guess, decided } = make();
    for (let count = 0; count < 12; count += 1) await decided(guess(attacker));
    const flood = Array.from({ length: 40 }, () => guess(attacker));
    assert.equal(await attempt(right, administrator), 'accepted');
    await decided(Promise.all(flood));
  });

  test('one who guesses names of users as well makes a neighbour wait no longer', async () => {
    const { attempt, guess, decided } = make();
    for (let count = 0; count < 60; count += 1) await decided(guess(attacker, `user${count}`));
    const flood = Array.from({ length: 40 }, (_, count) => guess(attacker, `other${count}`));
    assert.equal(await attempt(right, administrator), 'accepted');
    await decided(Promise.all(flood));
  });

  test('who goes through the addresses of a prefix is slowed down, and who is alone at his comes before the crowd', async () => {
    const { attempt, guess, decided, state } = make({ freeFailuresPerPrefix: 5 });
    for (let count = 0; count < 15; count += 1) await decided(guess(`192.0.2.${100 + count}`));
    assert.ok(state.time >= 8000, `only ${state.time} ms`);
    const flood = Array.from({ length: 60 }, (_, count) => guess(`192.0.2.${100 + (count % 6)}`));
    const { value, after } = await decided(attempt(right, administrator));
    assert.equal(value, 'accepted');
    assert.ok(after <= 2000, `${after} ms`);
    await decided(Promise.all(flood));
  });

  test('where the user has logged in lately the right password needs no turn, while others guess at that very address', async () => {
    const { attempt, guess, decided } = make();
    assert.equal(await attempt(right, administrator), 'accepted');
    for (let count = 0; count < 6; count += 1) await decided(guess(administrator));
    const flood = Array.from({ length: 40 }, () => guess(administrator));
    assert.equal(await attempt(right, administrator), 'accepted');
    await decided(Promise.all(flood));
  });

  test('at other addresses it is a guess like any other: being answered at once would tell that it is right', async () => {
    const { attempt, guess, decided } = make();
    assert.equal(await attempt(right, administrator), 'accepted');
    for (let count = 0; count < 8; count += 1) await decided(guess(attacker));
    const { value, after } = await decided(attempt(right, attacker));
    assert.equal(value, 'accepted');
    assert.ok(after >= 7000, `only ${after} ms`);
  });

  test('so is it where too many were wrong at the address where he was', async () => {
    const { attempt, guess, decided } = make({ missesWhileRemembered: 8 });
    assert.equal(await attempt(right, administrator), 'accepted');
    const seven = Array.from({ length: 7 }, () => guess(administrator));
    assert.equal(await attempt(right, administrator), 'accepted');
    // What was right in between makes none of them forgotten.
    const more = Array.from({ length: 3 }, () => guess(administrator));
    assert.ok((await decided(attempt(right, administrator))).after > 200);
    await decided(Promise.all([...seven, ...more]));
  });

  test('with many addresses one pushes out what is remembered of himself alone', async () => {
    const { attempt, guess, decided } = make({ rememberedPerUser: 3, freeFailures: 1 });
    assert.equal(await attempt(right, administrator), 'accepted');
    for (let count = 0; count < 9; count += 1) await attempt(right, `10.0.${count}.1`, 'viewer');
    await decided(guess(administrator));
    assert.equal(await attempt(right, administrator), 'accepted');
    await decided(guess('10.0.0.1', 'viewer'));
    assert.ok((await decided(attempt(right, '10.0.0.1', 'viewer'))).after > 0);
  });

  test('a flood at the same address leaves no more than two delays behind', async () => {
    const { attempt, guess, decided } = make();
    for (let count = 0; count < 12; count += 1) await decided(guess(administrator));
    const flood = Array.from({ length: 400 }, () => guess(administrator));
    const { value, after } = await decided(attempt(right, administrator));
    assert.equal(value, 'accepted');
    assert.ok(after <= 16_000, `${after} ms`);
    const kinds = (await decided(Promise.all(flood))).value;
    assert.ok(kinds.filter((kind) => kind === 'busy').length >= 398);
  });

  test('guesses of many prefixes fill no line for others', async () => {
    const { attempt, guess, decided } = make();
    const flood = Array.from({ length: 200 }, (_, count) => guess(`10.0.${count % 50}.${count >> 6}`));
    assert.equal(await attempt(right, administrator), 'accepted');
    await decided(Promise.all(flood));
  });

  test('who opens many connections at once is checked once', async () => {
    const { attempt, decided } = make({ waitingPerUser: 1, concurrent: 1 });
    const { value } = await decided(Promise.all(Array.from({ length: 30 }, () => attempt(right, administrator))));
    assert.deepEqual(new Set(value), new Set(['accepted']));
  });

  test('a password that was changed while it waited is not taken', async () => {
    const { attempt, guess, decided, state } = make({ freeFailures: 1 });
    await decided(guess(administrator));
    const late = attempt(right, administrator);
    state.hash = cheapHash('another');
    assert.equal((await decided(late)).value, 'refused');
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
