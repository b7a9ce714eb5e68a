import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Privacy, privacyOf } from '../../../src/northbound/snmp/privacy.js';

const message = fc.record({
  encrypted: fc.boolean(),
  boots: fc.nat(2_147_483_647),
  time: fc.nat(2_147_483_647),
  salt: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  octets: fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)),
});

/** What OpenSSL makes of it with a context of its own. */
function expected(name: string, key: Buffer, { boots, time, salt, octets }: Omit<Message, 'encrypted'>): Buffer {
  const vector = Buffer.alloc(16);
  vector.writeUInt32BE(boots, 0);
  vector.writeUInt32BE(time, 4);
  vector.set(salt, 8);
  return createCipheriv(name, key, vector).update(octets);
}

interface Message {
  readonly encrypted: boolean;
  readonly boots: number;
  readonly time: number;
  readonly salt: Uint8Array;
  readonly octets: Buffer;
}

suite('privacy (RFC 3826 section 3.1)', () => {
  for (const [protocol, name, length] of [
    ['aes128', 'aes-128-cfb', 16],
    ['aes192', 'aes-192-cfb', 24],
    ['aes256c', 'aes-256-cfb', 32],
  ] as const) {
    test(`${protocol}: messages in any order are what a context for each of them makes`, () => {
      const key = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 37 + 5) % 256));
      const own = key.subarray(0, length);
      fc.assert(
        fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), (messages) => {
          const privacy: Privacy = privacyOf(protocol, key);
          for (const each of messages) {
            const { boots, time, salt, octets } = each;
            const secret = expected(name, own, each);
            if (each.encrypted) assert.deepEqual(privacy.encrypt(boots, time, salt, octets), secret);
            else assert.deepEqual(privacy.decrypt(boots, time, salt, secret), octets);
          }
        }),
      );
    });
  }

  test('DES: padded to whole blocks, and back (RFC 3414 section 8.1.1.2)', () => {
    const privacy = privacyOf('des', Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex'));
    fc.assert(
      fc.property(message, ({ boots, time, salt, octets }) => {
        const secret = privacy.encrypt(boots, time, salt, octets);
        assert.equal(secret.length, Math.ceil(octets.length / 8) * 8);
        assert.deepEqual(privacy.decrypt(boots, time, salt, secret)?.subarray(0, octets.length), octets);
        if (octets.length % 8 !== 0) assert.equal(privacy.decrypt(boots, time, salt, octets), undefined);
      }),
    );
  });
});
