/** RFC 7950: the verdict on every published module, and on those that must be refused, is that of yanglint. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSchema } from '../../src/yang/index.js';
import { publishedModules } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';
import { refusedModules, wrapModule } from '../yang/refused-modules.js';

const yanglint = requireTool('yanglint');
const published = publishedModules();

/** Modules that need an option or another module, so that yanglint's plain verdict says nothing about RFC 7950. */
const explained: Readonly<Record<string, string>> = {
  'ietf-tls-client':
    'yanglint enables all features and finds that the if-feature of one does not hold; here a feature then just is not supported (RFC 7950 7.20.1)',
  'ietf-tls-server': 'as ietf-tls-client',
};

test('RFC 7950: each published module gets the verdict of yanglint', { skip: published.skip || yanglint.skip }, (t) => {
  const { directory } = published;
  const files = readdirSync(directory).filter((file) => file.endsWith('.yang'));
  const modules = files.filter((file) => /^\s*module\s/mu.test(readFileSync(join(directory, file), 'utf8')));
  assert.ok(modules.length > 66);
  for (const file of modules) {
    const name = file.slice(0, file.indexOf('@'));
    const oracle = spawnSync('yanglint', ['-p', directory, join(directory, file)], { encoding: 'utf8' });
    const { schema, errors } = loadSchema({ directories: [directory], implement: [name] });
    const ours = errors.length === 0 && schema.modules.has(name);
    const theirs = oracle.status === 0;
    if (ours === theirs) continue;
    assert.ok(
      ours && explained[name] !== undefined,
      `${file}: yanglint says ${oracle.stderr}, we say ${errors.map((e) => `${String(e.line)}: ${e.message}`).join('; ')}`,
    );
    t.diagnostic(`${name}: ${explained[name]}`);
  }
});

test('RFC 7950: all published modules compile together, but for the one that lacks an import', {
  skip: published.skip,
}, () => {
  const { schema, errors } = loadSchema({ directories: [published.directory] });
  assert.deepEqual(
    errors.map(({ module, line, message }) => ({ module, line, message })),
    [{ module: 'ietf-sztp-csr', line: 18, message: "imported module 'ietf-ztp-types' is not found" }],
  );
  assert.equal(schema.modules.size, 66);
});

test('RFC 7950: what we refuse yanglint refuses too', { skip: yanglint.skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-modules-'));
  try {
    const file = join(folder, 'm.yang');
    for (const { name, body, version, yanglintAccepts } of refusedModules) {
      writeFileSync(file, wrapModule(body, version));
      const { status } = spawnSync('yanglint', [file], { encoding: 'utf8' });
      assert.equal(status === 0, yanglintAccepts !== undefined, `${name}: ${yanglintAccepts ?? 'yanglint takes it'}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.ok(!existsSync(folder));
});
