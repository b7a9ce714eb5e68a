import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { mapServed } from '../../../src/northbound/snmp/served-mib.js';
import {
  assignModule,
  assignOids,
  formatMibs,
  formatOidFile,
  mibMap,
  mibModuleName,
  mibModules,
  type OidFile,
} from '../../../src/northbound/snmp/tools.js';
import { loadSchema, type Schema } from '../../../src/yang/index.js';
import { repositoryRoot, temporaryDirectory } from '../../support/places.js';
import { publishedModules } from '../../support/published-modules.js';
import { labSchema } from './support/lab.js';
import { lint, skipOf, translate } from './support/mib-tools.js';

const zoo = (body: string) => `module zoo {
  yang-version 1.1; namespace "urn:zoo"; prefix z;
  organization "A zoo"; contact "The keeper"; description "Animals.";
  revision 2026-01-01 { description "First."; }
  ${body}
}`;
const animals = `
  container zoo {
    leaf name { type string { length "0..64"; } }
    list animal { key "species number"; leaf species { type string { length "1..20"; } } leaf number { type uint16; }
      leaf weight { type decimal64 { fraction-digits 2; } } leaf-list food { type string { length "1..20"; } } }
  }
  notification escape { leaf species { type string { length "1..20"; } } }`;
const vet = `module vet {
  yang-version 1.1; namespace "urn:vet"; prefix v; import zoo { prefix z; }
  organization "A vet"; contact "The vet"; description "Health.";
  revision 2026-01-01 { description "First."; }
  augment "/z:zoo/z:animal" { leaf fever { type boolean; }
    list visit { key day; leaf day { type uint32; } leaf what { type string { length "0..80"; } } } }
}`;

function compile(directory: string): Schema {
  const { schema, errors } = loadSchema({ directories: [directory] });
  assert.deepEqual(errors, []);
  return schema;
}

