/**
 * The whole life of certificates with secrets that are marked, through every interface: none of them is in an answer, in the
 * log, in an SNMP value or in a file of the agent, in no encoding (issue 5).
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, snmpPassword, startAgent } from '../support/agent.js';
import { type Leak, leaksIn, mark, type Secret } from '../support/leaks.js';
import { requireTool } from '../support/tools.js';
import { rpcCalls, run, snmpArguments, succeed } from './support.js';

const skip =
  ['openssl', 'python3', 'snmpwalk'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

const login = mark('login');
const keyPhrase = mark('key-phrase');
const challenge = mark('challenge');
const exportPhrase = mark('export-phrase');
const containerPassword = mark('container');
const pemPassword = mark('pem-password');
const wrong = mark('wrong');
const marks = [login, keyPhrase, challenge, exportPhrase, containerPassword, pemPassword, wrong];

describe('the search itself', () => {
  const secret = [mark('planted')];
  const plain = mark('planted').text;
  const pem = (octets: Buffer) => octets.toString('base64').replaceAll(/(.{64})/g, '$1\n');

  test('finds a secret in base64, PEM, JSON of PEM, hexadecimal and base64 of PEM, at any place of a group', () => {
    for (const before of ['', 'x', 'xy', 'xyz']) {
      const octets = Buffer.from(`${before}${'-'.repeat(70)}${plain} and more`);
      const block = `-----BEGIN X-----\n${pem(octets)}\n-----END X-----\n`;
      const forms = [
        octets,
        pem(octets),
        block,
        JSON.stringify({ pem: block }),
        octets.toString('hex'),
        Buffer.from(block).toString('base64'),
        `Hex-STRING: ${octets.toString('hex').replaceAll(/(..)/g, '$1 ')}`,
      ];
      for (const form of forms) assert.equal(leaksIn('', form, secret).length, 1, String(form));
    }
    assert.deepEqual(leaksIn('', plain.slice(1), secret), []);
  });
});

describe('secrets of a certificate that lives its whole life', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  /** Everything that came out, but for what is allowed to hold a secret. */
  const outputs: { readonly where: string; readonly text: string }[] = [];
  const secrets: Secret[] = [...marks];
  const at = (name: string) => join(place.directory, name);

  before(async () => {
    place = await makeState();
    for (const each of marks) await writeFile(at(each.name), `${each.text}\n`, { mode: 0o600 });
    agent = await startAgent({ directory: place.directory, state: place.state });
  });

  after(() => place.remove());

  /** A command on the local socket; what it prints is kept to be searched. */
  async function signet(
    args: readonly string[],
    input = '',
  ): Promise<{ readonly status: number | null; stdout: string }> {
    const { status, stdout, stderr } = await run(process.execPath, [mainScript, ...args, '--state', place.state], {
      input,
    });
    outputs.push({ where: `signet ${args.join(' ')}`, text: stdout + stderr });
    return { status, stdout };
  }

  /** Calls of XML-RPC by Python; what they answer is kept. */
  async function rpc(...calls: Parameters<typeof rpcCalls>[1]): Promise<Awaited<ReturnType<typeof rpcCalls>>> {
    const answers = await rpcCalls(agent, calls);
    outputs.push({ where: `XML-RPC ${calls.map(([method]) => method).join(' ')}`, text: JSON.stringify(answers) });
    return answers;
  }

  /** The private number of a key: what no encoding of it can do without. */
  function addKey(name: string, pem: string, passphrase?: string): void {
    const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
    const { d } = key.export({ format: 'jwk' });
    secrets.push({ name, octets: Buffer.from(d ?? '', 'base64url') });
  }

  const openssl = (...args: string[]) => succeed('openssl', args);

  test('requests, installs, exports, refusals and deletion do what they are asked', async () => {
    assert.equal((await signet(['set', 'https.certificate[web].subject.common-name=web.example.net'])).status, 0);
    // The request is the one place where a challenge password stands (RFC 2985 5.4.1): it is not searched.
    const requested = await run(process.execPath, [
      ...[
        mainScript,
        'certificate',
        'request',
        'web',
        '--state',
        place.state,
        '--pass-phrase-file',
        at(keyPhrase.name),
      ],
      ...['--challenge-password-file', at(challenge.name)],
    ]);
    assert.equal(requested.status, 0, requested.stderr);
    assert.deepEqual(leaksIn('', requested.stdout, secrets), [{ secret: 'challenge', where: '' }]);
    await writeFile(at('web.csr'), requested.stdout);
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const authority = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=CA', '-days', '30'];
    await openssl('req', '-x509', ...ec, ...authority, '-addext', 'keyUsage=critical,keyCertSign');
    await writeFile(at('leaf.cnf'), 'extendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:false\n');
    const sign = (csr: string, out: string) =>
      openssl(
        ...['x509', '-req', '-in', csr, '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-copy_extensions', 'copyall'],
        ...['-days', '20', '-out', out],
      );
    await sign(at('web.csr'), at('web.pem'));
    const install = ['certificate', 'install', 'web', '--file', at('web.pem'), '--chain', at('ca.pem')];
    assert.equal((await signet([...install, '--activate'])).status, 0);

    // A key comes out only encrypted, under the phrase that it was made with.
    const exported = (phrase: Secret) =>
      signet(['certificate', 'export', 'web', '--format', 'pkcs8', '--pass-phrase-file', at(phrase.name)]);
    assert.equal((await exported(wrong)).status, 1);
    const { stdout: key } = await exported(keyPhrase);
    addKey('key of web', key, keyPhrase.text);

    // A key of one's own, encrypted, and in a container.
    await openssl('req', ...ec, '-keyout', at('own.key'), '-out', at('own.csr'), '-subj', '/CN=own.example.net');
    await sign(at('own.csr'), at('own.pem'));
    addKey('key of own', await readFile(at('own.key'), 'utf8'));
    const encrypted = ['-topk8', '-in', at('own.key'), '-v2', 'aes-256-cbc', '-passout', `pass:${pemPassword.text}`];
    const own = await openssl('pkcs8', ...encrypted);
    const container = ['-inkey', at('own.key'), '-in', at('own.pem'), '-out', at('own.p12')];
    await openssl('pkcs12', '-export', ...container, '-passout', `pass:${containerPassword.text}`);
    const p12 = (await readFile(at('own.p12'))).toString('base64');
    const pem = await readFile(at('own.pem'), 'utf8');
    const call = (action: string, input: Record<string, unknown>) =>
      ['action.invoke', [`https.certificate[own].${action}`, input]] as const;
    const answers = await rpc(
      ['config.apply', [[{ path: 'https.certificate[own].subject.common-name', value: 'own.example.net' }]]],
      call('install', { data: p12, password: wrong.text }),
      call('install', { data: p12, password: containerPassword.text }),
      call('install', { data: pem, 'private-key': own, password: wrong.text }),
      call('install', { data: pem, 'private-key': own, password: pemPassword.text }),
      call('export', { format: 'pkcs12', 'pass-phrase': exportPhrase.text }),
      call('activate', {}),
      // Refused, with what was sent in the way of the error.
      call('generate-request', { 'pass-phrase': keyPhrase.text.repeat(20) }),
      call('generate-request', { 'challenge-password': challenge.text.repeat(20) }),
      call('install', { data: keyPhrase.text, password: wrong.text, format: 'pkcs12' }),
      call('install', { data: await readFile(at('own.key'), 'utf8') }),
      call('install', { dat: containerPassword.text }),
      ['config.set', ['https.certificate[own].chain', [Buffer.from(containerPassword.text).toString('base64')]]],
      ['action.invoke', ['access.users.user[admin].set-password', { password: login.text }]],
    );
    const refused = answers.map((answer) => answer.fault !== undefined);
    assert.deepEqual(refused.slice(0, 7), [false, true, false, true, false, false, false]);
    assert.deepEqual(refused.slice(7, 12), [true, true, true, true, true]);
    await signet(['passwd', 'admin'], `${login.text}\n`);
    await signet(['passwd', 'admin', '--snmp'], `${snmpPassword}\n`);
  });

  test('nothing that reads tells one', async () => {
    await signet(['get', '/', '--json']);
    await signet(['get', '/', '--json', '--datastore', 'running']);
    await signet(['get', '/', '--xml']);
    await signet(['certificate', 'list']);
    await signet(['certificate', 'show', 'web']);
    await signet(['history']);
    await signet(['diff', '1']);
    await signet(['save', at('saved.json')]);
    outputs.push({ where: 'saved.json', text: await readFile(at('saved.json'), 'utf8') });
    for (const tree of ['1.3.6.1.2.1', '1.3.6.1.4.1.32473', '1.3.6.1.6']) {
      const [target, ...options] = snmpArguments(agent).toReversed();
      const { stdout } = await run('snmpbulkwalk', [...options.toReversed(), '-Ox', target ?? '', tree]);
      outputs.push({ where: `SNMP ${tree}`, text: stdout });
    }
    assert.ok(outputs.some(({ where, text }) => where === 'SNMP 1.3.6.1.4.1.32473' && text.length > 1000));
    await signet(['certificate', 'restore-default']);
    await signet(['certificate', 'delete', 'web', '--purge']);
    await signet(['rollback', '1']);
    assert.equal(await agent.stop(), 0);
    outputs.push({ where: 'the log', text: agent.log() });
    assert.deepEqual(
      outputs.flatMap(({ where, text }): readonly Leak[] => leaksIn(where, text, secrets)),
      [],
    );
  });

  test('no file holds one', async () => {
    const files = await readdir(place.state, { recursive: true, withFileTypes: true });
    const leaks: Leak[] = [];
    let octets = 0;
    for (const file of files.filter((each) => each.isFile() && each.name !== 'master.key')) {
      const content = await readFile(join(file.parentPath, file.name));
      octets += content.length;
      leaks.push(...leaksIn(file.name, content, secrets));
    }
    assert.ok(octets > 5_000);
    assert.deepEqual(leaks, []);
  });
});
