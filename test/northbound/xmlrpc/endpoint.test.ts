import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { afterEach, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Edit } from '../../../src/datastore/index.js';
import { ConfigError, errorTags } from '../../../src/error.js';
import { decodeResponse, encodeCall } from '../../../src/northbound/xmlrpc/envelope.js';
import { faultCodes } from '../../../src/northbound/xmlrpc/errors.js';
import type { RpcValue } from '../../../src/northbound/xmlrpc/index.js';
import { rpcLimits } from '../../../src/northbound/xmlrpc/limits.js';
import { type Branch, parsePath, type Schema } from '../../../src/yang/index.js';
import { requireTool } from '../../support/tools.js';
import { ask, authorization, password } from '../http/support.js';
import { type Endpoint, startEndpoint, testSchema } from './support.js';

const run = promisify(execFile);

describe('XML-RPC endpoint', () => {
  let schema: Schema;
  let endpoint: Endpoint;
  before(() => {
    schema = testSchema();
  });
  beforeEach(async () => {
    endpoint = await startEndpoint(schema);
  });
  afterEach(() => endpoint.close());

  async function post(body: string | Buffer, headers: Record<string, string> = {}) {
    const all = { authorization, 'content-type': 'text/xml', ...headers };
    return ask(endpoint.port, { path: '/RPC2', method: 'POST', headers: all, body });
  }

  async function callAs(headers: Record<string, string>, method: string, ...params: readonly RpcValue[]) {
    const answer = await post(encodeCall({ method, params }), headers);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'text/xml; charset=utf-8');
    const response = await decodeResponse(Buffer.from(answer.body));
    return response.kind === 'value' ? response.value : { code: response.code, text: response.text };
  }
  const call = (method: string, ...params: readonly RpcValue[]) => callAs({}, method, ...params);

  const edit = (fields: Record<string, RpcValue>): RpcValue => new Map(Object.entries(fields));

  test('config.apply edits in one transaction, config.get reads the bare value', async () => {
    const result = await call('config.apply', [
      edit({
        path: 'types',
        value: new Map<string, RpcValue>([
          ['u16', 7],
          ['text', 'ü'],
        ]),
      }),
      edit({ path: '/signet-test-types:types/flag', operation: 'create', value: true }),
    ]);
    assert.deepEqual(
      result,
      new Map<string, RpcValue>([
        ['transaction', '2'],
        [
          'findings',
          [
            new Map([
              ['severity', 'warning'],
              ['path', '/x'],
              ['text', 'look'],
            ]),
          ],
        ],
      ]),
    );
    assert.equal(await call('config.get', 'types.u16'), 7);
    assert.equal(await call('config.get', 'types.text', 'running'), 'ü');
    assert.equal(endpoint.store.calls.length, 1);
    const whole = (await call('config.get', '/')) as ReadonlyMap<string, RpcValue>;
    assert.deepEqual([...whole.keys()], ['signet-test-types:types']);
  });

  test('options become those of the transaction; a confirmed one has its persist_id', async () => {
    const options = edit({ comment: 'why', confirm_timeout: 60, expect_transaction: '1' });
    const result = (await call('config.apply', [edit({ path: 'types.u16', value: 7 })], options)) as ReadonlyMap<
      string,
      RpcValue
    >;
    const [{ arguments: [, given] = [] } = {}] = endpoint.store.calls;
    assert.deepEqual(given, { comment: 'why', confirmTimeout: 60, expectTransaction: '1' });
    assert.equal(result.get('persist_id'), 'persist-me');
    assert.equal(await call('config.confirm'), true);
    assert.equal(await call('config.confirm', 'some-id'), true);
    assert.equal(await call('config.cancel'), true);
    assert.deepEqual(
      endpoint.store.calls.slice(1).map(({ name, arguments: [id] }) => [name, id]),
      [
        ['confirm', undefined],
        ['confirm', 'some-id'],
        ['cancel', undefined],
      ],
    );
    const before = await call('config.get', 'types.u16');
    await call('config.apply', [edit({ path: 'types.u16', value: 8 })], edit({ test_only: true }));
    assert.equal(await call('config.get', 'types.u16'), before);
  });

  test('an edit says where an entry goes (RFC 8072 2.5)', async () => {
    await call('config.apply', [
      edit({ path: 'types.blobs[AA==]', operation: 'move', where: 'after', point: 'types.blobs[AQ==]' }),
      edit({ path: 'types.blobs[Ag==]', value: Buffer.from([2]), where: 'first' }),
    ]);
    const [edits] = endpoint.store.calls.find(({ name }) => name === 'apply')?.arguments ?? [];
    assert.deepEqual(
      (edits as readonly Edit[]).map(({ operation, insert }) => [operation, insert]),
      [
        ['move', { where: 'after', anchor: ['AQ=='] }],
        ['merge', { where: 'first' }],
      ],
    );
  });

  test('the candidate is private to the user, and to the session that he names', async () => {
    assert.equal(await call('config.set', 'types.u16', 1), true);
    assert.equal(await callAs({ 'signet-session': 'other' }, 'config.set', 'types.u16', 2), true);
    assert.deepEqual([...endpoint.store.candidates.keys()], ['xmlrpc:admin', 'xmlrpc:admin:other']);
    assert.equal(await call('config.get', 'types.u16', 'candidate'), 1);
    assert.equal(await callAs({ 'signet-session': 'other' }, 'config.get', 'types.u16', 'candidate'), 2);
    assert.deepEqual(await call('config.get', 'types.u16'), {
      code: 16,
      text: 'data-missing /signet-test-types:types/u16: there is no such data',
    });
    assert.equal(await call('config.validate'), true);
    assert.deepEqual(await call('config.diff'), []);
    await callAs({ 'signet-session': 'other' }, 'config.commit', edit({ comment: 'c' }));
    assert.equal(await call('config.get', 'types.u16'), 2);
    assert.equal(await call('config.delete', 'types.u16'), true);
    assert.equal(await call('config.discard'), true);
    assert.equal(
      (await post(encodeCall({ method: 'config.diff', params: [] }), { 'signet-session': 'a b' })).status,
      400,
    );
  });

  test('history and rollback', async () => {
    const [entry] = (await call('config.history')) as readonly ReadonlyMap<string, RpcValue>[];
    assert.deepEqual(
      [...(entry ?? new Map()).keys()],
      ['transaction', 'time', 'user', 'protocol', 'address', 'comment', 'kind'],
    );
    assert.equal(entry?.get('time'), '1970-01-01T00:00:00.000Z');
    assert.equal(entry?.get('comment'), 'ü');
    const result = (await call('config.rollback', '1', edit({ comment: 'back' }))) as ReadonlyMap<string, RpcValue>;
    assert.equal(result.get('transaction'), '2');
    assert.deepEqual(endpoint.store.calls.at(-1), { name: 'rollback', arguments: ['1', { comment: 'back' }] });
  });

  test('an action is invoked by its path; base64 for a text parameter is given as base64 text', async () => {
    const path = 'https.certificate[a].generate-request';
    assert.deepEqual(await call('action.invoke', path, edit({ 'reuse-key': false })), new Map([['pem', 'PEM']]));
    const [invoked] = endpoint.store.calls;
    assert.equal(invoked?.arguments[0], "/signet-https:https/certificate[name='a']/generate-request");
    const input = invoked?.arguments[1] as Branch;
    assert.deepEqual(
      [...input.present()].map(([node, content]) => [node.name, content]),
      [['reuse-key', false]],
    );
    await call('action.invoke', 'https.certificate[a].install', edit({ data: Buffer.from('DER') }));
    const data = [...((endpoint.store.calls.at(-1)?.arguments[1] as Branch) ?? []).present()].find(
      ([node]) => node.name === 'data',
    );
    assert.equal(data?.[1], Buffer.from('DER').toString('base64'));
  });

  test('schema.get returns the YANG of a module', async () => {
    assert.match(String(await call('schema.get', 'signet-https')), /^module signet-https \{/);
    assert.deepEqual(await call('schema.get', 'nothing'), {
      code: 16,
      text: 'data-missing: there is no module nothing',
    });
  });

  test('the methods tell of themselves', async () => {
    const names = (await call('system.listMethods')) as readonly string[];
    const promised =
      'config.get config.getDocument config.apply config.set config.delete config.validate config.diff config.discard config.commit config.copy config.deleteConfig config.confirm config.cancel config.history config.rollback action.invoke schema.get schema.list system.listMethods system.methodSignature system.methodHelp system.multicall system.getCapabilities';
    assert.deepEqual(names, promised.split(' ').sort());
    for (const name of names) {
      const signatures = (await call('system.methodSignature', name)) as readonly (readonly string[])[];
      assert.ok(signatures.length > 0 && signatures.every((one) => one.length > 0), name);
      assert.match(String(await call('system.methodHelp', name)), new RegExp(`^${name}\\(`));
    }
    assert.ok(((await call('system.getCapabilities')) as ReadonlyMap<string, RpcValue>).has('xmlrpc'));
    assert.deepEqual(await call('system.methodHelp', 'nothing'), {
      code: 17,
      text: 'operation-not-supported: there is no method nothing',
    });
  });

  test('system.multicall gives each call its own result or fault, within limits', async () => {
    const one = (methodName: string, ...params: RpcValue[]): RpcValue => edit({ methodName, params });
    const results = await call('system.multicall', [
      one('config.set', 'types.u16', 5),
      one('config.get', 'types.u16', 'candidate'),
      one('config.get', 'nowhere'),
      one('system.multicall', []),
      'no struct',
      edit({ params: [] }),
      edit({ methodName: 'config.history', more: 1 }),
    ]);
    assert.ok(Array.isArray(results));
    assert.deepEqual(results.slice(0, 2), [[true], [5]]);
    const faults = results.slice(2).map((fault) => (fault as ReadonlyMap<string, RpcValue>).get('faultCode'));
    assert.deepEqual(faults, [9, 17, 2, 7, 9]);
    const many = Array.from({ length: rpcLimits.multicall + 1 }, () => one('config.history'));
    assert.equal(((await call('system.multicall', many)) as unknown as { code: number }).code, 3);
  });

  test('what is wrong is a fault with the code of its tag and a line for each error', async () => {
    const faults: readonly (readonly [readonly [string, ...RpcValue[]], number, RegExp])[] = [
      [['no.method'], 17, /^operation-not-supported: there is no method no\.method$/],
      [['config.get'], 2, /config\.get takes \(path, datastore\?, with_defaults\?\), not 0 parameters/],
      [['config.get', 1], 2, /path is a string, not int/],
      [['config.get', 'types', 'nothing'], 2, /is no datastore/],
      [['config.get', 'nowhere.at.all'], 9, /^unknown-element/],
      [['config.get', 'https.certificate[a].install'], 2, /is no data/],
      [['config.apply', 'x'], 2, /edits is an array, not string/],
      [['config.apply', [1]], 2, /edit 1 is a struct/],
      [['config.apply', [new Map()]], 7, /edit 1 has no path/],
      [['config.apply', [edit({ path: 'types.u16' })]], 7, /types\/u16: a value is needed/],
      [
        ['config.apply', [edit({ path: 'types.u16', operation: 'burn', value: 1 })]],
        2,
        /types\/u16: burn is no operation/,
      ],
      [['config.apply', [edit({ path: 'types.u16', operation: 'delete', value: 1 })]], 2, /delete takes no value/],
      [['config.apply', [edit({ path: 'types.u16', value: 1, colour: 'red' })]], 9, /edit 1 has no colour/],
      [
        ['config.apply', [edit({ path: 'types.blobs', operation: 'move', where: 'beside' })]],
        2,
        /where is first, last/,
      ],
      [['config.apply', [edit({ path: 'types.blobs', operation: 'move', where: 'after' })]], 7, /after needs a point/],
      [
        ['config.apply', [edit({ path: 'types.blobs[AA==]', operation: 'move', where: 'after', point: 'types.u16' })]],
        2,
        /the point is the path of another entry of the same list/,
      ],
      [['config.apply', [], edit({ confirm_timeout: 'soon' })], 2, /confirm_timeout is an int, not string/],
      [['config.apply', [], edit({ confirm_timeout: 0 })], 2, /1 to 86400/],
      [['config.apply', [], edit({ foo: 1 })], 9, /options has no foo/],
      [
        ['config.apply', [edit({ path: 'types.u16', value: 'many' })]],
        2,
        /^invalid-value \/signet-test-types:types\/u16: /,
      ],
      ...[
        ['config.set', 'https.certificate[a].install.password', 'x'],
        ['config.apply', [edit({ path: 'https.certificate[a].install.password', value: 'x' })]],
      ].map((row) => [row, 2, /^invalid-value \S+\/install\/password: the node is not configuration/] as never),
      [['config.delete', 'types.u16'], 16, /^data-missing \/signet-test-types:types\/u16/],
      [['action.invoke', 'types.u16'], 17, /does not end in an action/],
      [
        ['action.invoke', 'https.certificate[a].install', edit({ nothing: 1 })],
        9,
        /install: there is no node 'nothing'/,
      ],
    ];
    for (const [[method, ...params], code, text] of faults) {
      const fault = (await call(method, ...params)) as unknown as { readonly code: number; readonly text: string };
      assert.equal(fault.code, code, `${method}: ${JSON.stringify(fault)}`);
      assert.match(fault.text, text);
    }
    const both = await call('config.apply', [
      edit({ path: 'types.u16', value: 'many' }),
      edit({ path: 'nowhere', value: 1 }),
    ]);
    const lines = (both as unknown as { text: string }).text.split('\n');
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /^invalid-value /);
    assert.match(lines[1] ?? '', /^unknown-element /);
  });

  test('faultCode is the position of the tag in RFC 6241 Appendix A', () => {
    assert.deepEqual(
      Object.entries(faultCodes),
      errorTags.map((tag, index) => [tag, index + 1]),
    );
  });

  test('a refusal of the session is told with all its errors, an exception without its text', async () => {
    endpoint.store.refusal = ConfigError.join([
      new ConfigError({ tag: 'in-use', message: 'busy' }),
      new ConfigError({ tag: 'access-denied', path: '/a', message: 'no' }),
    ]);
    assert.deepEqual(await call('config.apply', []), { code: 1, text: 'in-use: busy\naccess-denied /a: no' });
    endpoint.store.refusal = new Error('secret');
    assert.deepEqual(await call('config.commit'), { code: 18, text: 'operation-failed: internal error; see the log' });
    assert.equal(endpoint.logged.length, 1);
  });

  test('a value that XML cannot carry is a fault', async () => {
    const editor = endpoint.store.running.edit();
    editor.set(parsePath(schema, 'types.text'), 'a\u0001b');
    endpoint.store.running = editor.finish();
    const fault = (await call('config.get', 'types.text')) as unknown as { code: number; text: string };
    assert.equal(fault.code, 18);
    assert.match(fault.text, /cannot be told in XML-RPC/);
  });

  test('malformed calls are faults, too big ones 413 with a fault in it, other content 415', async () => {
    for (const body of ['', 'junk', '<methodCall/>', '<!DOCTYPE a>', '\0\0\0']) {
      const answer = await post(body);
      assert.equal(answer.status, 200);
      const response = await decodeResponse(Buffer.from(answer.body));
      assert.equal(response.kind === 'fault' && response.code, 20, body);
    }
    const big = await post(Buffer.alloc(2_000_000, 0x20));
    assert.equal(big.status, 413);
    const fault = await decodeResponse(Buffer.from(big.body));
    assert.equal(fault.kind === 'fault' && fault.code, 3);
    const json = await post('{}', { 'content-type': 'application/json' });
    assert.equal(json.status, 415);
    const form = await post('x', { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(form.status, 415);
    assert.equal((await ask(endpoint.port, { path: '/RPC2', headers: { authorization } })).status, 405);
    assert.equal((await ask(endpoint.port, { path: '/RPC2', method: 'POST', body: 'x' })).status, 401);
  });

  test('a confirmation is refused where the guard refuses the connection', async () => {
    await endpoint.close();
    const asked: number[] = [];
    endpoint = await startEndpoint(schema, {
      guard: {
        check: (connection, session) => {
          asked.push(connection.epoch);
          throw new ConfigError({ tag: 'operation-failed', message: `reconnect ${session.transaction()}` });
        },
      },
    });
    assert.deepEqual(await call('config.confirm'), { code: 18, text: 'operation-failed: reconnect 1' });
    assert.deepEqual(asked, [1]);
    assert.equal(await call('config.cancel'), true);
  });

  test('the local socket serves the same', async () => {
    const body = await new Promise<string>((resolve, reject) => {
      const outgoing = request(
        { socketPath: endpoint.socketPath, path: '/RPC2', method: 'POST', agent: false },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('end', () => resolve(text));
        },
      );
      outgoing.on('error', reject).end(encodeCall({ method: 'config.validate', params: [] }));
    });
    assert.deepEqual(await decodeResponse(Buffer.from(body)), { kind: 'value', value: true });
    assert.equal(endpoint.store.calls[0]?.arguments[0], 'xmlrpc:local');
  });

  test("Python's xmlrpc.client works: unicode, base64, faults, multicall", requireTool('python3'), async () => {
    const { stdout } = await run('python3', ['-c', pythonClient, String(endpoint.port), password]);
    assert.equal(stdout.trim(), 'ok');
  });

  test('curl works with a document as the specification shows it', requireTool('curl'), async () => {
    const document =
      '<?xml version="1.0"?>\n<methodCall>\n  <methodName>config.history</methodName>\n  <params>\n  </params>\n</methodCall>\n';
    const url = `https://127.0.0.1:${endpoint.port}/RPC2`;
    const options = ['-sk', '-u', `admin:${password}`, '-H', 'Content-Type: text/xml', '--data-binary', document, url];
    const { stdout } = await run('curl', options);
    assert.equal((await decodeResponse(Buffer.from(stdout))).kind, 'value');
  });
});

