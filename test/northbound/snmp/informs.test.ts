import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { after, before, suite, type TestContext, test } from 'node:test';
import { ReceiverEngines } from '../../../src/northbound/snmp/receiver-engines.js';
import { Branch, decodeJson, encodeJson, parsePath } from '../../../src/yang/index.js';
import { requireTool } from '../../support/tools.js';
import { waitFor } from '../../support/wait.js';
import { type Lab, labOid, passPhrase, startLab } from './support/lab.js';
import { int, parse, pdu, type as pduType, v2c, v3Message, varbind } from './support/raw.js';
import { startTrapd } from './support/trapd.js';

const receiverId = '80:00:1f:88:04:72:65:63:76';
const why = new RegExp(`\\.${labOid.replaceAll('.', '\\.')}\\.100\\.0 = STRING: "why"`, 'u');

suite('informs (RFC 3416 section 4.2.7, RFC 3413 section 3.3)', () => {
  let lab: Lab;
  const logged: string[] = [];
  before(async () => {
    lab = await startLab({
      fromTree: true,
      log: (level, message, fields) => {
        if (level === 'warning' || level === 'error') logged.push(`${message} ${JSON.stringify(fields)}`);
      },
    });
  });
  after(() => lab.close());

  const configure = async (port: number, params: object, more: object = {}) => {
    await lab.remove('/ietf-snmp:snmp');
    logged.length = 0;
    await lab.write('/ietf-snmp:snmp', {
      community: [{ index: 'c', 'text-name': 'public', 'security-name': 'reader' }],
      'target-params': [{ name: 'p', ...params }],
      target: [
        { name: 't', udp: { ip: '127.0.0.1', port }, tag: ['all'], 'target-params': 'p', timeout: 20, retries: 2 },
      ],
      notify: [{ name: 'n', tag: 'all', type: 'inform' }],
      ...more,
    });
  };
  const usm = (level: string, user = 'boss') => ({ usm: { 'user-name': user, 'security-level': level } });
  const remote = (members: object = {}) => ({
    usm: { remote: [{ 'engine-id': receiverId, user: [{ name: 'boss', ...members }] }] },
  });
  const userPath = () =>
    parsePath(
      lab.schema,
      `/ietf-snmp:snmp/usm/remote[engine-id='${receiverId}']/user[name='boss']/signet-snmp:set-pass-phrase`,
    );
  const setPassPhrase = async (phrase = passPhrase) => {
    const session = lab.datastore.session({ user: 'admin', protocol: 'local', address: '' });
    const path = userPath();
    const input = decodeJson(lab.schema, path, { 'signet-snmp:pass-phrase': phrase });
    assert.ok(input instanceof Branch);
    await session.invoke(path, input);
    session.close();
  };
  const trapd = (context: TestContext, lines: readonly string[]) =>
    startTrapd(context, [`exactEngineID 0x${receiverId.replaceAll(':', '')}`, ...lines]);
  const acknowledged = async (work: () => void) => {
    const { informsAcknowledged } = lab.snmp.counters;
    work();
    await waitFor('the acknowledgement', () => lab.snmp.counters.informsAcknowledged === informsAcknowledged + 1, {
      timeoutMs: 5000,
    });
  };
  const unacknowledged = async (work: () => void) => {
    const { informsUnacknowledged } = lab.snmp.counters;
    work();
    await waitFor('the end of the tries', () => lab.snmp.counters.informsUnacknowledged > informsUnacknowledged, {
      timeoutMs: 5000,
    });
  };
  const tell = () => lab.notify('/signet-lab:lab/something', { reason: 'why', urgency: -3 });
  /** A receiver of ours, which keeps what comes and says what it is told to. */
  const receiver = async (context: TestContext, answer: (message: Buffer, from: RemoteInfo) => Buffer | undefined) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    context.after(() => void socket.close());
    await once(socket, 'listening');
    const heard: Buffer[] = [];
    socket.on('message', (message, from) => {
      heard.push(Buffer.from(message));
      const said = answer(message, from);
      if (said !== undefined) socket.send(said, from.port, from.address);
    });
    return { port: socket.address().port, heard };
  };

  test('snmptrapd takes one by v2c and acknowledges it', requireTool('snmptrapd'), async (context) => {
    const daemon = await trapd(context, ['authCommunity log public']);
    await configure(daemon.port, { v2c: { 'security-name': 'reader' } });
    await acknowledged(tell);
    await waitFor('the line', () => why.test(daemon.output()));
    assert.deepEqual(logged, []);
  });

  for (const [level, word, protocols, line] of [
    ['auth-priv', 'priv', {}, `SHA-256 ${passPhrase} AES ${passPhrase}`],
    ['auth-no-priv', 'auth', { 'signet-snmp:authentication-protocol': 'sha512' }, `SHA-512 ${passPhrase}`],
    ['no-auth-no-priv', 'noauth', {}, ''],
    [
      'auth-priv',
      'priv',
      { 'signet-snmp:authentication-protocol': 'sha1', 'signet-snmp:privacy-protocol': 'aes256' },
      `SHA ${passPhrase} AES-256 ${passPhrase}`,
    ],
  ] as const) {
    test(
      `snmptrapd takes one by v3 ${level} ${line.replaceAll(passPhrase, '')}and acknowledges it`,
      requireTool('snmptrapd'),
      async (context) => {
        const daemon = await trapd(context, [`createUser boss ${line}`, `authUser log boss ${word}`]);
        await configure(daemon.port, usm(level), remote(protocols));
        await setPassPhrase();
        await acknowledged(tell);
        await waitFor('the line', () => why.test(daemon.output()));
        // the second one knows the engine already
        await acknowledged(tell);
        assert.deepEqual(logged, []);
      },
    );
  }

  test(
    'a receiver that has started anew is found out about again (RFC 3414 section 3.2 step 7)',
    requireTool('snmptrapd'),
    async (context) => {
      const lines = [`createUser boss SHA-256 ${passPhrase} AES ${passPhrase}`, 'authUser log boss priv'];
      const daemon = await trapd(context, lines);
      await configure(daemon.port, usm('auth-priv'), remote());
      await setPassPhrase();
      await acknowledged(tell);
      await daemon.restart();
      await acknowledged(tell);
    },
  );

  test(
    'a user without keys at the receiver, and a wrong pass phrase, are told with the engine ID',
    requireTool('snmptrapd'),
    async (context) => {
      const daemon = await trapd(context, [
        `createUser boss SHA-256 ${passPhrase} AES ${passPhrase}`,
        'authUser log boss priv',
      ]);
      await configure(daemon.port, usm('auth-priv'));
      await unacknowledged(tell);
      assert.match(
        logged.join(),
        new RegExp(`user boss has no authentication key at engine ${receiverId} \\(usm/remote\\)`, 'u'),
      );
      await configure(daemon.port, usm('auth-priv'), remote());
      await setPassPhrase('another pass phrase');
      await unacknowledged(tell);
      assert.match(logged.join(), /the receiver reports usmStatsWrongDigests/u);
      assert.doesNotMatch(daemon.output(), why);
    },
  );

  test('a dead receiver gets the first and the retries, all alike, and the failure is logged', async (context) => {
    const { port, heard } = await receiver(context, () => undefined);
    await configure(port, { v2c: { 'security-name': 'reader' } });
    const begun = performance.now();
    await unacknowledged(tell);
    assert.ok(performance.now() - begun >= 3 * 200 - 5, 'three times the timeout');
    assert.equal(heard.length, 3);
    assert.deepEqual(new Set(heard.map((each) => each.toString('hex'))).size, 1);
    assert.equal(parse(heard[0]!).type, pduType.inform);
    assert.deepEqual(logged, [
      `an inform was not acknowledged ${JSON.stringify({ target: '127.0.0.1', port: String(port), reason: 'no answer' })}`,
    ]);
  });

  test('an answer ends the tries: with that request-id, from the receiver, and without an error', async (context) => {
    let answer = (requestId: number) => pdu(pduType.response, requestId + 1, []);
    const { port, heard } = await receiver(context, (message) => v2c(answer(parse(message).requestId), 'public'));
    await configure(port, { v2c: { 'security-name': 'reader' } });
    await unacknowledged(tell);
    assert.equal(heard.length, 3, 'an answer to something else');
    answer = (requestId) => pdu(pduType.response, requestId, [], 1);
    await unacknowledged(tell);
    assert.equal(heard.length, 4, 'tooBig');
    assert.match(logged.join(), /error-status 1/u);
    answer = (requestId) => pdu(pduType.response, requestId, []);
    await acknowledged(tell);
    assert.equal(heard.length, 5);
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    context.after(() => void stranger.close());
    await once(stranger, 'listening');
    const other = await receiver(context, (message, from) => {
      stranger.send(v2c(pdu(pduType.response, parse(message).requestId, []), 'public'), from.port, from.address);
      return undefined;
    });
    await configure(other.port, { v2c: { 'security-name': 'reader' } });
    await unacknowledged(tell);
    assert.equal(other.heard.length, 3, 'an answer of somebody else');
  });

  test('what waits for one receiver is bounded, and the others get theirs', async (context) => {
    const dead = await receiver(context, () => undefined);
    const alive = await receiver(context, (message) =>
      v2c(pdu(pduType.response, parse(message).requestId, []), 'public'),
    );
    await configure(dead.port, { v2c: { 'security-name': 'reader' } });
    await lab.write('/ietf-snmp:snmp/target', [
      { name: 'u', udp: { ip: '127.0.0.1', port: alive.port }, tag: ['all'], 'target-params': 'p' },
    ]);
    await lab.write("/ietf-snmp:snmp/target[name='t']/timeout", 1500);
    const { informsAcknowledged } = lab.snmp.counters;
    for (let count = 1; count <= 300; count += 1) {
      tell();
      if (count % 50 !== 0) continue;
      await waitFor(
        'those that are answered',
        () => lab.snmp.counters.informsAcknowledged === informsAcknowledged + count,
      );
    }
    const first = new Set(dead.heard.map((each) => parse(each).requestId));
    assert.equal(first.size, 256);
    assert.equal(logged.filter((each) => each.startsWith('too many informs')).length, 1);
  });

  test('P2: a message that passes the msgMaxSize of the receiver is not sent, one that does not is (RFC 3412 section 6)', async (context) => {
    const engineId = Buffer.from(receiverId.replaceAll(':', ''), 'hex');
    const unknownEngineId = varbind('1.3.6.1.6.3.15.1.1.4.0', int(1, 0x41));
    const { port, heard } = await receiver(context, (message) => {
      const { type, msgId, requestId } = parse(message);
      const head = { msgId, engineId, maxSize: 484, flags: 0 };
      if (type === pduType.get) return v3Message(head, pdu(pduType.report, requestId, [unknownEngineId]));
      return v3Message({ ...head, user: 'boss' }, pdu(pduType.response, requestId, []));
    });
    await configure(port, usm('no-auth-no-priv'));
    await acknowledged(tell);
    assert.deepEqual(
      heard.map((message) => parse(message).type),
      [pduType.get, pduType.inform],
    );
    await unacknowledged(() =>
      lab.notify('/signet-lab:lab/large', { details: 'x'.repeat(250), more: 'y'.repeat(250) }),
    );
    assert.equal(heard.length, 2);
    assert.match(logged.join(), /the receiver takes messages of 484 octets at most/u);
  });

  test('an IPv6 receiver is asked and heard', async (context) => {
    const socket = createSocket('udp6').bind(0, '::1');
    context.after(() => void socket.close());
    await once(socket, 'listening');
    socket.on('message', (message, from) =>
      socket.send(v2c(pdu(pduType.response, parse(message).requestId, []), 'public'), from.port, from.address),
    );
    const { port } = socket.address();
    await configure(port, { v2c: { 'security-name': 'reader' } });
    await lab.write("/ietf-snmp:snmp/target[name='t']/udp/ip", '0:0:0:0:0:0:0:1');
    await acknowledged(tell);
  });

  test('SNMPv1 has no informs: the target gets a trap', async (context) => {
    const { port, heard } = await receiver(context, () => undefined);
    await configure(port, { v1: { 'security-name': 'reader' } });
    tell();
    await waitFor('the trap', () => heard.length === 1);
    assert.equal(heard[0]![heard[0]!.indexOf(Buffer.from('public')) + 6], 0xa4);
  });

  test('the keys are in no reading of the tree', async (context) => {
    const { port } = await receiver(context, () => undefined);
    await configure(port, usm('auth-priv'), remote());
    await setPassPhrase();
    const session = lab.datastore.session({ user: 'admin', protocol: 'local', address: '' });
    context.after(() => session.close());
    const root = session.tree('running').root;
    const text = JSON.stringify(encodeJson(lab.schema, root.schema, root));
    assert.match(text, /80:00:1f:88/u);
    assert.doesNotMatch(text, /"[^"]*-key"/u);
  });
});

