/** RFC 7950: small modules, right ones and wrong ones, get the verdict of yanglint, or another that the RFC's text decides. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadSchema } from '../../src/yang/index.js';
import { requireTool } from '../support/tools.js';
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
