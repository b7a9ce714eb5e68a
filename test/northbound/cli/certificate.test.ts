/** `signet certificate` from request to deletion; what it writes and takes is openssl's. */
import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CliParts, run as runCli } from '../../../src/northbound/cli/index.js';
import { mainScript, makeState, type RunningAgent, startAgent } from '../../support/agent.js';
import { runOk } from '../../support/run.js';
import { signet } from '../../support/signet.js';
import { requireTool } from '../../support/tools.js';

const openssl = requireTool('openssl');

describe('signet certificate', { skip: openssl.skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });
  const local = (...args: string[]) => signet([...args, '--state', place.state]);
  const certificate = (...args: string[]) => local('certificate', ...args);
  const at = (name: string) => join(place.directory, name);
  const tool = (...args: string[]) => runOk('openssl', args);

  test('a request is signed elsewhere, installed with its chain and shown', async () => {
    assert.equal((await local('set', 'https.certificate[web].subject.common-name=web.example.net')).status, 0);
    const request = await certificate('request', 'web', '--unstructured-name', 'shelf 3');
    await writeFile(at('web.csr'), request.stdout);
    assert.match(await tool('req', '-in', at('web.csr'), '-noout', '-text', '-verify'), /unstructuredName\s*:shelf 3/);
    const authority = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=CA', '-days', '30', '-nodes'];
    const extensions = ['-addext', 'keyUsage=critical,keyCertSign'];
    await tool('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...authority, ...extensions);
    const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-copy_extensions', 'copyall', '-days', '20'];
    await tool('x509', '-req', '-in', at('web.csr'), ...signing, '-out', at('web.pem'));
    const installed = await certificate('install', 'web', '--file', at('web.pem'), '--chain', at('ca.pem'));
    assert.equal(installed.status, 0, installed.stderr);
    const shown = JSON.parse((await certificate('show', 'web', '--json')).stdout) as Record<string, unknown>;
    assert.equal(shown.source, 'ca-signed');
    assert.match((await certificate('show', 'web')).stdout, /^state$[\s\S]*^ {2}subject +CN=web\.example\.net$/m);
    assert.match(
      (await certificate('list')).stdout,
      /^web +ca-signed +ec-p256 +valid +\S+ +\d+ +CN=web\.example\.net$/m,
    );
  });

  test('DER, UTF-16 and bare base64 are taken for the certificate, its chain and its key alike', async () => {
    const der = (name: string) => tool('x509', '-in', at(`${name}.pem`), '-outform', 'der', '-out', at(`${name}.der`));
    const ours = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', at('o.key'), '-out', at('o.csr')];
    await tool('req', ...ours, '-subj', '/CN=o', '-addext', 'subjectAltName=DNS:o.example.net', '-nodes');
    const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-copy_extensions', 'copyall', '-days', '20'];
    await tool('x509', '-req', '-in', at('o.csr'), ...signing, '-out', at('o.pem'));
    await Promise.all([der('o'), der('ca')]);
    await tool('pkey', '-in', at('o.key'), '-outform', 'der', '-out', at('o-key.der'));
    const text = await readFile(at('o.pem'), 'utf8');
    await writeFile(at('o.utf16'), `\uFEFF${text}`, 'utf16le');
    await writeFile(at('o.base64'), text.replace(/-----[A-Z ]+-----/g, ''));
    assert.equal((await local('set', 'https.certificate[o].source=ca-signed')).status, 0);
    for (const file of ['o.der', 'o.utf16', 'o.base64', 'o.pem']) {
      const more = ['--chain', at('ca.der'), '--key', at('o-key.der')];
      const installed = await certificate('install', 'o', '--file', at(file), ...more);
      assert.equal(installed.status, 0, `${file}: ${installed.stderr}`);
      assert.match(installed.stdout, /the root certificate CN=CA is not sent by a server and was left out/);
    }
  });

  test('a pending request is forgotten, and a second time there is none', async () => {
    assert.equal((await certificate('request', 'web')).status, 0);
    assert.equal((await certificate('abort-request', 'web')).stdout, 'done\n');
    const again = await certificate('abort-request', 'web');
    assert.equal(again.status, 1);
    assert.match(again.stderr, /certificate\[name='web'\].*request/);
  });

  test('what is exported is read by openssl; a key goes out encrypted and into a file for its owner only', async () => {
    await writeFile(at('phrase'), 'a pass phrase for it\n');
    const pem = await certificate('export', 'web');
    assert.match(pem.stdout, /^-----BEGIN CERTIFICATE-----/);
    // A file that others can read is made the owner's.
    await writeFile(at('web.p12'), 'something else', { mode: 0o644 });
    const container = ['export', 'web', '--format', 'pkcs12', '--pass-phrase-file', at('phrase')];
    assert.equal((await certificate(...container, '--out', at('web.p12'))).stdout, `written to ${at('web.p12')}\n`);
    assert.equal((await stat(at('web.p12'))).mode & 0o777, 0o600);
    const inside = await tool('pkcs12', '-in', at('web.p12'), '-nodes', '-passin', `file:${at('phrase')}`);
    assert.match(inside, /subject=CN = web\.example\.net[\s\S]*BEGIN PRIVATE KEY/);
    const key = await certificate('export', 'web', '--format', 'pkcs8', '--pass-phrase-file', at('phrase'));
    assert.match(key.stdout, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const without = await certificate('export', 'web', '--format', 'pkcs8');
    assert.equal(without.status, 1);
    assert.doesNotMatch(without.stdout, /PRIVATE KEY/);
    assert.equal((await certificate('export', 'web', '--format', 'der', '--out', at('no/such'))).status, 1);
  });

  test('octets go into a pipe as they are, to a terminal only as JSON', async () => {
    const whole = await certificate('export', 'web');
    for (const [format, read] of [
      ['der', 'x509 -inform der'],
      ['pkcs7', 'pkcs7 -inform der -print_certs'],
    ] as const) {
      const command = `"$0" "$@" --format ${format} | openssl ${read}`;
      const signet = [process.execPath, mainScript, 'certificate', 'export', 'web', '--state', place.state];
      const through = await runOk('sh', ['-c', command, ...signet]);
      assert.match(through, /-----BEGIN CERTIFICATE-----/);
      assert.ok(whole.stdout.startsWith(through.slice(through.indexOf('-----BEGIN')).split('-----END')[0] ?? '?'));
    }
    const written: (string | Buffer)[] = [];
    const told: string[] = [];
    const parts: Pick<CliParts, 'stdout' | 'stderr' | 'terminal' | 'environment'> = {
      stdout: (content) => written.push(content),
      stderr: (text) => told.push(text),
      terminal: true,
      environment: {},
    };
    const terminal = (...more: string[]) =>
      runCli(['certificate', 'export', 'web', '--format', 'der', '--state', place.state, ...more], parts as CliParts);
    assert.equal(await terminal(), 2);
    assert.match(told.join(''), /octets are not for a terminal: name a file with --out/);
    assert.equal(await terminal('--json'), 0);
    const { data } = JSON.parse(String(written)) as { data: string };
    assert.equal(Buffer.from(data, 'base64')[0], 0x30);
  });

  test('a container is installed under another name, with a password that is wrong first', async () => {
    assert.equal((await local('set', 'https.certificate[copy].source=ca-signed')).status, 0);
    await writeFile(at('wrong'), 'not the phrase\n');
    const install = (...more: string[]) => certificate('install', 'copy', '--file', at('web.p12'), ...more);
    const wrong = await install('--password-file', at('wrong'));
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /password is wrong/);
    const right = await install('--password-file', at('phrase'));
    assert.equal(right.status, 0, right.stderr);
    assert.equal((await certificate('export', 'copy')).stdout, (await certificate('export', 'web')).stdout);
    assert.equal((await readFile(at('web.p12'))).includes('BEGIN'), false);
  });

  test('an entry is deleted; in the place of one in service a new factory certificate is presented', async () => {
    assert.equal((await certificate('delete', 'copy', '--purge')).stdout, 'done\n');
    const gone = await certificate('show', 'copy');
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /^data-missing \/signet-https:https\/certificate\[name='copy'\]: /);
    const served = () => local('get', 'https.state.fingerprint-sha256');
    // What is going to lock people out of a browser is said, and done all the same.
    assert.match(
      (await certificate('activate', 'web')).stdout,
      /^warning: the certificate does not hold for [^\n]+\ndone\n$/u,
    );
    const before = (await served()).stdout;
    assert.equal((await certificate('delete', 'web')).stdout, 'done\n');
    assert.notEqual((await served()).stdout, before);
    assert.equal((await local('get', 'https.server-certificate')).stdout, 'default\n');
  });

  test('self-sign takes a pass phrase for a new key, and a confirm timeout', async () => {
    assert.equal((await local('set', 'https.certificate[own].subject.common-name=own.example.net')).status, 0);
    const state = async () =>
      JSON.parse((await certificate('show', 'own', '--json')).stdout) as {
        installed: Record<string, unknown>;
        state: Record<string, unknown>;
      };
    const before = await state();
    assert.equal((await certificate('self-sign', 'own', '--pass-phrase-file', at('phrase'))).status, 0);
    const guarded = await state();
    assert.notEqual(guarded.installed['key-id'], before.installed['key-id']);
    assert.equal(guarded.installed['pass-phrase-set'], true);
    const tried = await certificate('self-sign', 'own', '--validity-days', '9', '--confirm-timeout', '600', '--json');
    assert.equal(tried.status, 0, tried.stderr);
    const { 'persist-id': id } = JSON.parse(tried.stdout) as Record<string, string>;
    assert.equal((await state()).state['days-remaining'], 8);
    assert.equal((await local('cancel', id ?? '')).status, 0);
    assert.equal((await state()).state['fingerprint-sha256'], guarded.state['fingerprint-sha256']);
  });

  test('the pass phrase for SNMP is set from standard input; one that is too short is refused', async () => {
    const short = await signet(['passwd', 'admin', '--snmp', '--state', place.state], 'short\n');
    assert.equal(short.status, 1);
    assert.doesNotMatch(short.stderr, /\bshort$/m);
    const set = await signet(['passwd', 'admin', '--snmp', '--state', place.state], 'another pass phrase\n');
    assert.equal(set.status, 0, set.stderr);
    await writeFile(at('snmp-phrase'), 'another pass phrase');
    const seen = await local('doctor', '--snmp-user', 'admin', '--snmp-password-file', at('snmp-phrase'));
    assert.match(seen.stdout, /ok +snmp .* up for \d+ s/);
  });
});