suite('OID files', () => {
  test('a module without OIDs gets them from the file beside it; without one SNMP shows nothing of it', async () => {
    const directory = await temporaryDirectory({ after });
    await writeFile(join(directory, 'zoo.yang'), zoo(animals));
    const schema = compile(directory);
    const module = schema.modules.get('zoo')!;
    assert.deepEqual(mibModules(schema), []);
    const file = assignModule(schema, module);
    assert.equal(file, join(directory, 'zoo.oid.json'));
    assert.deepEqual(mibModules(schema), [module]);
    const { oid } = JSON.parse(await readFile(file, 'utf8')) as { oid: string };
    assert.match(oid, /^1\.3\.6\.1\.4\.1\.32473\.1\.1000\.\d+$/u);
    const objects = new Map(mibMap(schema, module).map((each) => [each.object, each.oid.slice(oid.length)]));
    assert.deepEqual(Object.fromEntries(objects), {
      zooName: '.2',
      zooAnimalSpecies: '.3.1.1',
      zooAnimalNumber: '.3.1.2',
      zooAnimalWeight: '.3.1.3',
      zooAnimalRowStatus: '.3.1.200',
      zooAnimalUnset: '.3.1.201',
      zooAnimalCommitState: '.3.1.203',
      zooAnimalCommitErrorTag: '.3.1.204',
      zooAnimalCommitErrorPath: '.3.1.205',
      zooAnimalCommitErrorText: '.3.1.206',
      zooAnimalStorageType: '.3.1.224',
      zooAnimalFoodValue: '.4.1.1',
      zooAnimalFoodRowStatus: '.4.1.200',
      zooAnimalFoodStorageType: '.4.1.224',
      zooNotifySpecies: '.6',
      zooUnset: '.201',
    });
  });

  test('numbers are only ever added: what a later revision brings takes new ones, what it drops keeps its own', async () => {
    const directory = await temporaryDirectory({ after });
    const file = join(directory, 'zoo.oid.json');
    const assign = async (body: string) => {
      await writeFile(join(directory, 'zoo.yang'), zoo(body));
      const schema = compile(directory);
      assignModule(schema, schema.modules.get('zoo')!);
      return JSON.parse(await readFile(file, 'utf8')) as { groups: Record<string, Record<string, number>> };
    };
    const before = await assign(animals);
    const after1 = await assign(`leaf first { type int8; } ${animals.replace(/leaf name \{[^}]*\} \}/u, '')}`);
    assert.equal(after1.groups['']!['/zoo:first'], 7);
    assert.equal(after1.groups['']!['/zoo:zoo/name'], before.groups['']!['/zoo:zoo/name']);
    const { '/zoo:first': first, ...rest } = after1.groups['']!;
    assert.equal(first, 7);
    assert.deepEqual({ ...after1.groups, '': rest }, before.groups);
  });

  test('RFC 2578 5.1: a module without a revision has a date all the same', skipOf('smilint'), async () => {
    const directory = await temporaryDirectory({ after });
    await writeFile(join(directory, 'zoo.yang'), zoo(animals).replace(/revision[^\n]*\n/u, ''));
    const schema = compile(directory);
    const module = schema.modules.get('zoo')!;
    assignModule(schema, module);
    const text = formatMibs(schema, [module]).get(module)!;
    assert.match(text, /LAST-UPDATED "199904010000Z"/u);
    assert.equal(await lint(directory, new Map([[mibModuleName(module), text]])), '');
  });

  test('two devices come to the same numbers, whatever else they have', async () => {
    const texts: string[] = [];
    for (const more of [[], ['vet.yang']]) {
      const directory = await temporaryDirectory({ after });
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'zoo.yang'), zoo(animals));
      for (const name of more) await writeFile(join(directory, name), vet);
      const schema = compile(directory);
      const module = schema.modules.get('zoo')!;
      texts.push(formatOidFile(module, assignOids(schema, module)));
    }
    assert.equal(texts[0], texts[1]);
  });

  test('what a module adds to a list of another is a table that augments it (RFC 2578 section 7.8.1)', async () => {
    const directory = await temporaryDirectory({ after });
    await writeFile(join(directory, 'zoo.yang'), zoo(animals));
    await writeFile(join(directory, 'vet.yang'), vet);
    const schema = compile(directory);
    for (const name of ['zoo', 'vet']) assignModule(schema, schema.modules.get(name)!);
    const text = formatMibs(schema, [schema.modules.get('vet')!]).get(schema.modules.get('vet')!)!;
    assert.match(text, /AUGMENTS {4}\{ zooAnimalEntry \}/u);
    assert.match(text, /INDEX {7}\{ zooAnimalSpecies, zooAnimalNumber, vetAnimalVisitDay \}/u);
  });

  test('a file that is none is refused with its name, and a module with OIDs of its own gets no file', async () => {
    const directory = await temporaryDirectory({ after });
    await writeFile(join(directory, 'zoo.yang'), zoo(animals));
    const schema = compile(directory);
    const file = join(directory, 'zoo.oid.json');
    for (const text of [
      '{',
      '[]',
      '{"module":"vet","oid":"1.3","groups":{}}',
      '{"module":"zoo","oid":"x","groups":{}}',
      '{"module":"zoo","oid":"1.3","groups":{"":{"/zoo:zoo/name":201}}}',
    ])
      await assert.rejects(
        async () => {
          await writeFile(file, text);
          mibModules(schema);
        },
        {
          tag: 'invalid-value',
          message: `${file} is no OID file of zoo; restore the one that signet mib --assign made`,
        },
      );
    const lab = labSchema();
    assert.throws(() => assignOids(lab, lab.modules.get('signet-lab')!), {
      tag: 'invalid-value',
      message: 'signet-lab has OIDs of its own (smiv2:oid)',
    });
  });
});

