/** The standard modules in schema/ say what the published ones say, in other words. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSchema } from '../../src/yang/index.js';
import { parseModuleText, type Statement } from '../../src/yang/parser.js';
import { publishedModules, repositoryRoot } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';

const published = publishedModules();
const yanglint = requireTool('yanglint');
const folder = join(repositoryRoot(), 'schema');

/** Standard modules that are here in part only, or not in the revision that is published beside. */
const partial = new Set(['ietf-snmp']);

const names = readdirSync(folder)
  .filter((file) => /^(?:ietf|iana)-.*\.yang$/u.test(file))
  .map((file) => file.slice(0, -'.yang'.length))
  .filter((name) => !partial.has(name));

for (const name of names) {
  test(`${name}: statement for statement the published module`, { skip: published.skip }, () => {
    const ours = parse(join(folder, `${name}.yang`));
    const revision = ours.text('revision') ?? '';
    const theirs = parse(join(published.directory, `${name}@${revision}.yang`));
    assert.deepEqual(facts(ours), facts(theirs));
  });

  test(`${name}: yanglint draws the tree of the published module`, { skip: published.skip || yanglint.skip }, (t) => {
    const revision = parse(join(folder, `${name}.yang`)).text('revision') ?? '';
    const draw = (directory: string, file: string): { status: number | null; signal: string | null; stdout: string } =>
      spawnSync('yanglint', ['-f', 'tree', '-p', directory, join(directory, file)], { encoding: 'utf8' });
    const [ours, theirs] = [draw(folder, `${name}.yang`), draw(published.directory, `${name}@${revision}.yang`)];
    // yanglint 2.1 crashes while it draws some published modules; then it must crash over ours as well.
    if (theirs.signal !== null) t.diagnostic(`yanglint ends by ${theirs.signal} on the published module`);
    assert.deepEqual([ours.signal, ours.status, ours.stdout], [theirs.signal, theirs.status, theirs.stdout]);
  });

  test(`${name}: no description is the published one`, { skip: published.skip }, () => {
    const ours = parse(join(folder, `${name}.yang`));
    const theirs = parse(join(published.directory, `${name}@${ours.text('revision') ?? ''}.yang`));
    const long = (text: string): boolean => text.length > 60;
    const same = texts(ours).filter((text) => long(text) && texts(theirs).includes(text));
    assert.deepEqual(same, []);
  });
}

test('all modules of schema/ compile', () => {
  assert.deepEqual(loadSchema({ directories: [folder] }).errors, []);
});

const documents: readonly (readonly [string, string, boolean])[] = [
  [
    'a rule',
    '<rule-list><name>a</name><group>*</group><rule><name>r</name><access-operations>read exec</access-operations><action>deny</action></rule></rule-list>',
    true,
  ],
  ['a rule without action', '<rule-list><name>a</name><rule><name>r</name></rule></rule-list>', false],
  ['a group that begins with an asterisk', '<groups><group><name>*x</name></group></groups>', false],
  [
    'an unknown operation',
    '<rule-list><name>a</name><rule><name>r</name><access-operations>write</access-operations><action>deny</action></rule></rule-list>',
    false,
  ],
  [
    'two cases at once',
    '<rule-list><name>a</name><rule><name>r</name><rpc-name>x</rpc-name><path>/x</path><action>deny</action></rule></rule-list>',
    false,
  ],
  ['an empty name', '<rule-list><name/></rule-list>', false],
];

for (const [name, content, valid] of documents) {
  test(`RFC 8341: yanglint judges ${name} by our ietf-netconf-acm as by the published`, {
    skip: published.skip || yanglint.skip,
  }, () => {
    const work = mkdtempSync(join(tmpdir(), 'signet-nacm-'));
    try {
      const file = join(work, 'data.xml');
      writeFileSync(file, `<nacm xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-acm">${content}</nacm>`);
      const judge = (directory: string, module: string): boolean =>
        spawnSync('yanglint', ['-t', 'config', '-p', directory, join(directory, module), file]).status === 0;
      assert.equal(judge(folder, 'ietf-netconf-acm.yang'), valid);
      assert.equal(judge(published.directory, 'ietf-netconf-acm@2018-02-14.yang'), valid);
    } finally {
      rmSync(work, { recursive: true });
    }
  });
}

function parse(file: string): Statement {
  assert.ok(existsSync(file), `${file} is missing`);
  return parseModuleText(readFileSync(file, 'utf8'), file);
}

const words = new Set(['description', 'reference', 'contact', 'organization']);

/** Everything but the words, as nested lists. */
function facts(statement: Statement): readonly unknown[] {
  const inside = statement.substatements.filter(({ keyword }) => !words.has(keyword));
  return [statement.keyword, statement.argument?.replace(/\s+/gu, ' '), ...inside.map(facts)];
}

function texts(statement: Statement): string[] {
  const own = statement.keyword === 'description' ? [statement.name.replace(/\s+/gu, ' ')] : [];
  return [...own, ...statement.substatements.flatMap(texts)];
}
