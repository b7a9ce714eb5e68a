import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { formatMib, mibMap, mibModuleName, mibModules } from '../../../src/northbound/snmp/tools.js';
import { repositoryRoot, temporaryDirectory } from '../../support/places.js';
import { labSchema, oddSchema } from './support/lab.js';
import { lint, skipOf, translate } from './support/mib-tools.js';

suite('MIB modules', () => {
  const schema = labSchema();
  const published = mibModules(schema).filter((module) => module.name !== 'signet-lab');

  test('a second generation gives the same octets', () => {
    for (const module of mibModules(schema)) assert.equal(formatMib(labSchema(), module), formatMib(schema, module));
  });

  test('what is published is what the schema says', () => {
    for (const module of published) {
      const file = join(repositoryRoot, 'mibs', `${mibModuleName(module)}.mib`);
      assert.equal(readFileSync(file, 'utf8'), formatMib(schema, module), `${file}: run npm run mib`);
    }
  });

  test('the object of the common name is where CONTRACT has it', () => {
    const entry = mibMap(schema).find((each) => each.path === '/signet-https:https/certificate/subject/common-name');
    assert.equal(entry?.object, 'signetHttpsCertificateCommonName');
    assert.equal(entry.access, 'read-create');
    assert.match(entry.oid, /^1\.3\.6\.1\.4\.1\.32473\.1\.10\.20\.1\.\d+$/u);
  });

  test('no two objects share a name or an OID', () => {
    const entries = mibMap(schema);
    assert.equal(new Set(entries.map((entry) => entry.object)).size, entries.length);
    assert.equal(new Set(entries.map((entry) => entry.oid)).size, entries.length);
  });

  test('a module that stands for objects of the IETF only has no MIB of its own', () => {
    assert.equal(formatMib(schema, schema.modules.get('signet-system')!), undefined);
  });

  test('smilint at level 6 has nothing to say', skipOf('smilint'), async () => {
    const directory = await temporaryDirectory({ after });
    const texts = mibModules(schema).map((module) => [mibModuleName(module), formatMib(schema, module)!] as const);
    assert.equal(await lint(directory, new Map(texts)), '');
  });

  test(
    'RFC 2578 7.1.1: labels of named numbers are unique, ascend and have 64 characters at most',
    skipOf('smilint'),
    async () => {
      const odd = oddSchema();
      const text = formatMib(odd, odd.modules.get('signet-odd')!)!;
      assert.equal(await lint(await temporaryDirectory({ after }), new Map([['SIGNET-ODD-MIB', text]])), '');
      const numbers = (object: string) => {
        const [, named = ''] =
          new RegExp(`${object} OBJECT-TYPE\\s+SYNTAX\\s+\\w+ \\{([^}]*)\\}`, 'u').exec(text) ?? [];
        return named.split(',').map((each) => each.trim());
      };
      const long = 'oneNameThatIsSoLongThatNoLabelOfANamedNumberCouldHoldIt';
      assert.deepEqual(numbers('signetOddColour'), [
        'aB2(-7)',
        'aB(0)',
        'aB3(300)',
        'mlaut(301)',
        'aB22(302)',
        'v(303)',
        'v2(304)',
        `${long}(305)`,
        `${long.slice(0, -2)}AsWell(306)`,
      ]);
      assert.match(text, /DEFVAL\s+\{ aB3 \}/u);
      assert.deepEqual(numbers('signetOddMarks'), ['unused2(0)', 'aB(1)', 'aB2(2)', 'unused(3)']);
    },
  );

  test('snmptranslate resolves every object to its OID', skipOf('snmptranslate'), async () => {
    const directory = await temporaryDirectory({ after });
    for (const module of mibModules(schema)) {
      const name = mibModuleName(module);
      await writeFile(join(directory, `${name}.mib`), formatMib(schema, module)!);
      const entries = mibMap(schema, module).filter((entry) => entry.oid.startsWith('1.3.6.1.4.1.'));
      const operands = entries.map((entry) => `${name}::${entry.object}`);
      assert.deepEqual(
        await translate(directory, operands),
        entries.map((entry) => `.${entry.oid}`),
      );
    }
  });
});
