import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { readServerName } from '../../src/southbound/client-hello.js';

/** The ClientHello that Node's own client sends. */
function helloOf(servername?: string): Promise<Buffer> {
  const [near, far] = duplexPair();
  return new Promise((resolve) => {
    const client = connect({ socket: near, ...(servername === undefined ? {} : { servername }) });
    client.on('error', () => {});
    far.once('data', (hello: Buffer) => {
      client.destroy();
      resolve(hello);
    });
  });
}

/** The same handshake message in records of at most `size` octets (RFC 8446 5.1 allows it). */
function refragment(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let offset = 0; offset < message.length; offset += size) {
    const part = message.subarray(offset, offset + size);
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(part.length, 3);
    records.push(head, part);
  }
  return Buffer.concat(records);
}

describe('server name of a ClientHello (RFC 6066 section 3)', () => {
  test('is read from a whole hello', async () => {
    assert.deepEqual(readServerName(await helloOf('device.example')), { kind: 'name', name: 'device.example' });
    assert.deepEqual(readServerName(await helloOf()), { kind: 'name', name: undefined });
  });

  test('is read from a hello in many records', async () => {
    const hello = refragment(await helloOf('device.example'), 7);
    assert.deepEqual(readServerName(hello), { kind: 'name', name: 'device.example' });
  });

  test('every part of a hello asks for more', async () => {
    const hello = await helloOf('device.example');
    for (let length = 0; length < hello.length; length += 1) {
      assert.deepEqual(readServerName(hello.subarray(0, length)), { kind: 'more' });
    }
  });

  test('arbitrary octets and damaged hellos give a result, never a throw', async () => {
    const hello = await helloOf('device.example');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => {
        assert.ok(['name', 'more'].includes(readServerName(Buffer.from(octets)).kind));
      }),
      { seed: 1, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, octet) => {
        const damaged = Buffer.from(hello);
        damaged[at] = octet;
        assert.ok(['name', 'more'].includes(readServerName(damaged).kind));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('a hello that never ends is not collected for ever', () => {
    const record = Buffer.concat([
      Buffer.from([22, 3, 1, 0x40, 0]),
      Buffer.from([1, 0xff, 0xff, 0xff]),
      Buffer.alloc(16380),
    ]);
    assert.deepEqual(readServerName(record), { kind: 'name', name: undefined });
  });
});
