import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ask,
  authorization,
  basic,
  type Harness,
  type HarnessOptions,
  keepAlive,
  raw,
  secure,
  start,
} from './support.js';

describe('HTTP service and hostile clients', () => {
  let harness: Harness | undefined;
  const setUp = async (options?: HarnessOptions): Promise<Harness> => {
    harness = await start(options);
    return harness;
  };
  afterEach(async () => {
    await harness?.close();
    harness = undefined;
  });

  const post = (port: number, body: Buffer, headers: Record<string, string> = {}) =>
    ask(port, { path: '/echo', method: 'POST', headers: { authorization, ...headers }, body });

  test('a body of the limit is taken, one octet more is 413, however it is sent', async () => {
    const { port } = await setUp();
    assert.equal((await post(port, Buffer.alloc(1_048_576))).body, 'admin:1048576');
    assert.equal((await post(port, Buffer.alloc(1_048_577))).status, 413);
    assert.equal((await post(port, Buffer.alloc(2_000_000), { 'transfer-encoding': 'chunked' })).status, 413);
    assert.equal((await post(port, Buffer.alloc(2_000_000), { expect: '100-continue' })).status, 413);
    assert.equal((await post(port, Buffer.alloc(10), { expect: '100-continue' })).body, 'admin:10');
  });

  test('a body that claims to be enormous is refused before it is read', async () => {
    const { port } = await setUp();
    const head = `POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 99999999999\r\n\r\n`;
    assert.match(await raw(port, head), /^HTTP\/1\.1 413 [\s\S]*connection: close/i);
  });

  test('a header that is too long is 431', async () => {
    const { port } = await setUp();
    assert.match(await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  });

  test('a slow header, a slow body and an idle connection end by their deadline', async () => {
    const { port } = await setUp({ limits: { firstHeader: 50, bodyTime: 50, idle: 50 } });
    assert.equal(await raw(port, 'GET / HTTP/1.1\r\nHost:'), '');
    const head = `POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 10\r\n\r\n12`;
    assert.equal(await raw(port, head), '');
    assert.match(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 200 /);
  });

  test('when too many have not logged in the oldest of them goes, and those who have stay', async () => {
    const { port, http } = await setUp({ limits: { unauthenticated: 4 } });
    const agent = keepAlive();
    assert.equal((await ask(port, { path: '/echo', headers: { authorization }, agent })).status, 200);
    const crowd = [];
    for (let count = 0; count < 12; count += 1) crowd.push(await secure(port));
    assert.ok(http.connections <= 5, `${http.connections} connections`);
    assert.equal((await ask(port, { path: '/echo', headers: { authorization }, agent })).status, 200);
    assert.equal(crowd.at(-1)?.destroyed, false);
    for (const socket of crowd) socket.destroy();
    agent.destroy();
  });

  test('who opens many connections pushes out his own, and not the one that waits at another address', async () => {
    const { port, http } = await setUp({ limits: { unauthenticated: 4 } });
    const waiting = await secure(port, '127.0.0.9');
    const crowd = [];
    for (let count = 0; count < 12; count += 1) crowd.push(await secure(port));
    assert.ok(http.connections <= 5, `${http.connections} connections`);
    assert.equal(crowd[0]?.destroyed, true);
    assert.equal(waiting.destroyed, false);
    for (const socket of [waiting, ...crowd]) socket.destroy();
  });

  test('a guess that makes room for another is 429 and says when to come back (RFC 6585 section 4)', async () => {
    const { port, audited } = await setUp({ loginLimits: { concurrent: 1, waitingPerUser: 1 } });
    const guesses = Array.from({ length: 6 }, (_, index) =>
      ask(port, { path: '/echo', headers: { authorization: basic('admin', `guess ${index}`) } }),
    );
    // The administrator of another address is answered at once, though the line of this one is full.
    const other = await ask(port, { path: '/echo', headers: { authorization }, localAddress: '127.0.0.9' });
    assert.equal(other.status, 200);
    const busy = (await Promise.all(guesses)).filter(({ status }) => status === 429);
    assert.ok(busy.length > 0);
    for (const { headers } of busy) {
      assert.match(headers['retry-after'] ?? '', /^[1-9]$/);
      assert.equal(headers.connection, 'close');
    }
    assert.ok(audited.some(({ kind }) => kind === 'busy'));
  });

  test('pipelining beyond the limit ends the connection', async () => {
    const { port } = await setUp({
      limits: { pending: 4 },
      routes: [
        {
          path: '/wait',
          methods: ['GET'],
          protocol: 'web',
          anonymous: true,
          handle: () => new Promise(() => {}),
        },
      ],
    });
    assert.equal(await raw(port, 'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(6)), '');
  });

  test('a hundred wrong passwords disturb nobody else, and are not audited one by one', async () => {
    const { port, audited } = await setUp({
      loginLimits: { firstDelayMs: 5, lastDelayMs: 20, lastSharedDelayMs: 5 },
    });
    const agent = keepAlive();
    const good = () => ask(port, { path: '/echo', headers: { authorization }, agent });
    assert.equal((await good()).status, 200);
    const attack = Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        ask(port, { path: '/echo', headers: { authorization: basic('admin', `guess ${index}`) } }).catch(
          () => undefined,
        ),
      ),
    );
    let slowest = 0;
    for (let count = 0; count < 20; count += 1) {
      const began = performance.now();
      assert.equal((await good()).status, 200);
      slowest = Math.max(slowest, performance.now() - began);
    }
    const statuses = (await attack).map((answer) => answer?.status);
    assert.ok(
      statuses.every((status) => status === undefined || status === 401 || status === 429),
      String(statuses),
    );
    assert.ok(statuses.includes(401));
    assert.ok(audited.length < 10, `${audited.length} audit records`);
    // A new connection with the right password still gets in: nobody is locked out.
    assert.equal((await ask(port, { path: '/echo', headers: { authorization } })).status, 200);
    assert.ok(slowest < 2000, `${slowest} ms`);
    agent.destroy();
  });

  test('malformed requests lose their own connection only (fuzz)', async () => {
    const { port, logged } = await setUp({ limits: { firstHeader: 30, bodyTime: 30, idle: 30 } });
    const agent = keepAlive();
    const valid = Buffer.from(
      `POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const damaged = Buffer.from(valid);
          for (const [at, octet] of changes) damaged[at] = octet;
          const answer = await raw(port, damaged);
          assert.match(answer, /^$|^HTTP\/1\.1 [1-5]\d\d /);
          assert.equal(/^HTTP\/1\.1 500 /.test(answer), false);
        },
      ),
      { seed: 7, numRuns: 40 },
    );
    assert.equal((await ask(port, { path: '/echo', headers: { authorization }, agent })).status, 200);
    assert.deepEqual(logged, []);
    agent.destroy();
  });
});
