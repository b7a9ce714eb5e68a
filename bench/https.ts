/**
 * The life of an HTTPS certificate on a running agent: installation, what the making of an RSA key costs others, changes of the
 * certificate under load. Clients and agent share the machine, so times are a ceiling.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { certificatePem } from '../src/x509/index.js';
import { keyOfRequest } from '../test/modules/authority.js';
import { makeState, type RunningAgent, startAgent } from '../test/support/agent.js';
import { caExtensions, issue, serverExtensions, testKey } from '../test/x509/support.js';
import { line, quantile, short } from './machine.js';
import { application, client, invocation, methodCall } from './rpc.js';

export async function run(): Promise<void> {
  const place = await makeState();
  const agent = await startAgent(place);
  try {
    for (const algorithm of ['ec-p256', 'rsa-2048']) await installs(agent, algorithm);
    await activations(agent);
    await swaps(agent);
    await keyGeneration(agent);
  } finally {
    await agent.stop();
    await place.remove();
  }
}

/** Each round installs another certificate into the entry that is served, so that it is tried in handshakes and switched to. */
async function installs(agent: RunningAgent, algorithm: string): Promise<void> {
  const call = client(agent, 1);
  const entry = `https.certificate[${algorithm}]`;
  await call(
    application({
      [`${entry}.source`]: 'ca-signed',
      [`${entry}.key-algorithm`]: algorithm,
      [`${entry}.subject.common-name`]: 'device.example.net',
    }),
  );
  const request = await call(invocation(`${entry}.generate-request`, {}));
  const key = keyOfRequest(/-----BEGIN[\s\S]+-----END[^<]+/.exec(request)?.[0] ?? '');
  const authority = await makeAuthority();
  const times: number[] = [];
  for (let round = 0; round < 45; round += 1) {
    const body = invocation(`${entry}.install`, { data: await authority(key), activate: true });
    const begun = performance.now();
    await call(body);
    if (round >= 5) times.push(performance.now() - begun);
  }
  print(line(`install of three certificates in force, ${algorithm}`, times, 'ms', '<= 60'));
}

/** From the answer of `activate` on, until a new connection is shown the other certificate. */
async function activations(agent: RunningAgent): Promise<void> {
  const call = client(agent, 1);
  await makePair(agent);
  const times: number[] = [];
  const answers: number[] = [];
  for (let round = 0; round < 40; round += 1) {
    const before = await presented(agent);
    const asked = performance.now();
    await call(activation(round));
    const answered = performance.now();
    answers.push(answered - asked);
    while ((await presented(agent)) === before) {
      if (performance.now() - answered > 10_000) throw new Error('the new certificate is not served');
    }
    times.push(performance.now() - answered);
  }
  print(line('activate, round trip', answers, 'ms', '-'));
  print(line('from the answer to a handshake with it done', times, 'ms', '<= 1000'));
}

async function swaps(agent: RunningAgent): Promise<void> {
  if (spawnSync('wrk', ['-v']).error !== undefined) {
    print('20 changes of the certificate under load: skipped, wrk is not installed');
    return;
  }
  const call = client(agent, 1);
  await makePair(agent);
  for (const [name, header] of [
    ['keep-alive', 'Connection: keep-alive'],
    ['a connection for each request', 'Connection: close'],
  ] as const) {
    const load = wrk(agent, header);
    await pause(500);
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const begun = performance.now();
      await call(activation(round));
      times.push(performance.now() - begun);
      await pause(150);
    }
    const { requests, failed } = await load.end();
    print(line(`activate under wrk, ${name}`, times, 'ms', '-'));
    print(line(`  requests failed of ${requests}`, [failed], '', '0'));
  }
}

