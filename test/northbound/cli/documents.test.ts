/** Documents on the command line: judged without an agent, loaded, saved, shown; modules that do not compile are told. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, startAgent } from '../../support/agent.js';
import { repositoryRoot } from '../../support/published-modules.js';
import { run } from '../../support/run.js';
import { signet } from '../../support/signet.js';
import { requireTool } from '../../support/tools.js';

const shop = `module shop {
  yang-version 1.1; namespace "urn:shop"; prefix s;
  include shop-parts;
  container shop {
    leaf name { type string { length "1..8"; } }
    leaf open { type empty; }
    leaf turnover { type uint64; }
    leaf rate { type decimal64 { fraction-digits 2; } }
    leaf logo { type binary; }
    leaf kind { type identityref { base kind; } }
    must "not(open) or name" { error-message "an open shop has a name"; error-app-tag "nameless"; }
    uses stock;
    leaf visitors { config false; mandatory true; type uint32; }
  }
  identity kind;
  identity corner { base kind; }
}`;
const parts = `submodule shop-parts {
  yang-version 1.1; belongs-to shop { prefix s; }
  grouping stock { list item { key sku; leaf sku { type string; } leaf-list tag { type string; } } }
}`;
const json = {
  'shop:shop': {
    name: 'a <b>',
    open: [null],
    turnover: '18446744073709551615',
    rate: '1.5',
    logo: 'AP8=',
    kind: 'shop:corner',
    item: [{ sku: 'x', tag: ['1', '2'] }],
  },
};

let folder: string;
let modules: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-documents-'));
  modules = await mkdtemp(join(folder, 'modules-'));
  await writeFile(join(modules, 'shop.yang'), shop);
  await writeFile(join(modules, 'shop-parts.yang'), parts);
});
after(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('signet validate', () => {
  const judge = async (name: string, text: string, ...more: string[]) =>
    signet(['validate', await file(name, text), '--schema', modules, ...more]);

  test('takes JSON and XML alike, with a byte order mark and white space in front', async () => {
    const text = JSON.stringify(json);
    const xml = '<shop xmlns="urn:shop"><name>a</name></shop>';
    const documents = [
      text,
      `\ufeff\n ${text}`,
      xml,
      `\ufeff${xml}`,
      `<?xml version="1.0" encoding="UTF-8"?>\n<data xmlns="urn:ietf:params:xml:ns:yang:ietf-restconf">${xml}</data>`,
      `${xml}<system xmlns="urn:signet:yang:signet-system"/>`,
    ];
    for (const document of documents) {
      const { status, stdout, stderr } = await judge('document', document);
      assert.match(stdout, /^\S+ is valid\n$/, `${document}\n${stderr}`);
      assert.equal(status, 0);
    }
  });

  test('tells all faults at once, with path and the module’s own words', async () => {
    const bad = { 'shop:shop': { name: 'much too long', open: [null], rate: 1, item: [{ sku: 'x' }, { sku: 'x' }] } };
    const seen = await judge('bad.json', JSON.stringify(bad));
    assert.equal(seen.status, 1);
    assert.match(seen.stderr, /^invalid-value \/shop:shop\/name: /m);
    assert.match(seen.stderr, /^invalid-value \/shop:shop\/rate: /m);
    assert.match(seen.stderr, /^bad-element \/shop:shop\/item\[sku='x'\]: /m);
    const must = await judge('must.json', '{"shop:shop": {"open": [null]}}', '--json');
    assert.deepEqual(JSON.parse(must.stderr), {
      errors: [{ tag: 'operation-failed', appTag: 'nameless', path: '/shop:shop', message: 'an open shop has a name' }],
    });
    assert.deepEqual(JSON.parse((await judge('good.json', JSON.stringify(json), '--json')).stdout), { valid: true });
  });

  test('tells where a document is no JSON or XML', async () => {
    assert.match((await judge('x.json', '{"shop:shop":\n  {"name" }}')).stderr, /JSON: .* at line 2, column 11$/m);
    assert.match((await judge('x.xml', '<shop\n  xmlns="urn:shop"><name></shop>')).stderr, /XML: .* at line 2, column/);
    assert.match((await judge('empty', '')).stderr, /^malformed-message: JSON: expected a value at line 1, column 1$/m);
    const missing = await signet(['validate', join(folder, 'nowhere')]);
    assert.equal(missing.stderr, `invalid-value: ${join(folder, 'nowhere')}: ENOENT\n`);
    const noFolder = await signet(['validate', await file('y.json', '{}'), '--schema', join(folder, 'nowhere')]);
    assert.equal(noFolder.status, 1);
    assert.match(noFolder.stderr, /^signet: ENOENT: .*nowhere'\n$/);
  });

  test('refuses state as the agent does; --data wants it whole', async () => {
    const state = '{"shop:shop": {"visitors": 3}}';
    assert.match((await judge('state.json', state)).stderr, /\/shop:shop\/visitors/);
    assert.equal((await judge('state.json', state, '--data')).status, 0);
    assert.match((await judge('none.json', '{"shop:shop": {}}', '--data')).stderr, /\/shop:shop\/visitors/);
  });

  test('modules that do not compile are told with their place, and do not stand in the way', async () => {
    const broken = await mkdtemp(join(folder, 'broken-'));
    await writeFile(
      join(broken, 'bad.yang'),
      'module bad { namespace "urn:bad"; prefix b;\n  leaf a { type nothing; }\n}',
    );
    await writeFile(join(broken, 'shop.yang'), shop);
    await writeFile(join(broken, 'shop-parts.yang'), parts);
    const place = `${join(broken, 'bad.yang')}:2:12: `;
    const seen = await signet(['validate', await file('z.json', JSON.stringify(json)), '--schema', broken]);
    assert.ok(seen.stderr.startsWith(place), seen.stderr);
    assert.match(seen.stdout, /is valid/);
    const listed = await signet(['schema', '--schema', broken]);
    assert.ok(listed.stderr.startsWith(place), listed.stderr);
    assert.match(listed.stdout, /^shop@$/m);
    assert.equal(listed.status, 1);
    const asJson = await signet(['schema', '--schema', broken, '--json']);
    const { modules: told } = JSON.parse(asJson.stderr) as { modules: { line: number; module: string }[] };
    assert.deepEqual(told.map(({ line, module }) => ({ line, module })), [{ line: 2, module: 'bad' }]); // biome-ignore format: short
  });
});

test('schema prints submodules and tree diagrams; mib --map keeps to a module', async () => {
  assert.equal((await signet(['schema', 'shop-parts', '--schema', modules])).stdout, parts);
  const tree = await signet(['schema', 'shop', '--tree', '--schema', modules]);
  assert.match(tree.stdout, /^module: shop\n {2}\+--rw shop\n {5}\+--rw name\? {7}string\n/);
  const all = await signet(['schema', '--tree']);
  assert.match(all.stdout, /^module: signet-https$/m);
  const map = (await signet(['mib', 'signet-access', '--map'])).stdout.trimEnd().split('\n');
  assert.ok(map.length > 2);
  for (const line of map) assert.match((JSON.parse(line) as { path: string }).path, /^\/signet-access:/);
  assert.equal((await signet(['mib', 'ietf-yang-types', '--map'])).status, 1);
  assert.equal((await signet(['mib', 'no-such-module', '--map'])).status, 1);
  const foreign = await signet(['mib', 'signet-system']);
  assert.equal(foreign.status, 1);
  assert.match(foreign.stderr, /signet-system stands for objects of the IETF/u);
  assert.match((await signet(['mib', 'signet-system', '--map'])).stdout, /sysContact/u);
});

test('mib --assign gives OIDs to a module, the same each time; one with OIDs of its own is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signet-test-'));
  try {
    const yang = 'module lamp { namespace "urn:lamp"; prefix l; container lamp { leaf lit { type boolean; } } }';
    await writeFile(join(folder, 'lamp.yang'), yang);
    const file = join(folder, 'lamp.oid.json');
    assert.equal((await signet(['mib', 'lamp', '--schema', folder])).status, 1);
    assert.equal((await signet(['mib', 'lamp', '--assign', '--schema', folder])).stdout, `${file}\n`);
    const first = await readFile(file, 'utf8');
    assert.equal((await signet(['mib', 'lamp', '--assign', '--schema', folder])).status, 0);
    assert.equal(await readFile(file, 'utf8'), first);
    assert.match((await signet(['mib', 'lamp', '--schema', folder])).stdout, /^lampLit OBJECT-TYPE$/mu);
    assert.equal((await signet(['mib', '--assign', '--schema', folder])).status, 2);
    const refused = await signet(['mib', 'signet-https', '--assign']);
    assert.deepEqual([refused.status, refused.stdout], [1, '']);
    assert.match(refused.stderr, /signet-https has OIDs of its own/u);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('schema --json-schema', () => {
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');

  test('of a module on disk judges documents as an editor does, without an agent', async () => {
    const { status, stdout, stderr } = await signet(['schema', 'shop', '--json-schema', '--schema', modules]);
    assert.equal(status, 0, stderr);
    const validate = new Ajv2020({ strict: true }).compile(JSON.parse(stdout) as object);
    assert.ok(validate(json), JSON.stringify(validate.errors));
    const shopOf = (members: object) => ({ 'shop:shop': { ...json['shop:shop'], ...members } });
    for (const wrong of [
      { name: '123456789' },
      { turnover: '18446744073709551616' },
      { rate: '1.555' },
      { kind: 'x' },
    ]) {
      assert.ok(!validate(shopOf(wrong)), JSON.stringify(wrong));
    }
    assert.ok(!validate({ shop: {} }));
  });

  test('without a module is of all; with --json it is one line; --tree excludes it', async () => {
    const all = JSON.parse((await signet(['schema', '--json-schema', '--schema', modules])).stdout) as {
      properties: Record<string, unknown>;
    };
    assert.ok('shop:shop' in all.properties && 'signet-https:https' in all.properties);
    const line = (await signet(['schema', 'shop', '--json-schema', '--json', '--schema', modules])).stdout;
    assert.match(line, /^\{"\$schema":"https:\/\/json-schema.org\/draft\/2020-12\/schema".*\}\n$/u);
    assert.equal((await signet(['schema', 'shop', '--json-schema', '--tree'])).status, 2);
  });

  test('of a module that nobody has is refused', async () => {
    const { status, stderr } = await signet(['schema', 'shop', '--json-schema', '--state', join(folder, 'nowhere')]);
    assert.equal(status, 1);
    assert.match(stderr, /there is no module shop/);
  });
});

describe('documents and a running agent', () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  before(async () => {
    place = await makeState();
    agent = await startAgent(place, { args: ['--schema', modules] });
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });
  const local = (...args: string[]) => signet([...args, '--state', place.state]);

  test('what is saved as JSON or XML is what was loaded, judged by the same modules', async () => {
    const loaded = await local('load', await file('load.json', JSON.stringify(json)));
    assert.equal(loaded.status, 0, loaded.stderr);
    for (const form of ['json', 'xml']) {
      const saved = join(folder, `saved.${form}`);
      assert.equal((await local('save', saved, ...(form === 'xml' ? ['--xml'] : []))).status, 0);
      const judged = await signet(['validate', saved, '--schema', modules]);
      assert.equal(judged.stdout, `${saved} is valid\n`, judged.stderr);
      if (form === 'json') {
        const document = JSON.parse(await readFile(saved, 'utf8')) as Record<string, unknown>;
        assert.deepEqual(document['shop:shop'], json['shop:shop']);
      }
      assert.equal((await local('set', 'shop.name=other', '--delete', 'shop.logo')).status, 0);
      const back = await local('load', saved, '--replace');
      assert.equal(back.status, 0, back.stderr);
      assert.match((await local('get', 'shop')).stdout, /^logo +AP8=$/m);
      assert.match((await local('get', 'shop')).stdout, /^name +a <b>$/m);
    }
  });

  test('schema asks the agent for a module that is not on disk, and with --agent for all', async () => {
    const onDisk = await signet(['schema', 'shop', '--json-schema', '--schema', modules]);
    const served = await local('schema', 'shop', '--json-schema');
    assert.equal(served.stdout, onDisk.stdout, served.stderr);
    assert.match((await local('schema', 'shop-parts')).stdout, /^submodule shop-parts/u);
    assert.match((await local('schema', '--agent')).stdout, /^shop@$/mu);
    assert.doesNotMatch((await local('schema')).stdout, /^shop@$/mu);
  });

  test('get --xml gives a node as its element', async () => {
    assert.equal(
      (await local('get', 'shop.item', '--xml')).stdout,
      '<item xmlns="urn:shop">\n  <sku>x</sku>\n  <tag>1</tag>\n  <tag>2</tag>\n</item>\n',
    );
    assert.equal((await local('get', 'shop.name', '--xml')).stdout, '<name xmlns="urn:shop">a &lt;b&gt;</name>\n');
  });

  const yanglint = requireTool('yanglint');
  test('yanglint takes what is saved', { skip: yanglint.skip }, async () => {
    const saved = join(folder, 'for-yanglint.xml');
    await local('save', saved, '--xml');
    // yanglint wants the top-level nodes by themselves.
    const inner = (await readFile(saved, 'utf8')).replace(/^<config [^>]*>/u, '').replace(/<\/config>\s*$/u, '');
    await writeFile(saved, inner);
    const own = join(repositoryRoot(), 'schema');
    // What is imported by name is implemented once it is named; who refers to it comes after it.
    const names = [
      'ietf-snmp',
      'signet-snmp',
      'signet-system',
      'signet-access',
      'signet-agent',
      'signet-https',
      'ietf-netconf-acm',
    ];
    const paths = [...names.map((name) => join(own, `${name}.yang`)), join(modules, 'shop.yang')];
    const judged = await run('yanglint', ['-f', 'xml', '-t', 'config', '-p', own, '-p', modules, ...paths, saved]);
    assert.equal(judged.stderr, '');
    assert.equal(judged.status, 0);
  });

  test('a document with a fault of its own changes nothing, and every fault is told', async () => {
    const before = (await local('history')).stdout;
    const bad = await local('load', await file('bad.xml', '<shop xmlns="urn:shop"><rate>x</rate><nix/></shop>'));
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /\/shop:shop\/rate: /);
    assert.match(bad.stderr, /'nix'/);
    assert.equal((await local('history')).stdout, before);
  });
});
