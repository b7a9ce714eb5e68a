import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { HttpError, type Route } from '../../../src/northbound/http/index.js';
import { pem } from '../../southbound/tls-support.js';
import { temporaryDirectory } from '../../support/places.js';
import {
  ask,
  authorization,
  basic,
  echoRoute,
  type Harness,
  type HarnessOptions,
  keepAlive,
  raw,
  secure,
  start,
} from './support.js';

describe('HTTP service', () => {
  let harness: Harness | undefined;
  const setUp = async (options?: HarnessOptions): Promise<Harness> => {
    harness = await start(options);
    return harness;
  };
  afterEach(async () => {
    await harness?.close();
    harness = undefined;
  });

  test('asks for a password, takes the right one and no other (RFC 7617)', async () => {
    const { port } = await setUp();
    const without = await ask(port, { path: '/echo' });
    assert.equal(without.status, 401);
    assert.equal(without.headers['www-authenticate'], 'Basic realm="signet", charset="UTF-8"');
    assert.equal(without.body, 'unauthorized\n');
    const wrong = await ask(port, { path: '/echo', headers: { authorization: basic('admin', 'wrong') } });
    assert.equal(wrong.status, 401);
    assert.equal(wrong.body, without.body);
    const nobody = await ask(port, { path: '/echo', headers: { authorization: basic('nobody', 'wrong') } });
    assert.deepEqual([nobody.status, nobody.body], [401, without.body]);
    for (const junk of ['Basic', 'Basic !!!', 'Bearer abc', `Basic ${Buffer.from('no colon').toString('base64')}`]) {
      assert.equal((await ask(port, { path: '/echo', headers: { authorization: junk } })).status, 401, junk);
    }
    const right = await ask(port, { path: '/echo', headers: { authorization } });
    assert.deepEqual([right.status, right.body], [200, 'admin:0']);
  });

  test('what a client does not take is counted for its user, until it is taken or the client is gone', async () => {
    const large: Route = {
      path: '/large',
      methods: ['GET'],
      protocol: 'xmlrpc',
      handle: () => ({ status: 200, body: 'x'.repeat(8_000_000) }),
    };
    const counted: Route = {
      ...large,
      path: '/counted',
      handle: ({ untaken }) => ({ status: 200, body: `${untaken}` }),
    };
    const { port } = await setUp({ routes: [large, counted] });
    const untaken = async () => Number((await ask(port, { path: '/counted', headers: { authorization } })).body);
    const comesTo = async (wanted: number) => {
      for (let tries = 0; (await untaken()) !== wanted; tries++) {
        assert.ok(tries < 200, `not ${wanted}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    assert.equal(await untaken(), 0);
    const slow = await secure(port);
    slow.pause();
    slow.write(`GET /large HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n\r\n`);
    await comesTo(8_000_000);
    slow.destroy();
    await comesTo(0);
    await ask(port, { path: '/large', headers: { authorization } });
    await comesTo(0);
  });

  test('the page at / tells the device and its certificate, escaped, under a strict policy', async () => {
    const { port } = await setUp();
    const { status, body, headers } = await ask(port, { path: '/' });
    assert.equal(status, 200);
    assert.match(body, /<h1>&#60;device&#62; &#38; &#34;co&#34;<\/h1>/);
    assert.match(body, /CN=one\.example/);
    assert.match(body, /2126-01-01/);
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['strict-transport-security'], undefined);
    assert.equal(headers['x-powered-by'], undefined);
  });

  test('strict transport is announced only where it is asked for', async () => {
    const { port } = await setUp({ more: { strictTransport: () => true } });
    assert.match((await ask(port, { path: '/' })).headers['strict-transport-security'] ?? '', /^max-age=/);
  });

  test('unknown paths, wrong methods and odd targets are refused', async () => {
    const { port } = await setUp();
    assert.equal((await ask(port, { path: '/nothing' })).status, 404);
    assert.equal((await ask(port, { path: '/constructor' })).status, 404);
    const wrong = await ask(port, { path: '/echo', method: 'DELETE', headers: { authorization } });
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.allow, 'GET, POST');
    assert.equal((await ask(port, { path: '*', method: 'OPTIONS' })).status, 400);
    assert.match(
      await raw(port, 'GET https://x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1\.1 200 /,
    );
  });

  test('HEAD answers as GET without a body', async () => {
    const { port } = await setUp();
    const head = await ask(port, { path: '/', method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.body, '');
    assert.ok(Number(head.headers['content-length']) > 100);
  });

  test('a route with a star takes what begins so, the longest first', async () => {
    const answer =
      (body: string): Route['handle'] =>
      () => ({ status: 200, body });
    const common = { methods: ['GET'], protocol: 'restconf', anonymous: true } as const;
    const { port } = await setUp({
      routes: [
        { ...common, path: '/restconf*', handle: answer('short') },
        { ...common, path: '/restconf/data*', handle: answer('long') },
      ],
    });
    assert.equal((await ask(port, { path: '/restconf/data/x' })).body, 'long');
    assert.equal((await ask(port, { path: '/restconf/x' })).body, 'short');
  });

  test('a Host field is required over HTTPS (RFC 9112 3.2)', async () => {
    const { port } = await setUp();
    assert.match(await raw(port, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('what the page of another site makes a browser send is refused', async () => {
    const { port } = await setUp();
    const post = (headers: Record<string, string>) =>
      ask(port, { path: '/echo', method: 'POST', headers: { authorization, ...headers }, body: 'x' });
    assert.equal((await post({ origin: 'https://evil.example' })).status, 403);
    assert.equal((await post({ origin: 'null' })).status, 403);
    assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await post({ 'sec-fetch-site': 'same-site' })).status, 403);
    assert.equal((await post({ origin: `https://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  test('a local socket that cannot be closed to others listens no more when the service has closed', async (t) => {
    const directory = await temporaryDirectory(t);
    const { http } = await setUp({ local: false });
    // Node cuts the name off, so that there is no such file.
    await assert.rejects(http.listenLocal(`${directory}/${'x'.repeat(150)}`), { code: 'ENOENT', syscall: 'chmod' });
    await http.close();
    const [name = ''] = await readdir(directory);
    await assert.rejects(once(connect(join(directory, name)), 'connect'), { code: 'ECONNREFUSED' });
  });

  test("the local socket needs no password and no Host, and is its owner's only", async () => {
    const { socketPath, opened } = await setUp();
    assert.equal(statSync(socketPath).mode & 0o777, 0o600);
    const body = await new Promise<string>((resolve, reject) => {
      const outgoing = request({ socketPath, path: '/echo', setHost: false, agent: false }, (incoming) => {
        incoming.setEncoding('utf8').on('data', resolve);
      });
      outgoing.on('error', reject).end();
    });
    assert.equal(body, 'local:0');
    assert.deepEqual(opened, [{ user: 'local', protocol: 'local', address: '' }]);
  });

  test('one session for user and connection, closed with it', async () => {
    const { port, opened, closed, http } = await setUp();
    const agent = keepAlive();
    for (let count = 0; count < 3; count += 1) await ask(port, { path: '/echo', headers: { authorization }, agent });
    assert.equal(opened.length, 1);
    assert.match(opened[0]?.address ?? '', /^127\.0\.0\.1:\d+$/);
    assert.equal(opened[0]?.protocol, 'xmlrpc');
    agent.destroy();
    while (http.connections > 0) await new Promise(setImmediate);
    assert.deepEqual(closed, opened);
  });

  test('a request that throws is a 500 that tells nothing; the log has the cause', async () => {
    const { port, logged } = await setUp({
      routes: [
        {
          ...echoRoute,
          path: '/bad',
          handle: () => {
            throw new Error('secret detail');
          },
        },
        {
          ...echoRoute,
          path: '/teapot',
          handle: () => {
            throw new HttpError(418);
          },
        },
      ],
    });
    const answer = await ask(port, { path: '/bad', headers: { authorization } });
    assert.equal(answer.status, 500);
    assert.equal(answer.body, 'internal server error\n');
    assert.match(JSON.stringify(logged), /a request failed/);
    assert.equal((await ask(port, { path: '/teapot', headers: { authorization } })).status, 418);
  });

  test('a client certificate stands for the user that it is mapped to; a password beside it decides', async () => {
    const seen: Buffer[] = [];
    const { port, audited } = await setUp({
      parameters: { clientCertificates: 'optional', clientAnchors: [pem('ca.crt')] },
      more: {
        certificateUser: ([certificate]) => {
          if (certificate !== undefined) seen.push(certificate);
          return 'mapped';
        },
      },
    });
    const client = { key: pem('client.key'), cert: pem('client.crt') };
    assert.equal((await ask(port, { path: '/echo', ...client })).body, 'mapped:0');
    assert.ok(seen[0] instanceof Buffer);
    assert.equal(audited.at(-1)?.method, 'certificate');
    assert.equal((await ask(port, { path: '/echo', ...client, headers: { authorization } })).body, 'admin:0');
    assert.equal((await ask(port, { path: '/echo' })).status, 401);
    const stranger = { key: pem('two.key'), cert: pem('two.crt') };
    assert.equal((await ask(port, { path: '/echo', ...stranger })).status, 401);
  });

  test('requests in progress are answered when the service closes', async () => {
    let release: () => void = () => {};
    let begun: () => void = () => {};
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const current = await setUp({
      routes: [
        {
          ...echoRoute,
          handle: async () => {
            begun();
            await new Promise<void>((resolve) => {
              release = resolve;
            });
            return { status: 200, body: 'done' };
          },
        },
      ],
    });
    const idle = await secure(current.port);
    const answer = ask(current.port, { path: '/echo', headers: { authorization } });
    await running;
    const closed = current.close();
    release();
    assert.equal((await answer).body, 'done');
    await closed;
    assert.ok(
      idle.destroyed || idle.closed || (await new Promise((resolve) => idle.once('close', () => resolve(true)))),
    );
    harness = undefined;
  });
});
