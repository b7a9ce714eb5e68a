/** A client that looks for keys where RFC 9642 has them: Python's xmlrpc.client and the command line, judged by openssl and yanglint. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { supportedFeatures } from '../../src/served-schema.js';
import { mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { publishedModules } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';
import { python, rpcCalls, script, servedCertificate, succeed } from './support.js';

const skip = ['openssl', 'python3'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;
const published = publishedModules();
const yanglint = requireTool('yanglint');

const keys = '/ietf-keystore:keystore/asymmetric-keys';
const own = `${keys}/asymmetric-key[name='default']`;

describe('the keystore of a new agent', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  const signet = (args: readonly string[], input = '') =>
    succeed(process.execPath, [mainScript, ...args, '--state', place.state], { input });

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  test('has the key and the certificate that are presented', async () => {
    const certData = `${own}/certificates/certificate[name='default']/cert-data`;
    const [publicKey, cms] = await rpcCalls(agent, [
      ['config.get', [`${own}/public-key`]],
      ['config.get', [certData]],
    ]);
    const served = await servedCertificate(agent);
    const [shown, presented] = await Promise.all([
      succeed('openssl', ['pkey', '-pubin', '-inform', 'DER'], { input: octets(publicKey?.value) }),
      succeed('openssl', ['x509', '-pubkey', '-noout'], { input: served }),
    ]);
    assert.equal(shown, presented);
    const bag = await succeed('openssl', ['pkcs7', '-inform', 'DER', '-print_certs'], { input: octets(cms?.value) });
    assert.ok(bag.includes(served.trim()));
  });

  test('is what the published modules allow', { skip: published.skip || yanglint.skip }, async () => {
    const file = join(place.directory, 'keystore.xml');
    await writeFile(file, await signet(['get', '/ietf-keystore:keystore', '--xml']));
    const modules = ['ietf-crypto-types', 'ietf-keystore'] as const;
    const features = modules.flatMap((name) => ['-F', `${name}:${supportedFeatures[name].join(',')}`]);
    const files = modules.map((name) => join(published.directory, `${name}@2024-10-10.yang`));
    await succeed('yanglint', ['-t', 'data', ...features, '-p', published.directory, ...files, file]);
  });

  test('is nothing of what can be written, loaded or saved', async () => {
    const [running, write] = await rpcCalls(agent, [
      ['config.get', [keys, 'running']],
      ['config.apply', [[{ path: `${keys}/asymmetric-key[name='mine']`, value: { 'hidden-private-key': true } }]]],
    ]);
    assert.match(running?.fault?.[1] ?? '', /^data-missing /);
    assert.match(write?.fault?.[1] ?? '', /^operation-not-supported \/ietf-keystore:keystore: .*https\.certificate/);
    const file = join(place.directory, 'saved.json');
    await signet(['save', file]);
    const saved = await readFile(file, 'utf8');
    assert.match(saved, /server-certificate/);
    assert.doesNotMatch(saved, /keystore|truststore/);
  });

  test('shows a viewer public keys alone, and signs nothing for him', async () => {
    await signet(['set', 'users.user[vic].role=viewer']);
    await signet(['passwd', 'vic'], 'a long password\n');
    const url = `https://vic:a%20long%20password@127.0.0.1:${String(agent.httpsPort)}/RPC2`;
    const csr = { 'csr-format': 'ietf-crypto-types:p10-csr-format', 'csr-info': 'MAA=' };
    const calls = [
      ['config.get', [keys]],
      ['action.invoke', [`${own}/generate-csr`, csr]],
    ];
    const answers = await succeed(python, [script('call.py'), url], { input: JSON.stringify(calls) });
    assert.match(answers, /"public-key"/);
    assert.doesNotMatch(answers, /cert-data/);
    assert.match(answers, /access-denied/);
  });
});

/** Binary values come from the script in hexadecimal. */
function octets(value: unknown): Buffer {
  return Buffer.from(String(value), 'hex');
}
