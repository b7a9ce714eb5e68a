/** The module compiler: what RFC 7950 refuses, each with its place. What it makes of good modules is in compile-schema.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSchema } from '../../src/yang/index.js';
import { refusedModules, wrapModule } from './refused-modules.js';

for (const { name, body, error, version } of refusedModules) {
  test(`refused: ${name}`, () => {
    const { schema, errors } = loadSchema({ files: [{ name: 'm.yang', text: wrapModule(body, version) }] });
    const lines = errors.map((e) => `${String(e.line)}:${String(e.column)} ${e.message}`);
    const place = error.endsWith(' *') ? error.slice(0, -1) : undefined;
    assert.ok(
      lines.some((line) => (place === undefined ? line === error : line.startsWith(place))),
      `expected ${error}, got ${lines.join('; ')}`,
    );
    assert.ok(errors.every((e) => e.file === 'm.yang' && e.module === 'm'));
    assert.equal(schema.modules.size, 0, 'the module is left out');
  });
}