const pythonClient = `
import ssl, sys, xmlrpc.client
port, password = sys.argv[1], sys.argv[2].replace(' ', '%20')
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
agent = xmlrpc.client.ServerProxy(f'https://admin:{password}@127.0.0.1:{port}/RPC2', context=context)
result = agent.config.apply([
    {'path': 'types', 'value': {'text': 'gr\\u00fc\\u00df <&> \\U0001f512', 'octets': xmlrpc.client.Binary(b'\\x00\\xff'), 'i64': str(-2**63), 'flag': True, 'numbers': [1, 2]}},
], {'comment': '\\u00e4'})
assert result['transaction'] == '2', result
types = agent.config.get('types')
assert types['text'] == 'gr\\u00fc\\u00df <&> \\U0001f512', types
assert types['octets'].data == b'\\x00\\xff'
assert types['i64'] == str(-2**63)
assert types['flag'] is True
assert types['numbers'] == [1, 2]
try:
    agent.config.get('types.u16')
    raise SystemExit('no fault')
except xmlrpc.client.Fault as fault:
    assert fault.faultCode == 16, fault
    assert fault.faultString == 'data-missing /signet-test-types:types/u16: there is no such data', fault
multi = xmlrpc.client.MultiCall(agent)
multi.config.get('types.flag')
multi.config.set('types.u16', 3)
multi.config.get('types.u16', 'candidate')
assert list(multi()) == [True, True, 3]
assert 'config.get' in agent.system.listMethods()
assert agent.config.delete('types.u16') is True
assert agent.config.validate() is True
assert agent.config.diff() == []
assert agent.config.discard() is True
assert agent.config.commit()['findings'][0]['severity'] == 'warning'
assert agent.config.history()[0]['comment'] == '\\u00fc'
assert agent.config.rollback('1')['transaction']
assert agent.config.confirm() is True and agent.config.cancel() is True
assert agent.action.invoke('https.certificate[a].generate-request', {}) == {'pem': 'PEM'}
assert agent.schema.get('signet-https').startswith('module signet-https')
print('ok')
`;
