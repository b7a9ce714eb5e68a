/**
 * RFC 7951: JSON documents of published modules, of ours and of random ones, valid ones and such with a value of another kind or a
 * member of another name, get the verdict of yanglint. `npm run test:long` judges ten times as many.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  DataTree,
  decodeContent,
  encodeJson,
  InstanceIdentifier,
  type JsonValue,
  type Schema,
  Validator,
} from '../../src/yang/index.js';
import { publishedModules, repositoryRoot } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';
import { randomModules } from '../yang/random-schema.js';
import { makeDocument } from './oracle/documents.js';
import { type Modules, modulesOfYanglint, yanglintVerdicts } from './oracle/judges.js';
import { loadAsYanglint } from './oracle/oracle.js';
import { Random } from './oracle/random.js';
import { ownSets, publishedSets } from './oracle/sets.js';

const yanglint = requireTool('yanglint');
const published = publishedModules();
const factor = process.env.SIGNET_LONG === '1' ? 10 : 1;

const folder = mkdtempSync(join(tmpdir(), 'signet-json-verdicts-'));
after(() => {
  rmSync(folder, { recursive: true });
});

test('RFC 7951: JSON of random modules gets the verdict of yanglint', { skip: yanglint.skip }, async () => {
  const sample = fc.sample(randomModules(true), { seed: 31, numRuns: 6 * factor });
  for (const [index, modules] of sample.entries()) {
    const directory = mkdtempSync(join(folder, 'random-'));
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(directory, `${name}.yang`), String(text));
    await compare({ directory, implement: ['a', 'b'] }, 40, 31 + index);
  }
});

test('RFC 7951: JSON of our modules gets the verdict of yanglint', { skip: yanglint.skip }, async () => {
  const directory = await modulesOfYanglint(join(repositoryRoot(), 'schema'), folder);
  for (const [index, implement] of ownSets.entries()) await compare({ directory, implement }, 30 * factor, 61 + index);
});

test('RFC 7951: JSON of published modules gets the verdict of yanglint', {
  skip: yanglint.skip || published.skip,
}, async () => {
  const directory = await modulesOfYanglint(published.directory, folder);
  for (const [index, implement] of publishedSets.entries()) {
    if (factor === 1 && index % 3 !== 1) continue;
    await compare({ directory, implement }, 20 * factor, 91 + index);
  }
});

async function compare(modules: Modules, count: number, seed: number): Promise<void> {
  const schema = loadAsYanglint(modules);
  const validator = new Validator(schema, { view: 'all' });
  const random = new Random(seed);
  const originals = validDocuments(schema, validator, random);
  assert.ok(originals.length > 0, `no valid document of ${modules.implement.join(', ')} was found`);
  const documents = [...originals, ...Array.from({ length: count }, () => damaged(random.pick(originals), random))];
  const theirs = await yanglintVerdicts(modules, documents, 'json');
  for (const [index, document] of documents.entries()) {
    const verdict = theirs[index];
    if (verdict === undefined) continue;
    const ours = faults(schema, validator, JSON.parse(document) as JsonValue);
    if (verdict.isValid && ours.length === 1 && isHexadecimal(ours[0]!, document)) continue;
    assert.equal(
      ours.length === 0,
      verdict.isValid,
      `${ours.join('; ')} | ${verdict.messages.join('; ')} | ${document}`,
    );
  }
}

/**
 * RFC 7950 9.2.1 has hexadecimal numbers in the default values of modules only; libyang 2.1 takes them in the JSON strings of 64-bit
 * integers too.
 */
function isHexadecimal(fault: string, document: string): boolean {
  return document.includes('"0x10"') && /: expected an integer \(u?int64\)$/u.test(fault);
}

function validDocuments(schema: Schema, validator: Validator, random: Random): string[] {
  const all: string[] = [];
  for (let attempt = 0; attempt < 200 && all.length < 4; attempt++) {
    const { root } = makeDocument({ schema, validator, random });
    if (!root.isEmpty()) all.push(JSON.stringify(encodeJson(schema, schema.root, root)));
  }
  return all;
}

function faults(schema: Schema, validator: Validator, json: JsonValue): string[] {
  try {
    const root = decodeContent(schema, InstanceIdentifier.root, json, { configOnly: false });
    return validator.validate(new DataTree(schema, root as DataTree['root'])).map((error) => error.line());
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError, String((thrown as Error).stack));
    return thrown.all().map((error) => error.line());
  }
}

type Container = Record<string, unknown>;

/** One member or item gets another value or name, or goes. Inside anydata and anyxml everything is left as it is. */
function damaged(document: string, random: Random): string {
  const json = JSON.parse(document) as Container;
  const [object, key] = random.pick([...spots(json)]);
  const change = random.pick(['value', 'value', 'value', 'delete', 'rename', 'qualify', 'wrap']);
  if (change === 'value') object[key] = random.pick(values);
  else if (change === 'wrap') object[key] = [object[key]];
  else if (Array.isArray(object)) object.push(random.pick(values));
  else {
    const value = object[key];
    delete object[key];
    if (change === 'rename') object[`${key}x`] = value;
    else if (change === 'qualify') object[key.includes(':') ? key.slice(key.indexOf(':') + 1) : `a:${key}`] = value;
  }
  return JSON.stringify(json);
}

function* spots(object: Container): Iterable<readonly [object: Container, key: string]> {
  for (const [key, value] of Object.entries(object)) {
    yield [object, key];
    const isOpaque = /^(?:\w+:)?any/u.test(key) || (typeof value === 'object' && value !== null && 'x' in value);
    if (typeof value === 'object' && value !== null && !isOpaque) yield* spots(value as Container);
  }
}

const values: readonly unknown[] = [
  null, true, false, 0, 5, -1, 1.5, 300, 70_000, 5e9, '', '5', '-1', '1.50', 'true', 'x', 'a:first', ' 5 ', '0x10', '+7', '007',
  [null], [], {}, [1], ['x'], { x: 1 },
]; // biome-ignore format: a table
