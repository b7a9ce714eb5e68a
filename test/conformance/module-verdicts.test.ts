/** RFC 7950: small modules, right ones and wrong ones, get the verdict of yanglint, or another that the RFC's text decides. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadSchema } from '../../src/yang/index.js';
import { requireTool } from '../support/tools.js';
import { deviatedModule, deviationProbes, submoduleProbes } from './deviation-probes.js';
import { moduleProbes } from './module-probes.js';

const yanglint = requireTool('yanglint');
const folder = mkdtempSync(join(tmpdir(), 'signet-probes-'));
after(() => {
  rmSync(folder, { recursive: true });
});

test('RFC 7950: each statement is taken and refused where yanglint does so', { skip: yanglint.skip }, (t) => {
  const file = join(folder, 'm.yang');
  for (const [section, name, body, { version, explained } = {}] of moduleProbes) {
    const head = `${version === '1' ? '' : 'yang-version 1.1; '}namespace "urn:m"; prefix m;`;
    const text = `module m { ${head} ${body} }`;
    writeFileSync(file, text);
    const { status, stderr } = spawnSync('yanglint', [file], { encoding: 'utf8' });
    const { errors } = loadSchema({ files: [{ name: 'm.yang', text }] });
    const told = `${section}, ${name}: we say ${errors.map(({ message }) => message).join('; ')}, yanglint ${stderr}`;
    assert.equal((errors.length === 0) === (status === 0), explained === undefined, told);
    if (explained !== undefined) t.diagnostic(`${name}: ${explained}`);
  }
});

test('RFC 7950 7.20.3: each deviation is taken and refused where yanglint does so', { skip: yanglint.skip }, (t) => {
  const place = join(folder, 'deviations');
  mkdirSync(place);
  writeFileSync(join(place, 'a@2020-01-01.yang'), deviatedModule);
  for (const [name, body, explained] of deviationProbes) {
    const text = `module d { yang-version 1.1; namespace "urn:d"; prefix d; import a { prefix a; } ${body} }`;
    writeFileSync(join(place, 'd.yang'), text);
    judge(place, ['a@2020-01-01', 'd'], ['a', 'd'], name, explained);
    if (explained !== undefined) t.diagnostic(`${name}: ${explained}`);
  }
});

test('RFC 7950 5.1, 7.1.5, 7.2: submodules and revisions as yanglint has them', { skip: yanglint.skip }, () => {
  for (const [index, [name, files]] of submoduleProbes.entries()) {
    const place = join(folder, `set-${String(index)}`);
    mkdirSync(place);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(place, `${file}.yang`), text);
    judge(place, ['m'], ['m'], name);
  }
});

function judge(
  place: string,
  files: readonly string[],
  implement: readonly string[],
  name: string,
  explained?: string,
): void {
  const paths = files.map((file) => join(place, `${file}.yang`));
  const { status, stderr } = spawnSync('yanglint', ['-p', place, ...paths], { encoding: 'utf8' });
  const { errors } = loadSchema({ directories: [place], implement });
  const told = `${name}: we say ${errors.map(({ message }) => message).join('; ')}, yanglint ${stderr}`;
  assert.equal((errors.length === 0) === (status === 0), explained === undefined, told);
}
