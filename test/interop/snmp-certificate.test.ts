/** Certificates over SNMPv3 alone, by Net-SNMP's tools and the names of our MIB, in datagrams of 1 472 octets at most. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { type Authority, makeAuthority, run, snmpArguments, standardMibs, succeed } from './support.js';

const missing = ['openssl', 'snmpset', 'snmpbulkwalk']
  .map((tool) => requireTool(tool).skip)
  .find((each) => each !== false);
const skip =
  missing ?? (standardMibs() === undefined ? 'the standard MIB modules (erlang-snmp) are not installed' : false);
const largestDatagram = 1472;
const passPhrase = 'a pass phrase for the key';

describe('certificates over SNMPv3 alone', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let relay: Relay;
  let authority: Authority;
  let job = 0;
  const at = (name: string) => join(place.directory, name);

  before(async () => {
    place = await makeState();
    authority = await makeAuthority(place.directory);
    agent = await startAgent(place);
    relay = await openRelay(agent.snmpPort);
  });
  after(async () => {
    relay?.close();
    assert.equal(await agent.stop(), 0);
    await place.remove();
  });

  const tool = async (name: string, options: readonly string[], operands: readonly string[]) => {
    const args = snmpArguments(agent).with(-1, `127.0.0.1:${String(relay.port)}`);
    const { status, stdout, stderr } = await run(name, [...options, ...args, ...operands]);
    assert.equal(status, 0, `${name} ${operands.join(' ')}: ${stdout}${stderr}`);
    return stdout.trimEnd();
  };
  const object = (column: string, index: string) => `SIGNET-HTTPS-MIB::signetHttpsCertificate${column}.${index}`;
  const set = (...operands: readonly string[]) => tool('snmpset', [], operands);
  const get = (name: string) => tool('snmpget', ['-Oqv'], [name]);
  /** The octets of a value from its segments. */
  const segments = async (column: string, index: string) => {
    const hex = await tool('snmpbulkwalk', ['-Cr1', '-Oqvx'], [object(`${column}SegmentOctets`, index)]);
    return Buffer.from(hex.replace(/[^0-9A-Fa-f]/gu, ''), 'hex');
  };
  const upload = async (column: string, index: string, content: Buffer) => {
    for (let from = 0; from < content.length; from += 1000) {
      const segment = content.subarray(from, from + 1000).toString('hex');
      await set(object(`${column}SegmentOctets`, `${index}.${String(from / 1000 + 1)}`), 'x', segment);
    }
    return createHash('sha256').update(content).digest('hex');
  };
  /** Starts a job of an action on a certificate and waits until it has ended well; gives its index. */
  const perform = async (action: string, name: string, values: (index: string) => Promise<readonly string[]>) => {
    job += 1;
    const index = `"${name}"."test".${String(job)}`;
    await set(...(await values(index)), object(`${action}RowStatus`, index), 'i', 'createAndGo');
    const state = () => get(object(`${action}State`, index));
    await waitFor('the end of the job', async () => (await state()) !== 'running');
    assert.equal(await state(), 'done', await get(object(`${action}ErrorText`, index)));
    return index;
  };
  /** The certificates of an installed chain, one behind the other. */
  const installed = (name: string) => segments('InstalledChain', `"${name}"`);
  const derOf = (pem: string) =>
    Buffer.from(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END/u.exec(pem)![1]!.replace(/\s/gu, ''), 'base64');

  test('a request is made and read, and what the authority returns is installed', async () => {
    await set(
      object('RowStatus', "'web'"),
      ...['i', 'createAndGo', object('CommonName', "'web'"), 's', 'web.example.net'],
    );
    await perform('GenerateRequest', 'web', () => Promise.resolve([]));
    const request = await segments('Pem', '"web"');
    const digest = (await get(object('PemDigest', "'web'"))).replace(/[^0-9A-F]/gu, '').toLowerCase();
    assert.equal(digest, createHash('sha256').update(request).digest('hex'));
    await writeFile(at('web.csr'), request);
    assert.match(
      await succeed('openssl', ['req', '-in', at('web.csr'), '-verify', '-noout', '-subject']),
      /web\.example\.net/u,
    );

    const leaf = await authority.sign(request.toString());
    const chain = Buffer.from(`${leaf}${await readFile(authority.intermediateFile, 'utf8')}`);
    const index = await perform('Install', 'web', async (row) => {
      const digest = await upload('InstallData', row, chain);
      return [object('InstallDataDigest', row), 'x', digest];
    });
    const result = JSON.parse((await segments('InstallResult', index)).toString()) as { finding?: unknown };
    assert.equal(typeof result, 'object');
    const intermediate = await readFile(authority.intermediateFile, 'utf8');
    assert.deepEqual(await installed('web'), Buffer.concat([leaf, intermediate].map(derOf)));
  });

  test('a PKCS#12 container is installed, with its password, and one is exported', async () => {
    await succeed('openssl', [
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('box.key')],
      ...['-out', at('box.csr'), '-subj', '/CN=box.example.net', '-addext', 'subjectAltName=DNS:box.example.net'],
    ]);
    const leaf = await authority.sign(await readFile(at('box.csr'), 'utf8'));
    await writeFile(at('box.pem'), leaf);
    await succeed('openssl', [
      ...['pkcs12', '-export', '-in', at('box.pem'), '-inkey', at('box.key'), '-certfile', authority.intermediateFile],
      ...['-out', at('box.p12'), '-passout', 'pass:secret word'],
    ]);
    await set(
      object('RowStatus', "'box'"),
      ...['i', 'createAndGo', object('CommonName', "'box'"), 's', 'box.example.net'],
    );
    const container = Buffer.from((await readFile(at('box.p12'))).toString('base64'));
    await perform('Install', 'box', async (row) => {
      const digest = await upload('InstallData', row, container);
      return [object('InstallDataDigest', row), 'x', digest, object('InstallPassword', row), 's', 'secret word'];
    });
    const intermediate = await readFile(authority.intermediateFile, 'utf8');
    assert.deepEqual(await installed('box'), Buffer.concat([leaf, intermediate].map(derOf)));

    const index = await perform('Export', 'box', (row) =>
      Promise.resolve([
        ...[object('ExportFormat', row), 'i', 'pkcs12', object('ExportPassPhrase', row), 's', passPhrase],
      ]),
    );
    await writeFile(at('exported.p12'), await segments('ExportData', index));
    const read = ['pkcs12', '-in', at('exported.p12'), '-passin', `pass:${passPhrase}`, '-nodes'];
    const key = (await succeed('openssl', read)).replace(/^[\s\S]*(-----BEGIN PRIVATE KEY)/u, '$1');
    assert.equal(await publicKey(key), await publicKey(await readFile(at('box.key'), 'utf8')));
  });

  test('no datagram passed 1 472 octets, either way', () => {
    assert.ok(relay.largest() > 1000);
    assert.ok(relay.largest() <= largestDatagram, String(relay.largest()));
  });
});

function publicKey(pem: string): Promise<string> {
  return succeed('openssl', ['pkey', '-pubout'], { input: pem });
}

interface Relay {
  readonly port: number;
  /** Octets of the largest datagram so far. */
  largest(): number;
  close(): void;
}

/** Stands between the tools and the agent; each manager's port gets a socket of its own towards the agent. */
async function openRelay(target: number): Promise<Relay> {
  const front = createSocket('udp4');
  const backs = new Map<number, Socket>();
  let largest = 0;
  front.on('message', (message, peer) => {
    largest = Math.max(largest, message.length);
    let back = backs.get(peer.port);
    if (back === undefined) {
      back = createSocket('udp4');
      back.on('message', (answer) => {
        largest = Math.max(largest, answer.length);
        front.send(answer, peer.port, peer.address);
      });
      backs.set(peer.port, back);
    }
    back.send(message, target, '127.0.0.1');
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    port: front.address().port,
    largest: () => largest,
    close() {
      front.close();
      for (const back of backs.values()) back.close();
    },
  };
}
