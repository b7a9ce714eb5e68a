/** Public keys of SSH users (RFC 4253 6.6, RFC 5656, RFC 8709), judged by ssh-keygen. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseSshPublicKey, sshFingerprint } from '../../src/modules/access/ssh-key.js';
import { run } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { device, refusalOf } from './support.js';

const { skip } = requireTool('ssh-keygen');
const admin = "/signet-access:users/user[name='admin']";

describe('public keys of SSH users', { skip }, () => {
  let directory: string;
  let serial = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-ssh-'));
  });
  after(() => rm(directory, { recursive: true }));

  /** The line that ssh-keygen writes for a new key. */
  async function make(...kind: readonly string[]): Promise<string> {
    const file = join(directory, `k${++serial}`);
    const { status, stderr } = await run('ssh-keygen', [
      '-q',
      '-N',
      '',
      '-f',
      file,
      '-t',
      ...kind,
      '-C',
      'ada@desk two',
    ]);
    assert.equal(status, 0, stderr);
    return (await readFile(`${file}.pub`, 'utf8')).trim();
  }

  /** What `ssh-keygen -l` says of a line; undefined where it takes no key. */
  async function judged(line: string): Promise<string | undefined> {
    const file = join(directory, `j${++serial}`);
    await writeFile(file, `${line}\n`);
    const { status, stdout } = await run('ssh-keygen', ['-l', '-E', 'sha256', '-f', file]);
    return status === 0 ? /SHA256:\S+/.exec(stdout)?.[0] : undefined;
  }

  const kinds = [
    ['ed25519'],
    ['ecdsa', '-b', '256'],
    ['ecdsa', '-b', '384'],
    ['ecdsa', '-b', '521'],
    ['rsa', '-b', '2048'],
  ];

  for (const kind of kinds) {
    test(`${kind.join(' ')}: is taken, and its fingerprint is that of ssh-keygen`, async (context) => {
      const line = await make(...kind);
      const { it } = await device(context);
      await it.apply([['merge', `${admin}/authorized-key[name='desk']/public-key`, line]]);
      const fingerprint = it.get(`${admin}/authorized-key[name='desk']/fingerprint`);
      assert.equal(fingerprint, await judged(line));
      assert.match(String(fingerprint), /^SHA256:[A-Za-z0-9+/]{43}$/);
    });

    test(`${kind.join(' ')}: what is changed in it is refused where ssh-keygen refuses it, and never throws`, async () => {
      const [type = '', body = ''] = (await make(...kind)).split(' ');
      const blob = Buffer.from(body, 'base64');
      let refusals = 0;
      for (let at = 0; at < blob.length; at += Math.ceil(blob.length / 24)) {
        const changed = Buffer.from(blob);
        changed[at]! ^= 1 << (at % 8);
        for (const octets of [changed, blob.subarray(0, at), Buffer.concat([blob, changed.subarray(0, at)])]) {
          const line = `${type} ${octets.toString('base64')}`;
          const parsed = parseSshPublicKey(line);
          if (typeof parsed === 'string') refusals += 1;
          // What is stricter here: a key is all of its octets, and no other number than the shortest form of it.
          else assert.equal(sshFingerprint(parsed), await judged(line), `${line}: taken here alone`);
        }
      }
      assert.ok(refusals >= 24);
    });
  }

  test('what else authorized_keys files and key files hold is refused at its place, with the reason', async (context) => {
    const { it } = await device(context);
    const ed25519 = await make('ed25519');
    const [type, body = ''] = ed25519.split(' ');
    const [, ecdsa = ''] = (await make('ecdsa', '-b', '256')).split(' ');
    const weak = await make('rsa', '-b', '1024');
    const form =
      'not a public key as OpenSSH writes it: type, base64 and perhaps a comment in one line, without options';
    const at = `${admin}/authorized-key[name='desk']/public-key`;
    const refusals: Readonly<Record<string, string>> = {
      [`command="x" ${ed25519}`]: form,
      [`${type} ${body}\n${ed25519}`]: form,
      [`${type}`]: form,
      [`${type} ${ecdsa}`]: 'the key is of type "ecdsa-sha2-nistp256", not "ssh-ed25519"',
      [`${type} ${body.slice(0, -2)}`]: 'the second word is not the base64 of a key',
      [`${type} ${body}====`]: 'the second word is not the base64 of a key',
      [weak]: 'RSA keys have 2048 to 16384 bits, this one has 1024',
      [dsa()]: 'keys of type "ssh-dss" are not taken',
      [`constructor ${string('constructor').toString('base64')}`]: 'keys of type "constructor" are not taken',
    };
    for (const [line, reason] of Object.entries(refusals)) {
      const told = await refusalOf(async () => it.apply([['merge', at, line]]));
      assert.ok(told.endsWith(reason) && told.includes(`${at}: `), `${line}: ${told}`);
    }
  });

  test('a user has 32 at most, and each has a key', async (context) => {
    const { it } = await device(context);
    const line = await make('ed25519');
    const keys = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `k${index}`, 'public-key': line }));
    await it.apply([['merge', admin, { name: 'admin', 'authorized-key': keys(32) }]]);
    const many = await refusalOf(async () =>
      it.apply([['merge', admin, { name: 'admin', 'authorized-key': keys(33) }]]),
    );
    assert.match(many, /authorized-key/);
    const none = await refusalOf(async () => it.apply([['merge', `${admin}/authorized-key[name='x']`, { name: 'x' }]]));
    assert.match(none, /public-key/);
  });
});

function dsa(): string {
  const { publicKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return `ssh-dss ${Buffer.concat([string('ssh-dss'), der]).toString('base64')}`;
}

function string(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}