/** How long other requests wait while keys are made: the longest of each round. */
async function keyGeneration(agent: RunningAgent): Promise<void> {
  const call = client(agent, 1);
  const entry = 'https.certificate[rsa]';
  await call(application({ [`${entry}.key-algorithm`]: 'rsa-4096', [`${entry}.subject.common-name`]: 'rsa.example' }));
  const generate = () => call(invocation(`${entry}.self-sign`, { 'reuse-key': false }));
  for (const [name, readers, pace] of [
    ['a request every 2 ms', 1, 2],
    ['4 clients that never rest', 4, 0],
  ] as const) {
    const idle: number[] = [];
    const busy: number[] = [];
    const made: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const begun = performance.now();
      busy.push(await longestDelay(agent, readers, pace, generate()));
      made.push(performance.now() - begun);
      idle.push(await longestDelay(agent, readers, pace, pause(performance.now() - begun)));
    }
    print(line(`longest of ${name}`, idle, 'ms', '-'));
    print(line(`  while an RSA-4096 key is made`, busy, 'ms', '<= 20 more'));
    print(line('  the key and its certificate', made, 'ms', '-'));
    print(`  added in the median: ${short(quantile(busy, 0.5) - quantile(idle, 0.5))} ms`);
  }
}

/** The longest round trip of `config.get` that began while `work` was going on. */
async function longestDelay(
  agent: RunningAgent,
  readers: number,
  pace: number,
  work: Promise<unknown>,
): Promise<number> {
  const call = client(agent, readers);
  const body = methodCall('config.get', '<string>system.name</string>');
  let isDone = false;
  let longest = 0;
  const read = async () => {
    // The handshake is not what is measured.
    await call(body);
    while (!isDone) {
      const begun = performance.now();
      await call(body);
      longest = Math.max(longest, performance.now() - begun);
      if (pace > 0) await pause(pace);
    }
  };
  const reading = Promise.all(Array.from({ length: readers }, read));
  await work;
  isDone = true;
  await reading;
  return longest;
}

const pair = ['one', 'two'] as const;

async function makePair(agent: RunningAgent): Promise<void> {
  const call = client(agent, 1);
  for (const name of pair) {
    await call(application({ [`https.certificate[${name}].subject.common-name`]: `${name}.example.net` }));
  }
  await call(activation(1));
}

function activation(round: number): string {
  return invocation(`https.certificate[${pair[round % 2] ?? ''}].activate`, {});
}

async function presented(agent: RunningAgent): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: agent.httpsPort, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return certificate.fingerprint256;
}

/** Load on the status page until `end`, which tells what wrk has counted. */
function wrk(agent: RunningAgent, header: string): { end(): Promise<{ requests: number; failed: number }> } {
  const url = `https://127.0.0.1:${agent.httpsPort}/`;
  const child = spawn('wrk', ['-t1', '-c8', '-d60s', '-H', header, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const closed = once(child, 'close');
  return {
    async end() {
      // wrk tells what it has counted when it is interrupted.
      child.kill('SIGINT');
      await closed;
      const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
      if (!(requests > 0)) throw new Error(`wrk has made no requests:\n${output}`);
      const errors = [...output.matchAll(/(?:connect|read|write|timeout|Non-2xx or 3xx responses:) (\d+)/g)];
      return { requests, failed: errors.reduce((sum, [, count]) => sum + Number(count), 0) };
    },
  };
}

/** Signs as a company's authority with two levels would; gives the chain as PEM. */
async function makeAuthority(): Promise<(key: KeyObject) => Promise<string>> {
  const names = ['Root', 'Policy', 'Issuing'].map((commonName) => ({ organization: 'Bench', commonName }));
  const keys = await Promise.all(
    names.map(async ({ commonName }) => (await testKey('ec-p256', commonName)).privateKey),
  );
  const [rootKey, policyKey, issuingKey] = keys as [KeyObject, KeyObject, KeyObject];
  const [rootName, policyName, issuingName] = names as [Subject, Subject, Subject];
  const dates = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 400 * 86_400_000) };
  const policy = await issue({
    ...dates,
    subject: policyName,
    key: policyKey,
    issuer: { subject: rootName, key: rootKey },
    extensions: caExtensions(policyKey, rootKey, 1),
  });
  const issuing = await issue({
    ...dates,
    subject: issuingName,
    key: issuingKey,
    issuer: { subject: policyName, key: policyKey },
    extensions: caExtensions(issuingKey, policyKey, 0),
  });
  return async (key) => {
    const leaf = await issue({
      ...dates,
      subject: { commonName: 'device.example.net' },
      key,
      issuer: { subject: issuingName, key: issuingKey },
      extensions: serverExtensions(key, issuingKey, ['digitalSignature'], 'device.example.net'),
    });
    return [leaf, issuing, policy].map(certificatePem).join('');
  };
}

interface Subject {
  readonly organization: string;
  readonly commonName: string;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