test('RFC 3414 section 3.2 step 7b: the time of a receiver goes forward only, and what is 150 seconds old is refused', () => {
  const engines = new ReceiverEngines();
  const engineId = Buffer.from('8000000001', 'hex');
  engines.learn('a', { engineId, boots: 9, time: 5000, maxSize: 1500 }, 0);
  assert.equal(engines.get('a', 10_000)?.time, 5010);
  assert.equal(engines.hear('a', { boots: 4, time: 1000 }, 10_000), true, 'the first authentic message decides');
  assert.deepEqual([engines.get('a', 12_000)?.boots, engines.get('a', 12_000)?.time], [4, 1002]);
  assert.equal(engines.hear('a', { boots: 3, time: 9000 }, 12_000), false, 'former boots');
  assert.equal(engines.hear('a', { boots: 4, time: 900 }, 12_000), true, 'a little late');
  assert.equal(engines.hear('a', { boots: 4, time: 800 }, 12_000), false, 'too old');
  assert.equal(engines.get('a', 12_000)?.time, 1002);
  engines.learn('a', { engineId, boots: 1, time: 1, maxSize: 1500 }, 12_000);
  assert.equal(engines.get('a', 12_000)?.boots, 4, 'a Report that nobody authenticated does not set it back');
  assert.equal(engines.hear('a', { boots: 5, time: 3 }, 12_000), true);
  assert.equal(engines.get('a', 12_000)?.time, 3);
  assert.equal(engines.hear('a', { boots: 2 ** 31 - 1, time: 3 }, 12_000), false);
});
