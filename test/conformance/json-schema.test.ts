/**
 * JSON Schema 2020-12 of the published modules and of ours: ajv in strict mode compiles it, Python's jsonschema takes it; documents
 * that are valid pass, documents of another shape do not.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  encodeJson,
  type JsonObject,
  type JsonValue,
  loadSchema,
  type Schema,
  Validator,
} from '../../src/yang/index.js';
import { moduleJsonSchema } from '../../src/yang/tools.js';
import { publishedModules, repositoryRoot } from '../support/published-modules.js';
import { run } from '../support/run.js';
import { makeDocument } from './oracle/documents.js';
import { Random } from './oracle/random.js';
import { ownSets, publishedSets } from './oracle/sets.js';

const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
const published = publishedModules();
const own = join(repositoryRoot(), 'schema');
const isLong = process.env.SIGNET_LONG === '1';
const documentsOfSet = isLong ? 40 : 4;

const hasJsonschema = await run('python3', ['-c', 'import jsonschema']).then(
  ({ status }) => status === 0,
  () => false,
);
if (!hasJsonschema && process.env.CI === 'true') {
  throw new Error('python3-jsonschema is not installed, and CI=true forbids skipping');
}
if (!hasJsonschema) console.log('skipped: python3-jsonschema is not installed');

const folder = mkdtempSync(join(tmpdir(), 'signet-json-schema-'));
after(() => {
  rmSync(folder, { recursive: true });
});

describe('JSON Schema 2020-12', () => {
  for (const { title, directory, skip, least } of [
    { title: 'each published module', directory: published.directory, skip: published.skip, least: 60 },
    { title: 'each module of the agent', directory: own, skip: false as const, least: 15 },
  ]) {
    test(`of ${title} is compiled by ajv in strict mode`, { skip }, () => {
      const { schema } = loadSchema({ directories: [directory] });
      assert.ok(schema.modules.size >= least);
      for (const module of schema.modules.values()) {
        const ajv = new Ajv2020({ strict: true, code: { optimize: false } });
        const jsonSchema = moduleJsonSchema(schema, module);
        assert.ok(ajv.validateSchema(jsonSchema), `${module.name}: ${JSON.stringify(ajv.errors)}`);
        assert.doesNotThrow(() => ajv.compile(jsonSchema), module.name);
      }
    });
  }

  const sets = [
    ...publishedSets
      .filter((_, index) => isLong || index % 3 === 0)
      .map((implement) => ({ directory: published.directory, implement, skip: published.skip })),
    ...ownSets.map((implement) => ({ directory: own, implement, skip: false as const })),
  ];
  for (const [index, { directory, implement, skip }] of sets.entries()) {
    test(`of ${implement.join(', ')} takes valid documents, and none of another shape`, { skip }, async () => {
      const { schema } = loadSchema({ directories: [directory], implement });
      const jsonSchema = moduleJsonSchema(schema);
      const validate = new Ajv2020({ strict: true, code: { optimize: false } }).compile(jsonSchema);
      const random = new Random(20_261_127 + index);
      const documents = makeDocuments(schema, random);
      let mutated = 0;
      for (const document of documents) {
        assert.ok(validate(document), `${JSON.stringify(validate.errors?.[0])} in ${JSON.stringify(document)}`);
        for (const { change, wrong } of misshapen(document, random)) {
          assert.ok(!validate(wrong), `${change}: ${JSON.stringify(wrong)}`);
          mutated++;
        }
      }
      assert.ok(documents.length > 0 && mutated > 0, 'nothing was judged');
      if (hasJsonschema) await judgeByPython(jsonSchema, documents, random);
    });
  }
});

function makeDocuments(schema: Schema, random: Random): JsonObject[] {
  const validator = new Validator(schema, { view: 'all' });
  const all = Array.from({ length: documentsOfSet }, () => {
    const tree = makeDocument({ schema, validator, random });
    return encodeJson(schema, schema.root, tree.root) as JsonObject;
  });
  return all.filter((document) => Object.keys(document).length > 0);
}

interface Misshapen {
  readonly change: string;
  readonly wrong: JsonObject;
}

/** One change at some object of the document: a member that is not there, its value of a kind that nothing has, or without its module. */
function misshapen(document: JsonObject, random: Random): Misshapen[] {
  const change = (how: string, work: (object: Record<string, JsonValue>) => void): Misshapen => {
    const wrong = structuredClone(document) as Record<string, JsonValue>;
    const objects = [...objectsIn(wrong)];
    work(random.pick(objects));
    return { change: how, wrong };
  };
  const top = Object.keys(document)[0]!;
  return [
    change('an unknown member', (object) => {
      object['no-such-node'] = 1;
    }),
    change('a member of an unknown module', (object) => {
      object['no-such-module:node'] = {};
    }),
    change('a value of no kind', (object) => {
      object[Object.keys(object)[0] ?? 'x'] = [[{ x: null }]];
    }),
    { change: 'a top-level member without its module', wrong: { [top.slice(top.indexOf(':') + 1)]: document[top]! } },
    { change: 'a scalar at the top', wrong: { [top]: 'x' } },
  ];
}

/** Objects with members of the schema: not what anydata holds, which the generator makes `{"x":"y"}`. */
function* objectsIn(value: JsonValue): Iterable<Record<string, JsonValue>> {
  if (Array.isArray(value)) for (const each of value as readonly JsonValue[]) yield* objectsIn(each);
  else if (typeof value === 'object' && value !== null) {
    if (Object.keys(value).join() === 'x') return;
    yield value as Record<string, JsonValue>;
    for (const each of Object.values(value as JsonObject)) yield* objectsIn(each);
  }
}

/** The same verdicts; patterns with Unicode categories, which Python's regular expressions do not know, are left out there. */
async function judgeByPython(jsonSchema: JsonObject, documents: readonly JsonObject[], random: Random): Promise<void> {
  const file = join(folder, 'judge.json');
  const wrong = documents.flatMap((document) => misshapen(document, random).map((each) => each.wrong));
  const isForeign = (key: string, value: unknown) => key === 'pattern' && /\\p\{|\\P\{|\\u\{/u.test(String(value));
  const work = { schema: jsonSchema, right: documents, wrong };
  writeFileSync(
    file,
    JSON.stringify(work, (key, value: unknown) => (isForeign(key, value) ? undefined : value)),
  );
  const { status, stdout, stderr } = await run('python3', ['-c', python, file]);
  assert.equal(status, 0, stderr);
  const verdicts = JSON.parse(stdout) as { right: (string | null)[]; wrong: (string | null)[] };
  for (const [index, verdict] of verdicts.right.entries()) {
    assert.equal(verdict, null, JSON.stringify(documents[index]));
  }
  for (const [index, verdict] of verdicts.wrong.entries()) {
    assert.notEqual(verdict, null, JSON.stringify(wrong[index]));
  }
}

const python = `
import json, sys
from jsonschema import Draft202012Validator
work = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(work['schema'])
judge = Draft202012Validator(work['schema'])
def verdict(document):
    error = next(judge.iter_errors(document), None)
    return None if error is None else error.message[:200]
print(json.dumps({kind: [verdict(each) for each in work[kind]] for kind in ('right', 'wrong')}))
`;