suite('the agent with OID files that cannot be used', () => {
  const withZoo = async (file: string) => {
    const directory = await temporaryDirectory({ after });
    await writeFile(join(directory, 'zoo.yang'), zoo(animals));
    await writeFile(join(directory, 'vet.yang'), vet);
    const first = compile(directory);
    assignModule(first, first.modules.get('vet')!);
    await writeFile(join(directory, 'zoo.oid.json'), file);
    return loadSchema({ directories: [join(repositoryRoot, 'schema'), directory] }).schema;
  };
  const logOf = (schema: Schema) => {
    const log: string[] = [];
    const mib = mapServed(schema, (level, message) => log.push(`${level} ${message}`));
    return { modules: new Set(mib.objects.map(({ module }) => module.name)), log };
  };
  const zooFile = (oid: string) =>
    JSON.stringify({ module: 'zoo', oid, groups: { '': { '/zoo:zoo/name': 3, '/zoo:zoo/animal': 20 } } });

  test('leaves out the module of one that is none, and tells why', async () => {
    const { modules, log } = logOf(await withZoo('{'));
    assert.deepEqual([modules.has('zoo'), modules.has('signet-https'), modules.has('ietf-snmp')], [false, true, true]);
    assert.equal(log.filter((line) => line.includes('zoo')).length, 1);
    assert.match(
      log.join('\n'),
      /^error SNMP shows nothing of module zoo: .*zoo\.oid\.json is no OID file of zoo; restore/mu,
    );
  });

  test('leaves out the module of one whose OIDs others have', async () => {
    for (const oid of ['1.3.6.1.4.1.32473.1.10', '1.3.6.1.4.1.32473.1.1000.374904649']) {
      const { modules, log } = logOf(await withZoo(zooFile(oid)));
      assert.deepEqual(
        [modules.has('zoo'), modules.has('signet-https'), modules.has('ietf-snmp')],
        [false, true, true],
      );
      assert.match(log.join('\n'), /^error SNMP shows nothing of module zoo: .* have the same OID/mu);
    }
  });

  test('serves it where there is nothing wrong', async () => {
    const { modules, log } = logOf(await withZoo(zooFile('1.3.6.1.4.1.32473.1.1000.7')));
    assert.deepEqual([modules.has('zoo'), log.filter((line) => line.startsWith('error'))], [true, []]);
  });
});

suite('MIBs of published modules', () => {
  const published = publishedModules();
  const mibs = () => {
    const { schema } = loadSchema({ directories: [published.directory] });
    const all = [...schema.modules.values()].filter(({ implemented }) => implemented);
    const files: ReadonlyMap<string, OidFile> = new Map(all.map((each) => [each.name, assignOids(schema, each)]));
    return { schema, files, modules: mibModules(schema, files) };
  };
  const skipPublished = (tool: string) => ({ skip: published.skip === false ? skipOf(tool).skip : published.skip });

  test('smilint at level 6 has nothing to say', skipPublished('smilint'), async () => {
    const { schema, files, modules } = mibs();
    const texts = [...formatMibs(schema, modules, files)].map(
      ([module, text]) => [mibModuleName(module), text] as const,
    );
    assert.ok(texts.length > 20);
    // ietf-alarms-x733 adds to the notifications of ietf-alarms, which it imports: a module that imports it back is none.
    assert.doesNotMatch(new Map(texts).get('IETF-ALARMS-MIB') ?? '', /X733/u);
    assert.equal(await lint(await temporaryDirectory({ after }), new Map(texts)), '');
  });

  test('snmptranslate resolves every object of one to its OID', skipPublished('snmptranslate'), async () => {
    const { schema, files, modules } = mibs();
    const directory = await temporaryDirectory({ after });
    for (const [module, text] of formatMibs(schema, modules, files))
      await writeFile(join(directory, `${mibModuleName(module)}.mib`), text);
    const module = schema.modules.get('ietf-interfaces')!;
    const entries = mibMap(schema, module, files);
    const operands = entries.map((entry) => `${mibModuleName(module)}::${entry.object}`);
    assert.deepEqual(
      await translate(directory, operands),
      entries.map((entry) => `.${entry.oid}`),
    );
  });
});
